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

    /// Reads a header value; nil if the specification calls it invalid, in which case the trace starts anew.
    ///
    /// Higher versions than 00 are read by their first four fields, as "versioning of traceparent" demands; version ff,
    /// upper-case digits and all-zero ids are invalid. Blanks around the value, which HTTP ignores, are ignored here too.
    package init?(_ header: some StringProtocol) {
        var bytes = Array(header.utf8)[...]
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        self.init(digits: Array(bytes))
    }

    private init?(digits: [UInt8]) {
        let dash = UInt8(ascii: "-")
        guard digits.count >= 55, digits[2] == dash, digits[35] == dash, digits[52] == dash,
            let version = Self.lowercaseHex(digits[0..<2]), version != 0xFF,
            digits.count == 55 || (version > 0 && digits[55] == dash),
            let high = Self.lowercaseHex(digits[3..<19]), let low = Self.lowercaseHex(digits[19..<35]),
            let span = Self.lowercaseHex(digits[36..<52]), let flags = Self.lowercaseHex(digits[53..<55])
        else { return nil }
        traceID = TraceID(high: high, low: low)
        spanID = SpanID(span)
        self.flags = TraceFlags(rawValue: UInt8(truncatingIfNeeded: flags)).intersection(.known)
        guard traceID.isValid, spanID.isValid else { return nil }
    }

    /// The header value, always version 00.
    package var text: String {
        String(unsafeUninitializedCapacity: 55) { buffer in
            let dash = UInt8(ascii: "-")
            buffer[0] = 0x30
            buffer[1] = 0x30
            buffer[2] = dash
            Self.write(traceID.high, digits: 16, to: buffer, at: 3)
            Self.write(traceID.low, digits: 16, to: buffer, at: 19)
            buffer[35] = dash
            Self.write(spanID.value, digits: 16, to: buffer, at: 36)
            buffer[52] = dash
            Self.write(UInt64(flags.rawValue), digits: 2, to: buffer, at: 53)
            return 55
        }
    }

    private static func write(
        _ value: UInt64, digits: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        for place in 0..<digits {
            let nibble = Int(truncatingIfNeeded: value >> UInt64(4 * (digits - 1 - place))) & 15
            buffer[start + place] = Hex.digits[nibble]
        }
    }

    private static func lowercaseHex(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.contains(where: { (0x41...0x46).contains($0) }) else { return nil }
        return Hex.value(of: digits)
    }
}

/// The eight `trace-flags` bits.
package struct TraceFlags: OptionSet, Hashable, Sendable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The caller may have recorded this trace.
    package static let sampled = TraceFlags(rawValue: 0x01)
    /// The right-most seven bytes of the trace id are random.
    package static let random = TraceFlags(rawValue: 0x02)
    /// The bits this version defines. "All other bits MUST be set to zero" by whoever sends them on.
    package static let known: TraceFlags = [.sampled, .random]
}
