// SPDX-License-Identifier: Apache-2.0
// The backend of swift-log: one JSON object a line, and the same record for export. Both carry the ids of the span in
// which the log was made.
//
//   {"time":"…Z","level":"info","message":"…","logger":"…","service.name":"…","trace_id":"…","span_id":"…",
//    "attributes":{…}}

public import Logging
import SondeModel
import SondeWire
import Tracing

/// Writes log records as JSON lines. `Telemetry` makes them; a service only uses `Logger`.
public struct JSONLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    let label: String
    let pipeline: LogPipeline
    /// Off for the exporter's own logs: what is wrong with exporting must not be exported.
    var isExported = true

    init(label: String, level: Logger.Level, provider: Logger.MetadataProvider?, pipeline: LogPipeline) {
        self.label = label
        self.logLevel = level
        self.metadataProvider = provider
        self.pipeline = pipeline
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let record = LogLine(
            time: Timestamp(nanoseconds: DefaultTracerClock.now.nanosecondsSinceEpoch), level: event.level,
            message: event.message.description, label: label, trace: ServiceContext.current?.trace,
            attributes: attributes(of: event))
        pipeline.write(record, isExported: isExported)
    }

    /// Handler, provider, event: the later wins. Sorted, so that equal records give equal lines.
    private func attributes(of event: LogEvent) -> [(key: String, value: Logger.MetadataValue)] {
        var merged = metadata
        if let provided = metadataProvider?.get(), !provided.isEmpty {
            merged.merge(provided) { _, new in new }
        }
        if let own = event.metadata, !own.isEmpty { merged.merge(own) { _, new in new } }
        if let error = event.error {
            merged["exception.type"] = .string(String(reflecting: type(of: error)))
            merged["exception.message"] = .string("\(error)")
        }
        return merged.map { (key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }
}

/// One log record before it is written.
struct LogLine: Sendable {
    var time: Timestamp
    var level: Logger.Level
    var message: String
    var label: String
    var trace: TraceContext?
    var attributes: [(key: String, value: Logger.MetadataValue)]
}

extension Logger.Level {
    /// The number of OpenTelemetry's log data model.
    var severityNumber: UInt64 {
        switch self {
        case .trace: 1
        case .debug: 5
        case .info: 9
        case .notice: 10
        case .warning: 13
        case .error: 17
        case .critical: 21
        }
    }
}
