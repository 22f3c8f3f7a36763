// SPDX-License-Identifier: Apache-2.0
// Log lines for people: `06:00:35.123  info   ready  otlp-http=http://127.0.0.1:4318`.

import Logging
import SondeModel
import SondeTerminal

struct TextLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    let renderer: Renderer
    /// Where lines go; a whole one at a time.
    let write: @Sendable (String) -> Void

    init(level: Logger.Level, renderer: Renderer, write: @escaping @Sendable (String) -> Void) {
        self.logLevel = level
        self.renderer = renderer
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var merged = metadata
        merged.merge(metadataProvider?.get() ?? [:]) { $1 }
        merged.merge(event.metadata ?? [:]) { $1 }
        if let error = event.error { merged["error"] = "\(error)" }
        write(renderer.text([Self.line(event.level, event.message.description, merged, at: .now)]))
    }

    static func line(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, at time: Timestamp, zone: Zone = .local
    ) -> StyledText {
        var line = StyledText(Moment.timeOfDay(nanosecondsSince1970: time.nanoseconds, zone: zone), .faint)
        line.append("  ")
        line.append(StyledText(level.rawValue, role(of: level)).fitted(to: Self.levelWidth))
        line.append("  ")
        line.append(message, level >= .warning ? .strong : .plain)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line.append("  ")
            line.append(key + "=", .faint)
            line.append("\(value)")
        }
        return line
    }

    /// `warning`; the rare `critical` stands out a cell.
    private static let levelWidth = 7

    private static func role(of level: Logger.Level) -> Role {
        switch level {
        case .trace, .debug: .faint
        case .info, .notice: .good
        case .warning: .notice
        case .error, .critical: .bad
        }
    }
}
