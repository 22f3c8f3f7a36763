// SPDX-License-Identifier: Apache-2.0
// Files cut into pieces: what is torn costs itself, what is whole comes out wherever the bytes happen to be split.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeWire

@Suite("Telemetry pieces")
struct TelemetryPiecesTests {
    /// What comes of `bytes` given in portions of `size`, flaws as `line N: reason`.
    private func cut(
        _ bytes: [UInt8], format: TelemetryFormat? = nil, limit: Int? = nil, size: Int = .max
    ) -> (pieces: [TelemetryPiece], flaws: [String]) {
        var cutter = TelemetryPieces(format: format, maxPieceBytes: limit)
        var pieces: [TelemetryPiece] = []
        var flaws: [String] = []
        var rest = bytes[...]
        while true {
            switch cutter.next() {
            case .piece(let piece): pieces.append(piece)
            case .flaw(let flaw): flaws.append("\(flaw.place): \(flaw.reason)")
            case .needsMore where rest.isEmpty: cutter.finish()
            case .needsMore:
                cutter.append(rest.prefix(size))
                rest = rest.dropFirst(min(size, rest.count))
            case .end: return (pieces, flaws)
            }
        }
    }

    private func cut(
        _ text: String, format: TelemetryFormat? = nil, limit: Int? = nil
    ) -> (
        texts: [String], flaws: [String]
    ) {
        let whole = cut(Array(text.utf8), format: format, limit: limit)
        for size in [1, 2, 3, 7] {
            let parts = cut(Array(text.utf8), format: format, limit: limit, size: size)
            #expect(parts.pieces == whole.pieces, "in portions of \(size)")
            #expect(parts.flaws == whole.flaws, "in portions of \(size)")
        }
        return (whole.pieces.map { String(decoding: $0.bytes, as: UTF8.self) }, whole.flaws)
    }

    // MARK: Damaged

    @Test func aBadLineCostsItself() {
        let (texts, flaws) = cut("{\"a\":1}\n{\"b\":\nnonsense\n\n{\"c\":3}")
        #expect(texts == ["{\"a\":1}", "{\"b\":", "nonsense", "{\"c\":3}"])
        #expect(flaws.isEmpty, "whoever decodes a piece finds its flaws")
    }

    @Test(arguments: [#"{"a":[{"b":1},"#, #"{"a":[{"b""#, #"{"a":[{"b":"cut"#, #"{"a":[{"b":1}"#, #"{"a":{"b":1}"#])
    func aTornFirstLineCostsItself(torn: String) {
        let (texts, flaws) = cut(torn + "\n{\"resourceLogs\":[]}\n{\"y\":2}\n")
        #expect(texts == ["{\"resourceLogs\":[]}", "{\"y\":2}"])
        #expect(flaws == ["line 1: the line ends in the middle of a value"])
    }

    @Test func aTornFirstLineKeepsTheElementsThatWereWhole() {
        let (texts, flaws) = cut("{\"resourceSpans\":[{\"a\":1},{\"b\":\n{\"resourceSpans\":[]}\n")
        #expect(texts == ["{\"a\":1}", "{\"resourceSpans\":[]}"])
        #expect(flaws == ["line 1: the line ends in the middle of a value"])
    }

    @Test(arguments: [
        ("{\n \"data\": [\n  {\"a\": 1},\n  {\"b\": ", ["{\"a\": 1}"], "line 4: the file ends in the middle of it"),
        ("[{\"a\":1},{\"b\":1]]", ["{\"a\":1}"], "line 1: its brackets don't match"),
        ("{\n\"a\": \"x\n\"}", [], "line 2: a string has no end"), ("12", [], "line 1: expected an object or an array"),
        ("\"text\"", [], "line 1: expected an object or an array"), ("]", [], "line 1: its brackets don't match"),
        (String(repeating: "[", count: 5_000), [], "line 1: it nests deeper than 4096 levels"),
    ])
    func aFlawInTheStructureEndsTheFile(text: String, wanted: [String], flaw: String) {
        let (texts, flaws) = cut(text)
        #expect(texts == wanted && flaws == [flaw])
    }

    @Test func elementsThatAreNoneCostThemselves() {
        let (texts, flaws) = cut(#"{"data":[1,{"a":1},null,"x",{"b":[true]}],"limit":0}"#)
        #expect(texts == [#"{"a":1}"#, #"{"b":[true]}"#])
        #expect(flaws == Array(repeating: "line 1: expected an object or an array", count: 3))
    }

    @Test func whatIsTooLargeCostsItself() {
        let large = "{\"a\":\"" + String(repeating: "x", count: 100) + "\"}"
        let lines = cut("{\"b\":1}\n\(large)\n{\"c\":1}\n", limit: 50)
        #expect(lines.texts == ["{\"b\":1}", "{\"c\":1}"])
        #expect(lines.flaws == ["line 2: it is larger than 50 bytes"])
        let elements = cut("[{\"b\":1},\n\(large),\n{\"c\":1}]", limit: 50)
        #expect(elements.texts == lines.texts && elements.flaws == lines.flaws)
    }

    @Test func aCutProtobufFileSaysSo() {
        let bytes = OTLPEncoder.traces([.sample(1)])
        let (pieces, flaws) = cut(bytes + bytes.dropLast(5))
        #expect(pieces.map(\.bytes) == [bytes])
        #expect(flaws == ["message 2: the file ends in the middle of it"])
        #expect(cut(bytes, limit: 10).flaws == ["message 1: it has \(bytes.count - 2) bytes, the limit is 10"])
        #expect(cut([0x12, 0, 1, 2, 3]).flaws == ["message 1: it is not a message of OTLP"])
        #expect(cut([0, 0]).flaws == ["message 1: the file ends in the middle of it"])
    }

    // MARK: Whole

    @Test func nothingHasNoPieces() {
        for text in ["", " \n\n ", "{\"data\":[]}", "[]", "{\"data\":null,\"errors\":[]}\n"] {
            #expect(cut(text).flaws.isEmpty, "\(text)")
        }
        #expect(cut("[]").texts.isEmpty && cut("").texts.isEmpty)
    }

    @Test(arguments: [
        ("{\"resourceSpans\":[{\"a\":[1,\"]\"]},{\"b\":{}}],\"x\":[{}]}", ["{\"a\":[1,\"]\"]}", "{\"b\":{}}"]),
        (
            "{\n  \"x\": {\"data\": [1]},\n  \"data\" : [\n {\"a\": \"\\\"}\"}\n , {}\n]\n}\n",
            ["{\"a\": \"\\\"}\"}", "{}"]
        ),
        ("{\"result\":{\"resourceSpans\":[{\"a\":1}]}}", ["{\"a\":1}"]),
        ("{\"resourceSpans\":[{\"a\":1}],\"resourceLogs\":[{\"b\":1}]}", ["{\"a\":1}", "{\"b\":1}"]),
        ("{\"traceID\":\"1\",\n\"spans\":[{}]}", ["{\"traceID\":\"1\",\n\"spans\":[{}]}"]),
        ("[[{\"a\":1},{}],\n[]]", ["[{\"a\":1},{}]", "[]"]),
        ("[\n{\"a\":1},\n{\"b\":1}\n]", ["{\"a\":1}", "{\"b\":1}"]),
        ("{\"resourceSpans\":[{\"resource\":{}},\n{\"resource\":1}\n]}", ["{\"resource\":{}}", "{\"resource\":1}"]),
        ("\u{FEFF}[{}]", ["{}"]), ("{\n}\n{\n}", ["{\n}", "{\n}"]), ("[{}]\n[{}]\n", ["{}", "[{}]"]),
        ("{\"a\":1}\r\n  {\"b\":1}\r\n", ["{\"a\":1}", "{\"b\":1}\r"]),
    ])
    func piecesAreWhatTheyAre(text: String, wanted: [String]) {
        let (texts, flaws) = cut(text)
        #expect(texts == wanted)
        #expect(flaws.isEmpty)
    }

    @Test func protobufIsToldFromText() {
        let bytes = OTLPEncoder.traces([.sample(1), .sample(2, service: "users")])
        for size in [1, 5, 1_000] {
            let (pieces, flaws) = cut(bytes, size: size)
            #expect(pieces.count == 2 && flaws.isEmpty)
            #expect(pieces.flatMap(\.bytes) == bytes)
        }
        let framed = [0, 0, UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
        #expect(cut(framed + framed, size: 3).pieces.map(\.bytes) == [bytes, bytes])
    }

    // MARK: Decoded

    @Test func everyFormatIsRecognised() throws {
        let span = SpanRecord.sample(1)
        let log = LogRecord.sample("hello")
        let trace = Trace(id: span.traceID, assembling: [span])
        var jaeger = JaegerJSON.TraceList()
        jaeger.append(trace)
        let spans: [[UInt8]] = [
            OTLPJSON.traces([span]), OTLPEncoder.traces([span]), jaeger.finished(), ZipkinJSON.encode([span]),
            Array("[".utf8) + ZipkinJSON.encode([span]) + Array("]".utf8),
            Array("{\"result\":".utf8) + OTLPJSON.traces([span]) + Array("}".utf8),
        ]
        for bytes in spans {
            let decoded = try cut(bytes).pieces.map { try $0.decoded() }
            #expect(decoded.flatMap { $0.spans.batch.entries.map(\.spanID) } == [span.spanID])
        }
        for bytes in [OTLPJSON.logs([log]), OTLPEncoder.logs([log])] {
            let decoded = try cut(bytes).pieces.map { try $0.decoded() }
            #expect(try decoded.flatMap { try $0.logs.batch.records() } == [log])
        }
        let lines = OTLPJSON.traces([span]) + Array("\n".utf8) + OTLPJSON.logs([log])
        let decoded = try cut(lines).pieces.map { try $0.decoded() }
        #expect(decoded.map(\.spans.batch.count) == [1, 0] && decoded.map(\.logs.batch.count) == [0, 1])
    }

    @Test func metricsAreCounted() throws {
        let json = #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{},{}]}}]}]}]}"#
        #expect(cut(json).texts.count == 1)
        #expect(try cut(Array(json.utf8)).pieces.map { try $0.decoded().metricPoints } == [2])
    }

    @Test func somethingElseIsRefusedWithWhatWasExpected() {
        #expect {
            for piece in cut(Array(#"{"hello":"world"}"#.utf8)).pieces { _ = try piece.decoded() }
        } throws: { ($0 as? DecodeError)?.message.contains("expected OTLP") == true }
    }
}
