// SPDX-License-Identifier: Apache-2.0
// The long rows of the library's table: a service under load, without a collector, and stopping without one. Each prints
// one line a fact; `Benchmarks/library-load` starts it with a collector where one is needed.

import Logging
import ServiceLifecycle
import Sonde
import Synchronization
import Tracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@main
enum LibraryLoad {
    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        let numbers = words.compactMap { Int($0) }
        switch words.first {
        case "rate":
            let endpoint = words.last { $0.hasPrefix("http") } ?? "http://127.0.0.1:4318"
            try await rate(numbers.first ?? 50_000, seconds: numbers.dropFirst().first ?? 60, endpoint: endpoint)
        case "dead": try await dead(spans: numbers.first ?? 1_000_000)
        case "stop": try await stop(blackhole: words.contains("blackhole"))
        default: print("usage: LibraryLoad rate [SPANS] [SECONDS] [URL] | dead [SPANS] | stop [blackhole]")
        }
    }

    /// So many spans a second of five attributes through the lean API, in bursts of five milliseconds: waking up is not what is measured.
    private static func rate(_ perSecond: Int, seconds: Int, endpoint: String) async throws {
        let telemetry = try telemetry(endpoint)
        try await running(telemetry) {
            let before = Usage.now()
            let clock = ContinuousClock()
            let start = clock.now
            let bursts = seconds * 200
            for burst in 1...bursts {
                for _ in 0..<(perSecond / 200) { span(telemetry.tracer) }
                try await clock.sleep(until: start + .milliseconds(5 * burst))
            }
            let elapsed = clock.now - start
            let used = Usage.now().seconds - before.seconds
            print("sent \(bursts * (perSecond / 200)) spans in \(elapsed)")
            print(
                "cpu \(used) s, \(100 * used / (elapsed / .seconds(1))) % of a core, resident \(Usage.resident()) KiB")
        }
        printExport(telemetry)
    }

    /// A million spans with nobody who takes them.
    private static func dead(spans: Int) async throws {
        let telemetry = try telemetry("http://127.0.0.1:9")
        try await running(telemetry) {
            for _ in 0..<1_000 { span(telemetry.tracer) }
            try await Task.sleep(for: .milliseconds(200))
            let before = Usage.resident()
            for index in 0..<spans {
                span(telemetry.tracer)
                if index % 1_000 == 0 { await Task.yield() }
            }
            print("resident grew by \(Usage.resident() - before) KiB with \(spans) spans")
        }
        printExport(telemetry)
    }

    /// How long a stop takes with 10 000 spans left.
    private static func stop(blackhole: Bool) async throws {
        let port = blackhole ? try Blackhole.port() : 9
        let telemetry = try telemetry("http://127.0.0.1:\(port)")
        let clock = ContinuousClock()
        let stopping = Mutex(clock.now)
        try await running(telemetry) {
            for _ in 0..<10_000 { span(telemetry.tracer) }
            try await Task.sleep(for: .milliseconds(500))
            stopping.withLock { $0 = clock.now }
        }
        print("stopped after \(clock.now - stopping.withLock { $0 }), deadline \(telemetry.configuration.stopDeadline)")
        printExport(telemetry)
    }

    @inline(never)
    private static func span(_ tracer: SondeTracer) {
        var span = tracer.begin("GET /orders/{id}", kind: .server, parent: nil)
        span.set("http.request.method", to: "GET")
        span.set("http.route", to: "/orders/{id}")
        span.set("url.path", to: "/orders/4711")
        span.set("http.response.status_code", to: 200)
        span.set("server.port", to: 8_080)
        span.end()
    }

    private static func telemetry(_ endpoint: String) throws -> Telemetry {
        var configuration = TelemetryConfiguration(serviceName: "load")
        configuration.endpoint = endpoint
        configuration.exportsLogs = false
        return try Telemetry(configuration)
    }

    private static func running(_ telemetry: Telemetry, _ body: () async throws -> Void) async throws {
        let logger = Logger(label: "load") { _ in SwiftLogNoOpLogHandler() }
        let group = ServiceGroup(services: [telemetry], logger: logger)
        let service = Task { try await group.run() }
        try await body()
        await group.triggerGracefulShutdown()
        try await service.value
    }

    private static func printExport(_ telemetry: Telemetry) {
        let text = String(decoding: telemetry.metrics.exposition(accept: nil).body, as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("sonde_export_") { print(line) }
    }
}

/// What the process used so far.
struct Usage {
    /// Seconds of user and system time.
    var seconds: Double

    static func now() -> Usage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let micros =
            (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + usage.ru_utime.tv_usec
            + usage.ru_stime.tv_usec
        return Usage(seconds: Double(micros) / 1e6)
    }

    /// Resident memory in KiB.
    static func resident() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard fgets(&buffer, 128, file) != nil else { return 0 }
        let words = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
            separator: " ")
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 4
    }
}

/// A listener that takes connections and never answers.
enum Blackhole {
    struct Failure: Error {}

    static func port() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw Failure() }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
