// SPDX-License-Identifier: Apache-2.0
// Where log records go: as a line to standard error or output, and encoded to the export queue.

import Logging
import SondeModel
import SondeWire

/// Shared by all log handlers of one `Telemetry`.
final class LogPipeline: Sendable {
    let serviceName: String
    private let output: LogFile?
    private let console: ConsoleStyle?
    private let queue: ExportQueue?
    private let rules: LogRules
    private let repeats: LogRepeats?
    private let scratches = LogScratchPool()

    init(_ configuration: TelemetryConfiguration, queue: ExportQueue?) {
        serviceName = configuration.serviceName
        let descriptor = configuration.logOutput.descriptor
        output = descriptor.map { LogFile(descriptor: $0) }
        console = descriptor.flatMap { configuration.logFormat.consoleStyle(descriptor: $0) }
        rules = LogRules(configuration)
        repeats = configuration.logRepetition.map(LogRepeats.init)
        self.queue = queue
    }

    deinit { tell(repeats?.end() ?? []) }

    /// Lines that were not written, by reason.
    func droppedLineCount(_ reason: LogDropReason) -> UInt64 { output?.droppedCount(reason) ?? 0 }

    /// Lines left out because they repeated others; nil if that is not watched.
    var repeatedLineCount: UInt64? { repeats?.leftOutCount }

    /// Writes a record unless it repeats others too often.
    func write(_ line: LogLine, from source: LogSource, isExported: Bool) {
        if let repeats {
            let verdict = repeats.admit(line.level, label: source.label, message: line.message, at: line.time)
            if !verdict.ended.isEmpty { tell(verdict.ended) }
            guard verdict.isWritten else { return }
        }
        put(line, source, isExported: isExported)
    }

    /// Encoding is done before any lock is taken: descriptions of values are the caller's code, and may log themselves.
    private func put(_ line: LogLine, _ source: LogSource, isExported: Bool) {
        scratches.withScratch { scratch in
            if let output {
                scratch.line.clear()
                if let console {
                    scratch.writeConsole(line, source, console, rules)
                } else {
                    scratch.writeJSON(line, source, rules)
                }
                output.write(scratch.line.bytes, at: line.time, urgency: line.level.urgency)
            }
            if isExported, let queue { export(line, source, to: queue, &scratch) }
        }
    }

    private func export(_ line: LogLine, _ source: LogSource, to queue: ExportQueue, _ scratch: inout LogScratch) {
        scratch.clearRecord()
        scratch.record.log(line, rules)
        queue.append(scratch.record.framed(field: 2), scope: source.label)
    }

    /// One line for each kind of line that was left out.
    private func tell(_ repeated: [RepeatedLines]) {
        for lines in repeated {
            let metadata: Logger.Metadata = [
                "log.repeated.count": .stringConvertible(lines.count), "log.repeated.message": .string(lines.message),
            ]
            LogFields.with(LogMetadata(call: metadata)) { fields in
                let line = LogLine(
                    time: LogClock.now, level: lines.level, message: "repeated lines were left out", trace: nil,
                    fields: fields)
                put(line, LogSource(label: lines.label, serviceName: serviceName), isExported: true)
            }
        }
    }

    // MARK: The end

    /// Tells what was left out and waits until everything is written, for at most so many milliseconds.
    @discardableResult
    func flush(milliseconds: Int = Limits.logExitMilliseconds) -> Bool {
        tell(repeats?.end() ?? [])
        return output?.flush(milliseconds: milliseconds) ?? true
    }

    /// Gives up lines that still wait for their reader, and counts them.
    func abandon() { output?.abandon() }

    /// Writes a line in a form of the caller's own.
    func writeLine(_ line: String, level: Logger.Level = .info) {
        var line = line
        line.withUTF8 { output?.write(UnsafeRawBufferPointer($0), at: LogClock.now, urgency: level.urgency) }
    }
}

extension Logger.Level {
    fileprivate var urgency: LogUrgency {
        switch self {
        case .critical: .last
        case .error: .soon
        default: .none
        }
    }
}
