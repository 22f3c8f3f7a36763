// SPDX-License-Identifier: Apache-2.0
// What the analysis of a trace says about one of its spans. Declared here so that those who draw or encode trees need
// not know how it is worked out.

/// One span's part in the duration of its trace.
package struct SpanAnnotation: Hashable, Sendable {
    /// The time the span spent itself: its duration minus the time during which at least one child ran.
    package var selfNanos: UInt64
    /// Whether some stretch of this span decided when its root ended.
    package var isOnCriticalPath: Bool
    /// What was added to the span's own times to place it inside its parent, because two clocks disagree; zero for most.
    package var adjustmentNanos: Int64

    package init(selfNanos: UInt64, isOnCriticalPath: Bool, adjustmentNanos: Int64 = 0) {
        self.selfNanos = selfNanos
        self.isOnCriticalPath = isOnCriticalPath
        self.adjustmentNanos = adjustmentNanos
    }
}
