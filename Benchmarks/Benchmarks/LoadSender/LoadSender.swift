// SPDX-License-Identifier: Apache-2.0
// Sends a corpus of export bodies to a collector over OTLP/HTTP or OTLP/gRPC, the same bytes through either door, and says
// how fast they were acknowledged and what they cost the server. Each connection sends one request after the other, as an
// SDK does.

import ArgumentParser
import BenchmarkCorpus
import SondeWire

@main
struct LoadSender: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "LoadSender", abstract: "Send spans to a collector and measure both sides.")

    enum Door: String, ExpressibleByArgument, CaseIterable {
        case http, grpc
    }

    @Option(name: .customLong("protocol"), help: "The door: http or grpc.") var door = Door.http
    @Option(help: "The collector's port on 127.0.0.1.") var port: Int
    @Option(help: "Connections at once.") var connections = 4
    @Option(help: "Bodies to send, each behind its length (u32, little-endian). (default: a corpus of its own)")
    var corpus: String?
    @Option(help: "Spans of the corpus that is made where no file is given.") var spans = 100_000
    @Option(help: "Passes over the corpus; each has trace ids of its own.") var loops = 1
    @Flag(help: "Compress bodies.") var gzip = false
    @Option(help: "Spans a second, all connections together. (default: as fast as they are taken)") var rate: Double?
    @Option(help: "Bytes of the largest frame (gRPC): SDKs of Go send 16384. (default: what the server allows)")
    var frame = 1 << 20
    @Option(help: "The server's process id, to read its CPU time.") var pid: Int?
    @Option(help: "Seconds to wait for background work of the server before its CPU time is read again.") var settle = 0

    func run() async throws {
        let bodies = try corpus.map(SpanBody.read) ?? SpanBody.index(Corpus.bodies(spans: spans))
        let before = try pid.map(ProcessTime.init)
        let clock = ContinuousClock()
        let start = clock.now
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for number in 0..<connections {
                group.addTask { try await send(bodies, as: number, start: start) }
            }
            return try await group.reduce(into: [Duration]()) { $0 += $1 }
        }
        let time = start.duration(to: clock.now)
        let total = bodies.reduce(0) { $0 + $1.spanCount } * loops
        var report = Report(door: door.rawValue, spans: total, time: time, latencies: latencies)
        if let pid, let before {
            report.serverSeconds = try ProcessTime(pid: pid).seconds - before.seconds
            if settle > 0 {
                try await Task.sleep(for: .seconds(settle))
                report.settledSeconds = try ProcessTime(pid: pid).seconds - before.seconds
            }
        }
        print(report.text)
    }

    /// Sends every body that falls to this connection; returns how long each waited for its acknowledgement.
    private func send(
        _ bodies: [SpanBody], as number: Int, start: ContinuousClock.Instant
    ) async throws -> [Duration] {
        var latencies: [Duration] = []
        var sent = 0
        func pass(_ exchange: ([UInt8]) async throws -> Void) async throws {
            for loop in 0..<loops {
                for index in stride(from: number, to: bodies.count, by: connections) {
                    let bytes = bodies[index].bytes(pass: loop)
                    let payload = gzip ? Gzip.compress(bytes, level: 6) : bytes
                    if let rate {
                        let due = Double(sent) / (rate / Double(connections))
                        try await Task.sleep(until: start + .seconds(due), clock: .continuous)
                    }
                    sent += bodies[index].spanCount
                    let begin = ContinuousClock.now
                    try await exchange(payload)
                    latencies.append(begin.duration(to: .now))
                }
            }
        }
        switch door {
        case .http:
            try await HTTPSender.open(port: port, isGzip: gzip) { sender in
                try await pass { try await sender.exchange($0) }
            }
        case .grpc:
            try await GRPCSender.open(port: port, isGzip: gzip, frameBytes: frame) { sender in
                try await pass { try await sender.exchange($0) }
            }
        }
        return latencies
    }
}

/// What a run found.
struct Report {
    var door: String
    var spans: Int
    var time: Duration
    var latencies: [Duration]
    /// CPU time of the server until the last acknowledgement, and until its background work was done.
    var serverSeconds: Double?
    var settledSeconds: Double?

    /// One line of `name=value`, for people and scripts.
    var text: String {
        let sorted = latencies.sorted()
        func quantile(_ share: Double) -> Double {
            sorted.isEmpty ? 0 : Self.seconds(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) * 1000
        }
        let millions = Double(spans) / 1_000_000
        var parts = [
            "door=\(door)", "spans=\(spans)", "requests=\(sorted.count)",
            "spans_per_s=\(Int(Double(spans) / Self.seconds(time)))", "ack_p50_ms=\(Self.rounded(quantile(0.5)))",
            "ack_p99_ms=\(Self.rounded(quantile(0.99)))",
        ]
        if let serverSeconds { parts.append("server_cpu_s_per_million=\(Self.rounded(serverSeconds / millions))") }
        if let settledSeconds { parts.append("settled=\(Self.rounded(settledSeconds / millions))") }
        return parts.joined(separator: " ")
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
