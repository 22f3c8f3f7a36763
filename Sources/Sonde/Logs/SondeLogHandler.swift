// SPDX-License-Identifier: Apache-2.0
// The backend of swift-log: collects what belongs to a record (time, span, metadata, error) and hands it to the pipeline.

public import Logging
import SondeModel
import Tracing

/// Writes log records as lines, and for export. `Telemetry` makes them; a service only uses `Logger`.
public struct SondeLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    let source: LogSource
    let pipeline: LogPipeline
    /// Off for the exporter's own logs: what is wrong with exporting must not be exported.
    var isExported = true

    init(label: String, level: Logger.Level, provider: Logger.MetadataProvider?, pipeline: LogPipeline) {
        source = LogSource(label: label, serviceName: pipeline.serviceName)
        logLevel = level
        metadataProvider = provider
        self.pipeline = pipeline
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the record. Never waits for disk or pipe, but for 100 ms at most after a critical record.
    public func log(event: LogEvent) {
        LogFields.with(
            handler: metadata, provided: metadataProvider?.get() ?? [:], call: event.metadata ?? [:],
            error: event.error.map(Self.describe) ?? [:]
        ) { fields in
            let line = LogLine(
                time: LogClock.now, level: event.level, message: event.message.description,
                trace: ServiceContext.current?.trace, fields: fields)
            pipeline.write(line, from: source, isExported: isExported)
        }
    }

    /// OpenTelemetry's attributes for exceptions.
    private static func describe(_ error: any Error) -> Logger.Metadata {
        [
            "exception.type": .string(String(reflecting: type(of: error))), "exception.message": .string("\(error)"),
        ]
    }
}
