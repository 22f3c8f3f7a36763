// SPDX-License-Identifier: Apache-2.0
// Calls between services, as their halves come by.

import SondeModel
import SondeTestKit
import Testing

@testable import SondePipeline

@Suite struct CallGraphTests {
    private let clock = MovableClock()
    private let metrics: SpanMetrics

    init() {
        let clock = clock
        metrics = SpanMetrics { clock.now }
    }

    private func record(_ spans: SpanRecord...) throws { metrics.record(try batch(spans)) }

    private var edges: [String] {
        metrics.snapshot().edges.map { series in
            let edge = series.edge
            return
                "\(edge?.client ?? "-") \(edge?.server ?? "-") [\(edge?.type.rawValue ?? "")] "
                + "\(series.server.count) \(series.failed)"
        }
    }

    private let client = SpanRecord.sample(2, parent: 1, service: "gateway", kind: .client, duration: 300)
    private let server = SpanRecord.sample(3, parent: 2, service: "orders", kind: .server, duration: 200)

    @Test(arguments: [false, true]) func aCallHasTwoHalvesInEitherOrder(serverFirst: Bool) throws {
        for half in serverFirst ? [server, client] : [client, server] { try record(half) }
        #expect(edges == ["gateway orders [] 1 0"])
        let series = try #require(metrics.snapshot().edges.first)
        #expect(series.client.sumSeconds == 0.3 && series.server.sumSeconds == 0.2)
    }

    @Test func aCallFailsIfOneHalfDoes() throws {
        var failed = server
        failed.status = SpanStatus(code: .error, message: "")
        try record(client, failed)
        #expect(edges == ["gateway orders [] 1 1"])
    }

    @Test func halvesOfDifferentTracesDoNotMeet() throws {
        var other = server
        other.traceID = .sample(2)
        try record(client, other)
        #expect(edges == [])
    }

    @Test func aProducerAndItsConsumerAreMessaging() throws {
        var producer = client
        producer.kind = .producer
        var consumer = server
        consumer.kind = .consumer
        try record(producer, consumer)
        #expect(edges == ["gateway orders [messaging_system] 1 0"])
    }

    /// The server's parent is that of its client, or none; a client of that id must not be taken for its own.
    @Test(arguments: [false, true], [0, 1] as [UInt64])
    func aServerThatSharesTheSpanIDOfItsClientMeetsIt(serverFirst: Bool, parent: UInt64) throws {
        var shared = server
        shared.spanID = client.spanID
        shared.parentSpanID = SpanID(parent)
        shared.attributes = [Attribute("zipkin.shared", .bool(true))]
        let other = SpanRecord.sample(1, service: "mobile", kind: .client)
        for half in serverFirst ? [shared, other, client] : [other, client, shared] { try record(half) }
        #expect(edges == ["gateway orders [] 1 0"])
    }

    @Test func aHalfWaitsItsOwnTimeOnly() throws {
        try record(client, server)
        clock.move(by: PipelineLimits.callWait - .seconds(1))
        try record(server)
        clock.move(by: .seconds(2))
        #expect(metrics.snapshot().unpaired.isEmpty)
        clock.move(by: PipelineLimits.callWait)
        #expect(metrics.snapshot().unpaired == [UnpairedSeries(service: "orders", isServer: true, count: 1)])
    }

    /// Halves that come over and over leave nothing behind that would be looked through again for each.
    @Test func theSameCallOverAndOverCostsTheSame() throws {
        let again = [client, server, client]
        let spans = try batch((0..<20_000).flatMap { _ in again })
        metrics.record(spans)
        #expect(edges == ["gateway orders [] 20000 0"])
    }

    @Test func servicesWithoutPartnersAreForgottenAndBounded() throws {
        let spans = (1...UInt64(PipelineLimits.callSeries + 2)).map {
            SpanRecord.sample(trace: $0, 2, parent: 1, service: "service \($0)", kind: .client)
        }
        metrics.record(try batch(spans))
        clock.move(by: PipelineLimits.callWait + .seconds(1))
        let unpaired = metrics.snapshot().unpaired
        #expect(unpaired.last == UnpairedSeries(service: nil, isServer: false, count: 2))
        #expect(unpaired.count == PipelineLimits.callSeries + 1)
        clock.move(by: PipelineLimits.seriesIdleTime + .seconds(1))
        #expect(metrics.snapshot().unpaired.count == 1)
    }

    @Test(arguments: [
        (["db.system": "sqlite"], "sqlite"), (["db.system": "sqlite", "db.name": "users"], "users"),
        (["db.system.name": "postgresql", "db.namespace": "shop"], "shop"),
        (["db.system": "sqlite", "peer.service": "users-db"], "users-db"),
    ])
    func aDatabaseHasNoOtherHalf(attributes: [String: String], name: String) throws {
        var query = client
        query.attributes = attributes.map { Attribute($0.key, .string($0.value)) }
        try record(query)
        #expect(edges == ["gateway \(name) [database] 1 0"])
    }

    @Test func aRootServerWasCalledByAUser() throws {
        try record(.sample(1, service: "gateway", kind: .server))
        #expect(edges == ["user gateway [virtual_node] 1 0"])
    }

    @Test func aPeerThatSendsNoSpansIsShownWhenTheWaitIsOver() throws {
        var call = client
        call.attributes = [Attribute("peer.service", .string("stripe"))]
        try record(call)
        #expect(edges == [])
        clock.move(by: PipelineLimits.callWait + .seconds(1))
        #expect(edges == ["gateway stripe [virtual_node] 1 0"])
        #expect(metrics.snapshot().unpaired.isEmpty)
    }

    @Test func halvesThatWaitInVainAreCounted() throws {
        try record(client)
        var other = server
        other.traceID = .sample(2)
        try record(other)
        clock.move(by: PipelineLimits.callWait + .seconds(1))
        #expect(
            metrics.snapshot().unpaired
                == [
                    UnpairedSeries(service: "gateway", isServer: false, count: 1),
                    UnpairedSeries(service: "orders", isServer: true, count: 1),
                ])
        #expect(edges == [])
    }

    @Test func theSameHalfAgainMakesNoCall() throws {
        try record(client, client)
        #expect(edges == [])
    }

    @Test func halvesWithoutRoomAreCounted() throws {
        let spans = (1...UInt64(PipelineLimits.callsWaiting + 5)).map {
            SpanRecord.sample(trace: $0, 2, parent: 1, service: "gateway", kind: .client)
        }
        metrics.record(try batch(spans))
        #expect(metrics.snapshot().droppedHalves == 5)
    }

    @Test func manyPeersCostNoServiceItsSeries() throws {
        let calls = (1...UInt64(2 * PipelineLimits.callSeries + 10)).map { trace in
            var call = SpanRecord.sample(trace: trace, 2, parent: 1, service: "gateway", kind: .client)
            call.attributes = [Attribute("peer.service", .string("10.0.0.1:\(trace)"))]
            return call
        }
        metrics.record(try batch(calls))
        metrics.record(try batch([.sample(1, service: "orders", kind: .server)]))
        let snapshot = metrics.snapshot()
        #expect(snapshot.spans.map(\.labels?.service) == ["gateway", "orders"])
        #expect(snapshot.edges.map(\.edge?.server) == ["orders"])
    }

    /// Ids of which all mixtures of two halves are the same number.
    @Test func idsThatCancelEachOtherCostTheSame() throws {
        let spans = (1...UInt64(PipelineLimits.callsWaiting)).map { number in
            var call = SpanRecord.sample(number ^ 0xFFFF_0000, parent: 1, service: "gateway", kind: .client)
            call.traceID = TraceID(high: number, low: 7)
            return call
        }
        for start in stride(from: 0, to: spans.count, by: 8_192) {
            metrics.record(try batch(Array(spans[start..<min(spans.count, start + 8_192)])))
        }
        clock.move(by: PipelineLimits.callWait + .seconds(1))
        #expect(metrics.snapshot().unpaired.map(\.count) == [UInt64(PipelineLimits.callsWaiting)])
    }

    @Test func edgesPastTheLimitAreOne() throws {
        let spans = (1...UInt64(PipelineLimits.callSeries + 3)).map {
            SpanRecord.sample(trace: $0, 2, service: "service \($0)", kind: .server)
        }
        metrics.record(try batch(spans))
        let snapshot = metrics.snapshot()
        #expect(snapshot.overflowedCalls == 3)
        #expect(snapshot.edges.count == PipelineLimits.callSeries + 1 && snapshot.edges.last?.edge == nil)
    }
}
