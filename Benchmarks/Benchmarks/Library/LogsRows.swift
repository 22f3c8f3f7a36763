// SPDX-License-Identifier: Apache-2.0
// Log lines: encoding and handing over, on the caller's thread. The lines go to /dev/null, or to a pipe that is read; what
// the caller makes itself (the dictionary of metadata, and strings in it) is a row of its own to be taken off.

import Logging
import Sonde
import Tracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Library {
    static func logs(_ bench: Bench) {
        bench.heading("Logs")
        let nowhere = open("/dev/null", O_WRONLY)
        defer { close(nowhere) }
        guard let telemetry = telemetry(nowhere) else { return }
        let span = telemetry.tracer.startSpan("request", context: .topLevel)
        ServiceContext.withValue(span.context) {
            lines(bench, telemetry)
            outputs(bench)
        }
        span.end()
    }

    private static func telemetry(
        _ descriptor: Int32, _ configure: (inout TelemetryConfiguration) -> Void = { _ in }
    ) -> Telemetry? {
        var configuration = TelemetryConfiguration(serviceName: "bench")
        configuration.logOutput = .descriptor(descriptor)
        configuration.exportsLogs = false
        configure(&configuration)
        return try? Telemetry(configuration)
    }

    private static func lines(_ bench: Bench, _ telemetry: Telemetry) {
        let logger = telemetry.logger(label: "bench")
        let fields: Logger.Metadata = ["order.id": "42", "items": .stringConvertible(7)]
        bench.row("JSON log line, 2 fields and ids", bar: "≤ 0.8 µs, ≤ 1", operations: 100_000) { count in
            for _ in 0..<count { logger.info("order shown", metadata: fields) }
        }
        bench.row("JSON log line, 2 fields and ids, metadata made by the call", bar: "", operations: 100_000) { count in
            for number in 0..<count {
                logger.info("order shown", metadata: ["order.id": "42", "items": .stringConvertible(number)])
            }
        }
        bench.row("… of that the metadata alone", bar: "", operations: 100_000) { count in
            for number in 0..<count {
                let metadata: Logger.Metadata = ["order.id": "42", "items": .stringConvertible(number)]
                consume(metadata)
            }
        }
        bench.row("JSON log line, no fields, ids", bar: "", operations: 100_000) { count in
            for _ in 0..<count { logger.info("order shown") }
        }
        bench.row("log line below the level", bar: "", operations: 1_000_000) { count in
            for _ in 0..<count { logger.debug("order shown", metadata: fields) }
        }
    }

    private static func outputs(_ bench: Bench) {
        let fields: Logger.Metadata = ["order.id": "42", "items": .stringConvertible(7)]
        let nowhere = open("/dev/null", O_WRONLY)
        defer { close(nowhere) }
        if let telemetry = telemetry(nowhere, { $0.exportsLogs = true }) {
            let logger = telemetry.logger(label: "bench")
            bench.row("JSON log line, 2 fields and ids, also exported", bar: "", operations: 5_000) { count in
                for _ in 0..<count { logger.info("order shown", metadata: fields) }
            }
        }
        if let telemetry = telemetry(nowhere, { $0.logFormat = .text }) {
            let logger = telemetry.logger(label: "bench")
            bench.row("readable log line, 2 fields and ids", bar: "", operations: 100_000) { count in
                for _ in 0..<count { logger.info("order shown", metadata: fields) }
            }
        }
        if let telemetry = telemetry(nowhere) {
            let logger = telemetry.logger(label: "bench")
            bench.row("JSON log line, 2 fields, 2 threads", bar: "", operations: 100_000, threads: 2) { count in
                for _ in 0..<count { logger.info("order shown", metadata: fields) }
            }
        }
        throughPipe(bench, fields)
    }

    /// The thread that writes and the one that reads are not in the row: what a request waits for is.
    private static func throughPipe(_ bench: Bench, _ fields: Logger.Metadata) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return }
        let reading = ends[0]
        let reader = Task.detached {
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            while read(reading, &bytes, bytes.count) > 0 {}
        }
        if let telemetry = telemetry(ends[1]) {
            let logger = telemetry.logger(label: "bench")
            bench.row("JSON log line, 2 fields and ids, to a pipe", bar: "", operations: 2_000) { count in
                for _ in 0..<count { logger.info("order shown", metadata: fields) }
                telemetry.flushLogs()
            }
        }
        close(ends[1])
        _ = reader
        stuck(bench, fields)
    }

    /// Nobody reads: what does not fit is dropped and counted, and the caller pays no more.
    private static func stuck(_ bench: Bench, _ fields: Logger.Metadata) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0, let telemetry = telemetry(ends[1]) else { return }
        let logger = telemetry.logger(label: "bench")
        bench.row("JSON log line, 2 fields and ids, nobody reads the pipe", bar: "", operations: 20_000) { count in
            for _ in 0..<count { logger.info("order shown", metadata: fields) }
        }
        // Set free, so that the process can end.
        close(ends[0])
        close(ends[1])
    }
}
