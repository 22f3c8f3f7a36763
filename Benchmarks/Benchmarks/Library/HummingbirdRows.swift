// SPDX-License-Identifier: Apache-2.0
// What a request through Hummingbird costs with traces, metrics and logs on, over what it costs without: a router with
// one route, asked in the same process without a socket, so that nothing but router and library is in the figure. Log lines
// are written to /dev/null; spans and log records are encoded, and taken as the exporter would.

import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Sonde
import SondeHummingbird

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

enum HummingbirdRows {
    static func run(_ bench: Bench) async throws {
        bench.heading("Hummingbird, one request")
        let bare = try Subject(nil)
        let full = try Subject(Self.telemetry())
        try await bench.row("request, router alone, bare", bar: "–", operations: 20_000) { try await bare.ask($0) }
        try await bench.row("request, router alone, with all on", bar: "bare + 5 µs", operations: 20_000) {
            try await full.ask($0)
        }
        for part in Part.allCases {
            let subject = try Subject(Self.telemetry(part))
            try await bench.row("request, router alone, \(part.rawValue) off", bar: "–", operations: 20_000) {
                try await subject.ask($0)
            }
        }
    }

    enum Part: String, CaseIterable {
        case traces, logs
    }

    private static func telemetry(_ off: Part? = nil) throws -> Telemetry {
        var configuration = TelemetryConfiguration(serviceName: "shop")
        configuration.logOutput = .descriptor(open("/dev/null", O_WRONLY))
        if off == .traces { configuration.sampler = .alwaysOff }
        if off == .logs { configuration.logLevel = .critical }
        return try Telemetry(configuration)
    }
}

/// A router with one route, with telemetry or without.
private struct Subject {
    private let telemetry: Telemetry?
    private let responder: any HTTPResponder<TelemetryRequestContext>
    private let request: Request
    private let logger: Logger
    private let channel = EmbeddedChannel()

    init(_ telemetry: Telemetry?) throws {
        self.telemetry = telemetry
        let router = Router(context: TelemetryRequestContext.self)
        if let telemetry { router.add(middleware: TelemetryMiddleware(telemetry: telemetry)) }
        router.get("/orders/{id}") { _, context in try context.parameters.require("id") }
        responder = router.buildResponder()
        logger = telemetry?.logger(label: "shop") ?? Logger(label: "shop") { _ in SwiftLogNoOpLogHandler() }
        var head = HTTPRequest(method: .get, scheme: "http", authority: "127.0.0.1:8080", path: "/orders/4711?full=1")
        head.headerFields = [
            .userAgent: "bench/1.0", .accept: "application/json",
            HTTPField.Name("traceparent") ?? .trailer: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ]
        request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 5_000)).wait()
    }

    /// What the exporter would take, taken.
    private func drain() {
        _ = telemetry?.takeTraces()
        _ = telemetry?.takeLogs()
    }

    func ask(_ count: Int) async throws {
        for number in 0..<count {
            if number % 1_000 == 0 { drain() }
            let source = ApplicationRequestContextSource(channel: channel, logger: logger)
            _ = try await responder.respond(to: request, context: TelemetryRequestContext(source: source))
        }
    }
}
