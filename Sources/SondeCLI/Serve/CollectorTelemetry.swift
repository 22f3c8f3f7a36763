// SPDX-License-Identifier: Apache-2.0
// What the collector says about itself: log lines on standard error and metrics for /metrics. It sends nothing to
// anybody, least of all to itself over the network.

import Logging
import Sonde
import SondeTerminal

struct CollectorTelemetry: Sendable {
    let logger: Logger
    let metrics: MetricsRegistry

    init(_ settings: ServeSettings, _ renderer: Renderer) throws(CommandFailure) {
        var configuration = TelemetryConfiguration(serviceName: "sonde")
        configuration.serviceVersion = Version.text
        configuration.exportsTraces = false
        configuration.exportsLogs = false
        configuration.detectsResource = false
        configuration.logLevel = settings.logLevel
        configuration.logOutput = .standardError
        let telemetry: Telemetry
        do throws(TelemetryError) { telemetry = try Telemetry(configuration) } catch {
            throw CommandFailure(.cannotServe, "\(error)")
        }
        metrics = telemetry.metrics
        switch settings.logFormat {
        case .json: logger = telemetry.logger(label: "sonde")
        case .text:
            logger = Logger(label: "sonde") { _ in
                TextLogHandler(level: settings.logLevel, renderer: renderer) { telemetry.writeLogLine($0) }
            }
        }
    }
}
