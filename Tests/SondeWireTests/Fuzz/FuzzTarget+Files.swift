// SPDX-License-Identifier: Apache-2.0
// Files: whatever stands in them, wherever they are split.

import SondeModel
import SondeTestKit

@testable import SondeWire

extension FuzzTarget {
    static let files = [
        FuzzTarget(
            name: "jaeger-json",
            seeds: { [jaeger([.sampleOfEverything(), .sample(trace: 7, 1, parent: 70, kind: .client)])] },
            words: [
                "{", "}", "[", "]", ",", "null", "true", "\"\"", "-1", "1.5", "18446744073709551", #""traceID":"1""#,
                #""spanID":"2","#, #""refType":"CHILD_OF""#, #""refType":"FOLLOWS_FROM","#, #""type":"int64","#,
                #""type":"binary","value":"AA==""#, #""key":"error""#, #""key":"event""#, #""key":"span.kind""#,
                #""processes":{"p1":{}}"#, #""startTime":1,"#, #""duration":18446744073709551,"#, #"{"data":["#,
            ]
        ) { bytes in
            guard let decoded = try? JaegerJSONDecoder.traces(bytes) else { return false }
            let records = try decoded.batch.records()
            try expect(records.count == decoded.batch.count, "every entry is a record")
            let text = jaeger(records)
            let again = try JaegerJSONDecoder.traces(text)
            try expect(again.rejectedCount == 0, "every span that was taken can be taken again")
            try expect(jaeger(try again.batch.records()) == text, "Jaeger's JSON comes back as it was")
            return true
        },
        FuzzTarget(
            name: "telemetry-pieces",
            seeds: {
                let spans = [SpanRecord.sampleOfEverything(), .sample(1)]
                let lines = OTLPJSON.traces([.sample(1)]) + [0x0A] + OTLPJSON.logs([.sample("a")]) + [0x0A]
                return [
                    OTLPJSON.traces(spans), lines, OTLPEncoder.traces(spans), jaeger(spans), ZipkinJSON.encode(spans),
                    [0, 0, 0, 2, 0x0A, 0], Array("{\n \"data\": [\n  {\"spans\": []},\n  {}\n ]\n}\n".utf8),
                ]
            },
            words: [
                "\n", "{", "}", "[", "]", ",", ":", "\"", "\\", "{\"resourceSpans\":[", "\n{\"data\":[", "\"result\":{",
                "]}\n", "{\n", "\u{FEFF}", "\u{A}\u{0}", "null",
            ]
        ) { bytes in
            let whole = cut(bytes, portions: .max)
            for portions in [1, 5, 64] {
                try expect(cut(bytes, portions: portions) == whole, "portions make no difference")
            }
            var size = 0
            for case .piece(let piece) in whole {
                size += piece.bytes.count
                _ = try? piece.decoded()
            }
            try expect(size <= bytes.count, "nothing comes out twice")
            return !whole.isEmpty
        },
        FuzzTarget(
            name: "gzip-stream",
            seeds: {
                [Gzip.compress(Array("some text".utf8)), Gzip.compress([1]) + Gzip.compress([2], level: 9)]
            },
            words: []
        ) { bytes in
            let whole = try? Gzip.inflate(bytes, limit: 100_000)
            guard bytes.count < 100 else { return whole != nil }
            try expect(inflate(bytes, portions: 3) == whole, "a stream is what the whole is")
            return whole != nil
        },
    ]

    private static func jaeger(_ spans: [SpanRecord]) -> [UInt8] {
        var list = JaegerJSON.TraceList()
        for (id, spans) in Dictionary(grouping: spans, by: \.traceID).sorted(by: { $0.key < $1.key }) {
            list.append(Trace(id: id, assembling: spans))
        }
        return list.finished()
    }

    private static func cut(_ bytes: [UInt8], portions: Int) -> [TelemetryPieces.Step] {
        var cutter = TelemetryPieces(maxPieceBytes: 5_000)
        var steps: [TelemetryPieces.Step] = []
        var rest = bytes[...]
        while true {
            switch cutter.next() {
            case .end: return steps
            case .needsMore where rest.isEmpty: cutter.finish()
            case .needsMore:
                cutter.append(rest.prefix(portions))
                rest = rest.dropFirst(min(portions, rest.count))
            case let step: steps.append(step)
            }
        }
    }

    private static func inflate(_ bytes: [UInt8], portions: Int) -> [UInt8]? {
        let stream = GzipStream()
        var output: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let part = try? stream.inflate(rest.prefix(portions)) else { return nil }
            output += part
            rest = rest.dropFirst(min(portions, rest.count))
        }
        guard (try? stream.finish()) != nil else { return nil }
        return output
    }
}
