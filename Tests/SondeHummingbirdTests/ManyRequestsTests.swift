// SPDX-License-Identifier: Apache-2.0
// Promise: requests from many tasks at once lose nothing and race nothing. `SONDE_REQUESTS=1000000` asks a million;
// thread sanitizer looks on in `make races`.

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import SondeModel
import SondeWire
import Synchronization
import Testing
import Tracing

@testable import Sonde
@testable import SondeHummingbird

struct ManyRequestsTests {
    private static let tasks = 8
    private static let requests = Int(ProcessInfo.processInfo.environment["SONDE_REQUESTS"] ?? "") ?? 16_000

    @Test func requestsFromEightTasksLoseNothing() async throws {
        var configuration = TelemetryConfiguration(serviceName: "shop")
        configuration.logOutput = .none
        let telemetry = Telemetry.inMemory(configuration)
        let router = Router(context: TelemetryRequestContext.self)
        router.add(middleware: TelemetryMiddleware(telemetry: telemetry))
        router.get("/orders/{id}") { _, context in
            context.logger.info("inside")
            return try context.parameters.require("id")
        }
        router.get("/broken") { _, _ -> Response in throw HTTPError(.serviceUnavailable) }
        let responder = router.buildResponder()
        let seen = Seen()
        let each = Self.requests / Self.tasks
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.tasks {
                group.addTask {
                    let channel = EmbeddedChannel()
                    let logger = telemetry.logger(label: "shop")
                    for number in 0..<each {
                        let path = number % 4 == 3 ? "/broken" : "/orders/\(number)"
                        let head = HTTPRequest(method: .get, scheme: "http", authority: "shop:80", path: path)
                        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
                        let source = ApplicationRequestContextSource(channel: channel, logger: logger)
                        _ = try? await responder.respond(to: request, context: .init(source: source))
                        // What an exporter would take is taken meanwhile, by each task: one alone may be passed by
                        // seven others until the queue is full.
                        if number % 500 == 0 { try seen.take(telemetry) }
                    }
                }
            }
            try await group.waitForAll()
        }
        try seen.take(telemetry)
        let total = each * Self.tasks
        let broken = (each / 4) * Self.tasks
        #expect(seen.spans == total && seen.distinct == total && seen.failed == broken)
        #expect(seen.logs == total + (total - broken))
        let counts = telemetry.metrics.lines("http_server_request_duration_seconds_count")
        #expect(counts.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +) == total)
        #expect(telemetry.metrics.lines("http_server_active_requests").allSatisfy { $0.hasSuffix(" 0") })
    }

    /// Promise: at a ratio of 0.1 the spans of two services make whole traces, none without its parent.
    @Test func tenThousandsOfPairsAtATenthLeaveNoOrphan() throws {
        let services = ["front", "back"].map { name in
            var configuration = TelemetryConfiguration(serviceName: name)
            configuration.logOutput = .none
            configuration.sampler = .parentBased(ratio: 0.1)
            return Telemetry.inMemory(configuration)
        }
        for _ in 0..<20_000 {
            let root = services[0].tracer.startSpan("root")
            var headers: [String: String] = [:]
            services[0].tracer.inject(root.context, into: &headers)
            let child = services[1].tracer.startSpan("child", context: services[1].tracer.context(of: headers))
            child.end()
            root.end()
        }
        let (roots, children) = (try services[0].spans(), try services[1].spans())
        #expect(Set(roots.map(\.spanID)) == Set(children.map(\.parentSpanID)))
        #expect(Set(roots.map(\.traceID)) == Set(children.map(\.traceID)) && roots.count == children.count)
        // Six standard deviations from a tenth.
        #expect(abs(roots.count - 2_000) < 260, "\(roots.count)")
    }
}

/// What was taken so far.
private final class Seen: Sendable {
    private struct State {
        var spans = 0
        var ids: Set<SpanID> = []
        var failed = 0
        var logs = 0
    }

    private let state = Mutex(State())

    var spans: Int { state.withLock { $0.spans } }
    var distinct: Int { state.withLock { $0.ids.count } }
    var failed: Int { state.withLock { $0.failed } }
    var logs: Int { state.withLock { $0.logs } }

    func take(_ telemetry: Telemetry) throws {
        let spans = try telemetry.spans()
        let logs = try telemetry.takeLogs().map { try OTLPDecoder.logs($0).batch.records().count }.reduce(0, +)
        state.withLock { state in
            state.spans += spans.count
            for span in spans { state.ids.insert(span.spanID) }
            state.failed += spans.count { $0.status.code == .error }
            state.logs += logs
        }
    }
}

extension Telemetry {
    fileprivate func spans() throws -> [SpanRecord] {
        try takeTraces().flatMap { try OTLPDecoder.traces($0).batch.records() }
    }
}
