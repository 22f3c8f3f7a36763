// SPDX-License-Identifier: Apache-2.0
// What the collector says about itself: log lines on standard error and metrics for /metrics. It sends nothing to
// anybody, least of all to itself.

import Logging
import Sonde
import SondeTerminal

struct CollectorTelemetry: Sendable {
    let logger: Logger
    let metrics: MetricsRegistry

    init(_ settings: ServeSettings, _ renderer: Renderer) {
        metrics = MetricsRegistry()
        logger = Logger(label: "sonde") { _ in
            TextLogHandler(level: settings.logLevel, renderer: renderer) { StandardStreams.writeError($0) }
        }
    }
}
