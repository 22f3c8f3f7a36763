// SPDX-License-Identifier: Apache-2.0
// What the analysis of a trace says about one of its spans. Declared here so that those who draw or encode trees need
// not know how it is worked out.

/// One span's part in the duration of its trace.
package struct SpanAnnotation: Hashable, Sendable {
    /// The time the span spent itself: its duration minus the time during which at least one child ran.
    package var selfNanos: UInt64
    /// Whether some stretch of this span decided when its root ended.
    package var isOnCriticalPath: Bool

    package init(selfNanos: UInt64, isOnCriticalPath: Bool) {
        self.selfNanos = selfNanos
        self.isOnCriticalPath = isOnCriticalPath
    }
}
