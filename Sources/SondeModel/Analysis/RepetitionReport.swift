// SPDX-License-Identifier: Apache-2.0
// The same call again and again, over many traces.

package struct RepetitionReport: Hashable, Sendable {
    /// Who calls.
    package var callerService = ""
    package var callerOperation = ""
    /// What is called: a span's service, its name and its statement with literals collapsed.
    package var service = ""
    package var operation = ""
    package var statement = ""
    package var traceCount = 0
    /// Calls in all, and the most of one caller in one trace.
    package var count = 0
    package var maxCount = 0
    package var totalNanos: UInt64 = 0
    /// Their part of the duration of the traces that have them, on average; above 1 if they ran at the same time.
    package var traceShare = 0.0
    /// Whether it had the shape of N+1 in at least one trace.
    package var isNPlusOne = false
    /// The one with the most.
    package var sampleTrace = TraceID.zero

    package init() {}
}
