// SPDX-License-Identifier: Apache-2.0
// What tells two traces, or two groups of traces, apart. Side `a` is what is compared with, side `b` what is looked at.

/// One side's numbers at one place of the tree.
package struct PositionSide: Hashable, Sendable {
    /// Spans in all traces of the side.
    package var count = 0
    package var errorCount = 0
    package var totalNanos: UInt64 = 0
    package var selfNanos: UInt64 = 0

    package init() {}
}

/// One place of the tree, which is the path of services and operations that leads to it. Siblings of one operation
/// share a place.
package struct PositionDifference: Hashable, Sendable {
    package enum Change: String, Hashable, Sendable, CaseIterable {
        case same
        /// Side `b` only.
        case added
        /// Side `a` only.
        case removed
        /// Another number of spans, other errors, or a duration that differs by more than the usual noise.
        case changed
    }

    package var service = ""
    package var operation = ""
    package var kind = SpanKind.unspecified
    /// Index of the place above; nil at the top. Always smaller than the place's own.
    package var parent: Int?
    package var depth = 0
    package var a = PositionSide()
    package var b = PositionSide()
    package var change = Change.same

    package init() {}
}

/// An attribute value that is more frequent on one side.
package struct AttributeSeparation: Hashable, Sendable {
    /// `span`, `resource`, `event`, `link`.
    package var scope = ""
    package var key = ""
    package var value = ""
    /// Where it was seen.
    package var service = ""
    package var operation = ""
    /// Traces of each side that have it, and their part of the side, 0 to 1.
    package var countA = 0
    package var countB = 0
    package var shareA = 0.0
    package var shareB = 0.0
    /// What the two shares differ by at least, with the certainty that is asked of all values together: above 0.
    package var certainDifference = 0.0

    package init() {}
}

/// One side of a comparison.
package struct DifferenceSide: Hashable, Sendable {
    package var label = ""
    /// Traces that were looked at.
    package var traces = 0
    package var spans = 0
    package var meanNanos: UInt64 = 0
    package var p50Nanos: UInt64 = 0
    package var p95Nanos: UInt64 = 0
    /// The first, so that there is something to look at.
    package var sampleTrace: TraceID?
    /// How the traces were chosen, where a question chose them.
    package var sample: TraceSample?

    package init() {}
}

package struct TraceDifference: Hashable, Sendable {
    package var a = DifferenceSide()
    package var b = DifferenceSide()
    /// Parents before children, siblings by the time that changed.
    package var positions: [PositionDifference] = []
    /// Places that were not kept because there were too many.
    package var positionsOmitted = 0
    /// The most separating first; empty for two single traces.
    package var attributes: [AttributeSeparation] = []

    package init() {}
}
