// SPDX-License-Identifier: Apache-2.0
// The `traceparent` header of W3C Trace Context level 2, parsed and printed.
//
//   00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03
//   version · trace-id · parent-id · trace-flags (bit 0 sampled, bit 1 random)
//
// https://www.w3.org/TR/trace-context-2/#traceparent-header

package import SondeModel

/// What `traceparent` says about the caller's span.
package struct TraceParent: Hashable, Sendable {
    package var traceID: TraceID
    /// The caller's span.
    package var spanID: SpanID
    package var flags: TraceFlags

    package init(traceID: TraceID, spanID: SpanID, flags: TraceFlags) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
    }

    @inlinable package static var header: String { "traceparent" }

    /// Reads a header value; nil if the specification calls it invalid, in which case the trace starts anew.
    ///
    /// Higher versions than 00 are read by their first four fields, as "versioning of traceparent" demands; version ff,
    /// upper-case digits and all-zero ids are invalid. Blanks around the value, which HTTP ignores, are ignored here too.
    package init?(_ header: String) {
        var header = header
        guard let parent = header.withUTF8({ Self.parse($0) }) else { return nil }
        self = parent
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> TraceParent? {
        var start = 0
        var end = bytes.count
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return parse(digits: UnsafeBufferPointer(rebasing: bytes[start..<end]))
    }

    private static func parse(digits: UnsafeBufferPointer<UInt8>) -> TraceParent? {
        let dash = UInt8(ascii: "-")
        guard digits.count >= 55, digits[2] == dash, digits[35] == dash, digits[52] == dash,
            let version = HexWord.pair(digits[0], digits[1]), version != 0xFF,
            digits.count == 55 || (version > 0 && digits[55] == dash),
            let high = HexWord.value(digits, at: 3), let low = HexWord.value(digits, at: 19),
            let span = HexWord.value(digits, at: 36), let flags = HexWord.pair(digits[53], digits[54]),
            high | low != 0, span != 0
        else { return nil }
        return TraceParent(
            traceID: TraceID(high: high, low: low), spanID: SpanID(span),
            flags: TraceFlags(rawValue: flags).intersection(.known))
    }

    /// The header value, always version 00.
    package var text: String {
        String(unsafeUninitializedCapacity: 55) { buffer in
            let dash = UInt8(ascii: "-")
            buffer[0] = 0x30
            buffer[1] = 0x30
            buffer[2] = dash
            HexWord.write(traceID.high, to: buffer, at: 3)
            HexWord.write(traceID.low, to: buffer, at: 19)
            buffer[35] = dash
            HexWord.write(spanID.value, to: buffer, at: 36)
            buffer[52] = dash
            buffer[53] = HexWord.digit(flags.rawValue >> 4)
            buffer[54] = HexWord.digit(flags.rawValue & 15)
            return 55
        }
    }
}

/// The eight `trace-flags` bits.
package struct TraceFlags: OptionSet, Hashable, Sendable {
    package var rawValue: UInt8

    @inlinable
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The caller may have recorded this trace.
    package static let sampled = TraceFlags(rawValue: 0x01)
    /// The right-most seven bytes of the trace id are random.
    package static let random = TraceFlags(rawValue: 0x02)
    /// The bits this version defines. "All other bits MUST be set to zero" by whoever sends them on.
    package static let known: TraceFlags = [.sampled, .random]
}
