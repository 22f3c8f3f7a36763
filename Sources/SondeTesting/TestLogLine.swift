// SPDX-License-Identifier: Apache-2.0
// A log record as a collector would get it, and the questions a test has about logs.

public import Logging
import Sonde
import SondeModel
import SondeWire

/// A log record.
public struct TestLogLine: Hashable, Sendable {
    /// How severe it is.
    public let level: Logger.Level
    /// What it says, without its metadata.
    public let message: String
    /// The label of the logger.
    public let label: String
    /// Metadata of logger, provider, call and error, merged; what is redacted reads `<redacted>`.
    public let metadata: [String: TestValue]
    /// The trace in which it was made, as 32 lower-case hex digits; nil outside of any.
    public let traceID: String?
    /// The span in which it was made, as 16 lower-case hex digits; nil outside of any.
    public let spanID: String?
}

extension TestTelemetry {
    /// The records of that level, in the order in which they were made.
    public func logs(_ level: Logger.Level) -> [TestLogLine] { logs.filter { $0.level == level } }

    /// The records made in `span`.
    public func logs(in span: TestSpan) -> [TestLogLine] {
        logs.filter { $0.spanID == span.spanID && $0.traceID == span.traceID }
    }

    /// The only record with that message.
    ///
    /// - Throws: ``TestTelemetryError`` if there is none or more than one; it lists what there is.
    public func log(_ message: String) throws(TestTelemetryError) -> TestLogLine {
        let all = logs
        let found = all.filter { $0.message == message }
        guard let only = found.first, found.count == 1 else {
            let count = found.isEmpty ? "no log record says" : "\(found.count) log records say"
            let list = all.map { "\($0.level) \($0.message)" }.joined(separator: "\n")
            throw TestTelemetryError(description: "\(count) \"\(message)\"; there are:\n\(list)")
        }
        return only
    }

    /// Sends what any `Logger(label:)` of the process logs to the telemetry of the scope in which it is logged. Without
    /// it only `Logger.current` and loggers made from a telemetry are seen. Call it before anything logs, as often as
    /// you like; nothing happens if `Telemetry.bootstrap` came first. Nobody else may call `LoggingSystem.bootstrap` in the
    /// process: swift-log traps the second time.
    ///
    /// - Parameter elsewhere: What logs outside of any scope; by default nothing does.
    public static func routeAllLoggers(
        elsewhere: @escaping @Sendable (String) -> any LogHandler = { _ in SwiftLogNoOpLogHandler() }
    ) {
        guard Telemetry.claimLogging() else { return }
        LoggingSystem.bootstrap(
            { label, provider in
                RoutingLogHandler(label: label, elsewhere: elsewhere(label), metadataProvider: provider)
            }, metadataProvider: nil)
    }
}

/// Asks for the scope with every record.
private struct RoutingLogHandler: LogHandler {
    let label: String
    var elsewhere: any LogHandler
    var metadata: Logger.Metadata = [:]
    /// The logger's own, in place of the configuration's.
    var metadataProvider: Logger.MetadataProvider?
    /// Levels are for the telemetry to judge.
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var handler: any LogHandler = TestTelemetry.current?.telemetry.makeLogHandler(label: label) ?? elsewhere
        guard event.level >= handler.logLevel else { return }
        handler.metadata = metadata
        if let metadataProvider { handler.metadataProvider = metadataProvider }
        handler.log(event: event)
    }
}

// MARK: - Reading what would be sent

extension TestLogLine {
    static func read(_ body: [UInt8]) -> [TestLogLine] {
        guard let records = try? OTLPDecoder.logs(body).batch.records() else { return [] }
        return records.map(TestLogLine.init)
    }

    private init(_ record: LogRecord) {
        level = Logger.Level(rawValue: record.severityText) ?? .info
        message = record.body.text
        label = record.scope.name
        metadata = TestValue.dictionary(record.attributes)
        traceID = record.traceID.isValid ? record.traceID.hex : nil
        spanID = record.spanID.isValid ? record.spanID.hex : nil
    }
}
