// SPDX-License-Identifier: Apache-2.0
// A file of OTLP protobuf cut at its outermost fields, each of which is a request by itself: one ResourceSpans or
// ResourceLogs. The OpenTelemetry Collector's file exporter puts the length of each message in four bytes before it.

struct ProtobufPieces: Sendable {
    var input: PieceInput
    private var count = 0
    /// Whether lengths stand before messages; nil before the first byte was seen.
    private var isFramed: Bool?
    private var hasEnded = false

    init(input: PieceInput) { self.input = input }

    mutating func next(isFinished: Bool) -> TelemetryPieces.Step {
        guard !hasEnded else { return .end }
        if input.start > input.bytes.count / 2 { _ = input.compact() }
        let bytes = input.unread
        guard let first = bytes.first else { return isFinished ? .end : .needsMore }
        // No field has the number 0, so no message begins with what the length of a shorter one than 16 MB begins with.
        let isFramed = isFramed ?? (first == 0)
        self.isFramed = isFramed
        switch isFramed ? Self.frame(bytes) : Self.field(bytes) {
        case .whole(let header, let length):
            guard length <= input.maxPieceBytes else {
                return flaw("it has \(length) bytes, the limit is \(input.maxPieceBytes)")
            }
            guard bytes.count >= header + length else { return isFinished ? cutShort : .needsMore }
            count += 1
            let taken = input.take(upTo: bytes.startIndex + header + length)
            return .piece(
                TelemetryPiece(
                    bytes: Array(isFramed ? taken.dropFirst(header) : taken),
                    place: TelemetryPlace(line: 0, piece: count), content: .protobuf))
        case .cut: return isFinished ? cutShort : .needsMore
        case .foreign: return flaw("it is not a message of OTLP")
        }
    }

    private enum Head {
        /// Bytes before the content, bytes of content.
        case whole(Int, Int)
        case cut
        case foreign
    }

    private static func frame(_ bytes: ArraySlice<UInt8>) -> Head {
        guard bytes.count >= 4 else { return .cut }
        return .whole(4, bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) })
    }

    /// The field `resource_spans` or `resource_logs`: number 1, with a length.
    private static func field(_ bytes: ArraySlice<UInt8>) -> Head {
        guard bytes.first == 0x0A else { return .foreign }
        var length = 0
        for (index, byte) in bytes.dropFirst().prefix(5).enumerated() {
            length |= Int(byte & 0x7F) << (7 * index)
            if byte < 0x80 { return .whole(index + 2, length) }
        }
        return bytes.count > 5 ? .foreign : .cut
    }

    private var cutShort: TelemetryPieces.Step {
        mutating get { flaw("the file ends in the middle of it") }
    }

    /// Where one message ends is where the next begins, so a flaw in this is the end.
    private mutating func flaw(_ reason: String) -> TelemetryPieces.Step {
        hasEnded = true
        count += 1
        return .flaw(
            TelemetryFlaw(place: TelemetryPlace(line: 0, piece: count), reason: reason, endsFile: true))
    }
}
