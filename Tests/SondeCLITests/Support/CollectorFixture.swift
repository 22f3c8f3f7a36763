// SPDX-License-Identifier: Apache-2.0
// A collector in this process, over a store with known contents, for the shell to ask.

import Logging
import Sonde
import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire

enum CollectorFixture {
    /// Runs `body` with the URL of a collector over `store`, and stops it afterwards.
    static func with(
        _ store: any TelemetryStore, _ body: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws {
        let (ready, announce) = AsyncStream.makeStream(of: String.self)
        var configuration = CollectorConfiguration()
        configuration.listeners = [.query: .loopback(0)]
        let collector = Collector(
            configuration: configuration, store: store, registry: MetricsRegistry(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onReady: { listeners in announce.yield(listeners[0].address.url) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await collector.run() }
            group.addTask {
                for await url in ready {
                    try await body(url)
                    return
                }
            }
            try await group.next()
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
    }

    /// What every test of a command asks about: a checkout that failed, one that went well, and their log lines.
    static func fill(_ store: some TelemetryStore) async throws {
        try await store.accept(try OTLPDecoder.traces(OTLPEncoder.traces(spans)).batch)
        try await store.accept(try OTLPDecoder.logs(OTLPEncoder.logs(logs)).batch)
    }

    /// The id of the failed checkout; shares its first twelve digits with ``wellTrace``.
    static let failedTrace = TraceID(high: 0x5b8e_fff7_9803_8103, low: 0xd269_b633_813f_c60c)
    static let wellTrace = TraceID(high: 0x5b8e_fff7_9803_ffff, low: 1)
    static let loneTrace = TraceID(high: 0x00f0_67aa_0ba9_02b7, low: 2)

    static let spans: [SpanRecord] = [
        span(failedTrace, 0x1, service: "gateway", name: "POST /checkout", duration: 123),
        span(failedTrace, 0x2, parent: 0x1, service: "orders", name: "POST /orders", start: 12, duration: 109),
        span(
            failedTrace, 0x3, parent: 0x2, service: "payments", name: "POST /payments", start: 50, duration: 60,
            status: SpanStatus(code: .error, message: "card declined"),
            attributes: [Attribute("card.brand", .string("visa")), Attribute("amount", .int(42))]),
        span(wellTrace, 0x1, service: "gateway", name: "POST /checkout", start: 1000, duration: 80),
        span(wellTrace, 0x2, parent: 0x1, service: "orders", name: "POST /orders", start: 1005, duration: 60),
        span(loneTrace, 0x9, parent: 0x8, service: "mail", name: "send", kind: .consumer, start: 2000, duration: 5),
    ]

    static let logs: [LogRecord] = [
        log("checkout received", ms: 1, service: "gateway", level: .info, failedTrace),
        log("card declined by the bank", ms: 100, service: "payments", level: .error, failedTrace),
        log("checkout received", ms: 1001, service: "gateway", level: .info, wellTrace),
    ]

    private static func span(
        _ trace: TraceID, _ id: UInt64, parent: UInt64 = 0, service: String, name: String, kind: SpanKind = .server,
        start: Int64 = 0, duration: Int64, status: SpanStatus = SpanStatus(), attributes: [Attribute] = []
    ) -> SpanRecord {
        var span = SpanRecord.sample(
            id, parent: parent, service: service, name: name, kind: kind, start: start, duration: duration,
            status: status,
            attributes: attributes)
        span.traceID = trace
        return span
    }

    private static func log(_ body: String, ms: Int64, service: String, level: LogLevel, _ trace: TraceID) -> LogRecord
    {
        var log = LogRecord.sample(body, ms: ms, service: service, level: level, span: 1)
        log.traceID = trace
        return log
    }
}
