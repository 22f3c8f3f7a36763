// SPDX-License-Identifier: Apache-2.0
// The long rows of the library's table: a service under load, without a collector, and stopping without one. Each prints
// one line a fact; `Benchmarks/run load` starts it with a collector where one is needed.

import AllocationCount
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
        let words = CommandLine.arguments.dropFirst().filter { $0 != "--table" }
        let numbers = words.compactMap { Int($0) }
        switch words.first {
        case "rate":
            let endpoint = words.last { $0.hasPrefix("http") } ?? "http://127.0.0.1:4318"
            try await rate(numbers.first ?? 50_000, seconds: numbers.dropFirst().first ?? 60, endpoint: endpoint)
        case "dead": try await dead(spans: numbers.first ?? 1_000_000)
        case "stop": try await stop(blackhole: words.contains("blackhole"))
        default: print("usage: LibraryLoad [--table] rate [SPANS] [SECONDS] [URL] | dead [SPANS] | stop [blackhole]")
        }
    }

    /// So many spans a second of five attributes through the lean API, in bursts of five milliseconds: waking up is not what is measured.
    private static func rate(_ perSecond: Int, seconds: Int, endpoint: String) async throws {
        let telemetry = try telemetry(endpoint)
        let name = "\(perSecond) spans/s for \(seconds) s"
        try await running(telemetry) {
            let before = Usage.now()
            let clock = ContinuousClock()
            let start = clock.now
            let bursts = seconds * 200
            for burst in 1...bursts {
                for _ in 0..<(perSecond / 200) { span(telemetry.tracer) }
                try await clock.sleep(until: start + .milliseconds(5 * burst))
            }
            let elapsed = (clock.now - start) / .seconds(1)
            let used = Usage.now().seconds - before.seconds
            Fact(name + ", sent a second", Double(bursts * (perSecond / 200)) / elapsed, "/s").show()
            Fact(name + ", of a core", 100 * used / elapsed, "%", bar: "≤ 10 %").show()
            Fact(name + ", resident", Double(Usage.resident()), "B").show()
        }
        showExport(telemetry, name, dropsBar: "0")
    }

    /// A million spans with nobody who takes them.
    private static func dead(spans: Int) async throws {
        let telemetry = try telemetry("http://127.0.0.1:9")
        let name = "\(spans) spans without a collector"
        try await running(telemetry) {
            for _ in 0..<1_000 { span(telemetry.tracer) }
            try await Task.sleep(for: .milliseconds(200))
            let (resident, heap) = (Usage.resident(), Usage.heap())
            for index in 0..<spans {
                span(telemetry.tracer)
                if index % 1_000 == 0 { await Task.yield() }
            }
            let bar = "16 MiB + 10 % = 18.5 MB"
            Fact(name + ", resident grew by", Double(Usage.resident() - resident), "B", bar: bar).show()
            Fact(name + ", heap grew by", Double(Usage.heap() - heap), "B").show()
        }
        showExport(telemetry, name, dropsBar: "every drop counted")
    }

    /// How long a stop takes with 10 000 spans left.
    private static func stop(blackhole: Bool) async throws {
        let port = blackhole ? try Blackhole.port() : 9
        let telemetry = try telemetry("http://127.0.0.1:\(port)")
        let name = blackhole ? "stop, a collector that never answers" : "stop without a collector"
        let clock = ContinuousClock()
        let stopping = Mutex(clock.now)
        try await running(telemetry) {
            for _ in 0..<10_000 { span(telemetry.tracer) }
            try await Task.sleep(for: .milliseconds(500))
            stopping.withLock { $0 = clock.now }
        }
        let took = (clock.now - stopping.withLock { $0 }) / .seconds(1)
        Fact(name, took * 1e9, "ns", bar: "≤ 2.1 s").show()
        showExport(telemetry, name, dropsBar: "every drop counted")
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

    /// What was sent and what was lost, by reason, as the library itself counted it.
    private static func showExport(_ telemetry: Telemetry, _ name: String, dropsBar: String) {
        let text = String(decoding: telemetry.metrics.exposition(accept: nil).body, as: UTF8.self)
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        let counts = lines.compactMap { words in words.last.flatMap { Double($0) }.map { (String(words[0]), $0) } }
        let dropped = counts.filter { $0.0.hasPrefix("sonde_export_dropped_total{") && $0.0.contains("traces") }
        Fact(name + ", dropped", dropped.map(\.1).reduce(0, +), "", bar: dropsBar).show()
        for (series, count) in dropped where count > 0 {
            guard let after = series.firstRange(of: "reason=\"")?.upperBound else { continue }
            let reason = series[after...].prefix { $0 != "\"" }
            Fact("\(name), \(reason)", count, "").show()
        }
    }
}

/// One figure: a line to read, or with `--table` "name, value, unit, mallocs (none), bar" with tabs for `Benchmarks/run`.
struct Fact {
    private let name: String
    private let value: Double
    private let unit: String
    private let bar: String

    init(_ name: String, _ value: Double, _ unit: String, bar: String = "") {
        (self.name, self.value, self.unit, self.bar) = (name, value, unit, bar)
    }

    func show() {
        let isTable = CommandLine.arguments.contains("--table")
        print(isTable ? "\(name)\t\(value)\t\(unit)\t\t\(bar)" : "\(name): \(text)\(bar.isEmpty ? "" : "  (\(bar))")")
        fflush(nil)
    }

    private var text: String {
        switch unit {
        case "B": "\(Int(value) / 1_024) KiB"
        case "ns": "\((value / 1e6).rounded() / 1e3) s"
        case "%": "\((value * 100).rounded() / 100) %"
        default: "\(Int(value))\(unit)"
        }
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

    /// Bytes of the heap in use, all arenas.
    static func heap() -> Int { Int(clamping: heap_bytes_in_use()) }

    /// Resident memory in bytes.
    static func resident() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard fgets(&buffer, 128, file) != nil else { return 0 }
        let words = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
            separator: " ")
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 4_096
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
