// SPDX-License-Identifier: Apache-2.0
// Traces one after the other as one document of a format, so that only one of them need be in memory. What stands
// around them is written with the first and by `end`.

import SondeModel
import SondeWire

extension TelemetryFormat {
    var what: String {
        switch self {
        case .otlp: "OTLP in JSON"
        case .otlpLines: "OTLP in JSON, one trace a line"
        case .otlpProtobuf: "OTLP in protobuf"
        case .jaeger: "Jaeger's JSON"
        case .zipkin: "Zipkin's JSON (v2)"
        }
    }
}

struct ExportDocument {
    let format: TelemetryFormat
    /// Whether there can be but one trace: Zipkin has a form of its own for it.
    let isSingle: Bool
    private var isFirst = true

    init(format: TelemetryFormat, isSingle: Bool) {
        self.format = format
        self.isSingle = isSingle
    }

    /// The next trace, with all that must stand before it.
    mutating func add(_ trace: Trace) -> [UInt8] {
        defer { isFirst = false }
        switch format {
        case .otlp: return next("{\"resourceSpans\":[", Self.elements(OTLPJSON.traces(trace.spans)))
        case .otlpLines: return OTLPJSON.traces(trace.spans) + Self.newline
        case .otlpProtobuf: return OTLPEncoder.traces(trace.spans)
        case .jaeger:
            var list = JaegerJSON.TraceList()
            list.append(trace)
            return next("{\"data\":[", Self.elements(list.finished()))
        case .zipkin:
            let spans = ZipkinJSON.encode(trace.spans)
            return isSingle ? spans : next("[", spans[...])
        }
    }

    /// Log records as a line of their own, as the OpenTelemetry Collector writes both signals into one file.
    func add(_ logs: [LogRecord]) -> [UInt8] { logs.isEmpty ? [] : OTLPJSON.logs(logs) + Self.newline }

    /// What stands behind the last trace.
    func end() -> [UInt8] {
        switch format {
        case .otlp: Array("]}\n".utf8)
        case .jaeger: Array("],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}\n".utf8)
        case .zipkin: isSingle ? Self.newline : Array("]\n".utf8)
        case .otlpLines, .otlpProtobuf: []
        }
    }

    private func next(_ opening: String, _ elements: ArraySlice<UInt8>) -> [UInt8] {
        Array((isFirst ? opening : ",\n").utf8) + elements
    }

    /// What stands inside the document's list.
    private static func elements(_ document: [UInt8]) -> ArraySlice<UInt8> {
        guard let list = JSONLines.firstArray(of: document) else {
            preconditionFailure("a document of traces has a list")
        }
        return list.dropFirst().dropLast()
    }

    private static let newline = [UInt8(ascii: "\n")]
}
