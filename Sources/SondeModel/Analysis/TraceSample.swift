// SPDX-License-Identifier: Apache-2.0
// Which traces an answer about many rests on.

package struct TraceSample: Hashable, Sendable {
    /// Traces that were read in full.
    package var used = 0
    package var spans = 0
    /// Traces that match the question.
    package var matched = Total(0, isExact: true)
    /// The starts of the earliest and the latest of those read; nil if none was.
    package var earliest: Timestamp?
    package var latest: Timestamp?
    /// Why not all that match were read, as a sentence; nil if all were.
    package var partialReason: String?

    package init() {}

    package mutating func count(_ trace: Trace) {
        used += 1
        spans += trace.spans.count
        let start = trace.start
        earliest = min(earliest ?? start, start)
        latest = max(latest ?? start, start)
    }
}
