// SPDX-License-Identifier: Apache-2.0
// The backend of swift-log: collects what belongs to a record (time, span, metadata, error) and hands it to the pipeline.

public import Logging
import SondeModel
import Tracing

/// Writes log records as lines, and for export. `Telemetry` makes them; a service only uses `Logger`.
///
/// One reference and a level: swift-log copies its handler with every record, and what is small is copied for little.
public struct SondeLogHandler: LogHandler {
    /// The least severe level that is logged.
    public var logLevel: Logger.Level
    private var settings: LogSettings

    init(
        label: String, level: Logger.Level, provider: Logger.MetadataProvider?, pipeline: LogPipeline,
        isExported: Bool = true
    ) {
        logLevel = level
        settings = LogSettings(
            source: LogSource(label: label, serviceName: pipeline.serviceName), pipeline: pipeline,
            isExported: isExported)
        settings.provider = provider
    }

    /// Metadata of every record, under that of the provider and of the call.
    public var metadata: Logger.Metadata {
        get { settings.metadata }
        set {
            makeUnique()
            settings.metadata = newValue
        }
    }

    /// Asked for metadata with every record.
    public var metadataProvider: Logger.MetadataProvider? {
        get { settings.provider }
        set {
            makeUnique()
            settings.provider = newValue
        }
    }

    /// One entry of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { settings.metadata[key] }
        set {
            makeUnique()
            settings.metadata[key] = newValue
        }
    }

    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&settings) { settings = settings.copy() }
    }

    /// Writes the record. Never waits for disk or pipe, but for 100 ms at most after a critical record.
    public func log(event: LogEvent) {
        let settings = settings
        let metadata = LogMetadata(
            handler: settings.metadata, provided: settings.provider?.get() ?? [:], call: event.metadata ?? [:],
            error: event.error.map(Self.describe) ?? [:])
        write(event.level, event.message.description, LogTrace.current, metadata, settings)
    }

    /// The same for an instrumentation, with facts in place of metadata.
    func log(level: Logger.Level, _ message: String, in span: SondeSpan?, facts: UnsafeBufferPointer<LogFact>) {
        let settings = settings
        let metadata = LogMetadata(
            handler: settings.metadata, provided: settings.provider?.get() ?? [:], facts: facts)
        write(level, message, span.map { LogTrace($0.trace) } ?? LogTrace.current, metadata, settings)
    }

    @inline(__always)
    private func write(
        _ level: Logger.Level, _ message: String, _ trace: LogTrace?, _ metadata: borrowing LogMetadata,
        _ settings: LogSettings
    ) {
        LogFields.with(metadata) { fields in
            let line = LogLine(time: LogClock.now, level: level, message: message, trace: trace, fields: fields)
            settings.pipeline.write(line, from: settings.source, isExported: settings.isExported)
        }
    }

    /// OpenTelemetry's attributes for exceptions.
    @inline(never)
    private static func describe(_ error: any Error) -> Logger.Metadata {
        [
            "exception.type": .string(String(reflecting: type(of: error))), "exception.message": .string("\(error)"),
        ]
    }
}

/// What copies of a handler share until one of them is changed.
private final class LogSettings: @unchecked Sendable {  // Changed only by a handler that holds the only reference.
    let source: LogSource
    let pipeline: LogPipeline
    /// Off for the exporter's own logs: what is wrong with exporting must not be exported.
    let isExported: Bool
    var metadata: Logger.Metadata = [:]
    var provider: Logger.MetadataProvider?

    init(source: LogSource, pipeline: LogPipeline, isExported: Bool) {
        self.source = source
        self.pipeline = pipeline
        self.isExported = isExported
    }

    func copy() -> LogSettings {
        let copy = LogSettings(source: source, pipeline: pipeline, isExported: isExported)
        copy.metadata = metadata
        copy.provider = provider
        return copy
    }
}
