// SPDX-License-Identifier: Apache-2.0
// One kind of failure across many traces.

/// Failures with one ``ErrorSignature``, counted at their origins only: what reports on them higher up does not count.
package struct ErrorFingerprint: Hashable, Sendable {
    package var signature = ErrorSignature()
    /// Spans in which it began, and traces that have such a span.
    package var count = 0
    package var traceCount = 0
    /// Traces whose main root failed because of it.
    package var failedTraceCount = 0
    package var firstSeen = Timestamp.zero
    package var lastSeen = Timestamp.zero
    /// The latest.
    package var sampleTrace = TraceID.zero
    package var sampleSpan = SpanID.zero
    /// The message and the innermost frame of the sample.
    package var sampleMessage = ""
    package var stackTop = ""

    package init() {}

    /// A short name that stays the same from run to run: 16 hex digits.
    package var id: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in [signature.service, signature.operation, signature.type, signature.message] {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        return Hex.text(hash)
    }
}
