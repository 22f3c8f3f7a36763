// SPDX-License-Identifier: Apache-2.0
// A file of telemetry cut into pieces that are decoded one by one, so that a file need not fit into memory and a damaged
// part costs no more than itself. Bytes go in as they are read, pieces come out.
//
//   otlp            {"resourceSpans": [■, ■, …]}  also {"resourceLogs": …}, several of them, or inside {"result": …}
//   otlp-jsonl      ■⏎■⏎■⏎                         a line may hold what any JSON format here holds
//   otlp-protobuf   ■■■                            one ResourceSpans each; or messages with their length in 4 bytes before
//   jaeger          {"data": [■, ■]}, ■, [■, ■]    one trace each
//   zipkin          [■, ■, …]                      a span each, or an array of them

/// How telemetry is written into files. The raw value is the word in `--output` and `--format`.
package enum TelemetryFormat: String, Hashable, Sendable, CaseIterable {
    case otlp
    case otlpLines = "otlp-jsonl"
    case otlpProtobuf = "otlp-protobuf"
    case jaeger
    case zipkin
}

/// A part of a file that can be decoded by itself.
package struct TelemetryPiece: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        /// A whole JSON value that says by its members what it is.
        case value
        /// An element of a list of that name; wrapped again it is a whole value.
        case element(of: StaticName)
        /// One field of an OTLP request, or a whole one.
        case protobuf
    }

    /// The members whose elements are pieces.
    enum StaticName: String, Hashable, Sendable, CaseIterable {
        case resourceSpans, resourceLogs, resourceMetrics, data
    }

    package var bytes: [UInt8]
    package var place: TelemetryPlace
    var content: Content
}

/// Where in a file something is.
package struct TelemetryPlace: Hashable, Sendable, CustomStringConvertible {
    /// From 1; 0 in a binary file.
    package var line: Int
    /// Of the pieces in the file, from 1.
    package var piece: Int

    package var description: String { line > 0 ? "line \(line)" : "message \(piece)" }
}

/// A part of a file that is not what it should be.
package struct TelemetryFlaw: Error, Hashable, Sendable {
    package var place: TelemetryPlace
    package var reason: String
    /// Whether what follows can't be made sense of either.
    package var endsFile: Bool
}

/// Cuts one file.
///
/// `append` and `finish` bring bytes in, `next` takes pieces out until it says ``Step/needsMore``. Memory is bounded by
/// the largest piece.
package struct TelemetryPieces: Sendable {
    package enum Step: Hashable, Sendable {
        case piece(TelemetryPiece)
        case flaw(TelemetryFlaw)
        /// Bytes, or the word that there are none.
        case needsMore
        case end
    }

    private let asked: TelemetryFormat?
    private let maxPieceBytes: Int
    private var bytes: [UInt8] = []
    private var isFinished = false
    private var cutter: Cutter?

    /// What cuts, once the format is known.
    private enum Cutter: Sendable {
        case json(JSONPieces)
        case protobuf(ProtobufPieces)
        case nothing
    }

    /// - Parameter format: What the file holds; nil to tell it by its first bytes.
    package init(format: TelemetryFormat? = nil, maxPieceBytes: Int? = nil) {
        asked = format
        self.maxPieceBytes = maxPieceBytes ?? Limits.maxPieceBytes
    }

    /// Whether the file is binary; nil as long as that isn't known.
    package var isProtobuf: Bool? {
        switch cutter {
        case nil: nil
        case .protobuf: true
        case .json, .nothing: false
        }
    }

    package mutating func append(_ more: some Collection<UInt8>) {
        switch cutter {
        case nil: bytes += more
        case .json(var json):
            cutter = nil
            json.input.append(more)
            cutter = .json(json)
        case .protobuf(var protobuf):
            cutter = nil
            protobuf.input.append(more)
            cutter = .protobuf(protobuf)
        case .nothing: break
        }
    }

    /// The file ends here.
    package mutating func finish() { isFinished = true }

    package mutating func next() -> Step {
        switch cutter {
        case .json(var json):
            cutter = nil
            defer { cutter = .json(json) }
            return json.next(isFinished: isFinished)
        case .protobuf(var protobuf):
            cutter = nil
            defer { cutter = .protobuf(protobuf) }
            return protobuf.next(isFinished: isFinished)
        case .nothing: return .end
        case nil:
            guard isFinished || bytes.count >= Limits.formatSample else { return .needsMore }
            choose()
            return next()
        }
    }

    private mutating func choose() {
        var input = PieceInput(maxPieceBytes: maxPieceBytes)
        input.append(bytes)
        let isBinary = asked.map { $0 == .otlpProtobuf } ?? Self.isBinary(bytes.prefix(Limits.formatSample))
        bytes = []
        if input.bytes.isEmpty {
            cutter = .nothing
        } else if isBinary {
            cutter = .protobuf(ProtobufPieces(input: input))
        } else {
            cutter = .json(JSONPieces(input: input, hasLines: asked == .otlpLines))
        }
    }

    /// Text has no control characters but blanks; a message in protobuf has ids, lengths and tags among its first bytes.
    private static func isBinary(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.contains { $0 < 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
    }
}

/// Bytes read and not yet taken.
struct PieceInput: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Where unread bytes begin.
    private(set) var start = 0
    let maxPieceBytes: Int

    init(maxPieceBytes: Int) { self.maxPieceBytes = maxPieceBytes }

    var unread: ArraySlice<UInt8> { bytes[start...] }

    mutating func append(_ more: some Collection<UInt8>) { bytes += more }

    mutating func take(upTo end: Int) -> ArraySlice<UInt8> {
        defer { start = end }
        return bytes[start..<end]
    }

    mutating func drop(upTo end: Int) { start = end }

    /// Lets go of what has been taken; returns by how much all places have moved.
    mutating func compact() -> Int {
        defer { start = 0 }
        let moved = start
        bytes.removeSubrange(..<start)
        return moved
    }
}
