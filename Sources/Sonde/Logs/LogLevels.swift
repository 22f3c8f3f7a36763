// SPDX-License-Identifier: Apache-2.0
// Which level a logger has: by its label, or the general one.

import Logging

extension TelemetryConfiguration {
    /// The level of the longest beginning of `label` that has one. Beginnings end at dots: `shop` is none of `shopping`.
    func level(ofLogger label: String) -> Logger.Level {
        guard !logLevels.isEmpty else { return logLevel }
        var name = label[...]
        while true {
            if let level = logLevels[String(name)] { return level }
            guard let dot = name.lastIndex(of: ".") else { return logLevel }
            name = name[..<dot]
        }
    }
}

enum LogLevelName {
    /// swift-log's levels and OpenTelemetry's names for them, in any case.
    static func level(_ name: String) -> Logger.Level? {
        switch name.lowercased() {
        case "warn": .warning
        case "fatal": .critical
        case let name: Logger.Level(rawValue: name)
        }
    }
}
