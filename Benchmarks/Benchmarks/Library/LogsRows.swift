// SPDX-License-Identifier: Apache-2.0
// Log lines, from the call to the bytes handed over.

import Logging
import Sonde

extension Library {
    static func logs(_ bench: Bench) {
        bench.heading("Logs")
        var configuration = TelemetryConfiguration(serviceName: "bench")
        configuration.logOutput = .none
        guard let telemetry = try? Telemetry(configuration) else { return }
        let logger = telemetry.logger(label: "bench")
        bench.row("JSON log line, 2 fields", bar: "≤ 0.8 µs, ≤ 1", operations: 100_000) { count in
            for number in 0..<count {
                logger.info("order shown", metadata: ["order.id": "42", "items": .stringConvertible(number)])
            }
        }
    }
}
