// SPDX-License-Identifier: Apache-2.0
// What is counted from spans: by labels, within bounds, and only what the store has taken.

import SondeModel
import SondeStorage
import SondeTestKit
import SondeWire
import Synchronization
import Testing

@testable import SondePipeline

/// A batch as a receiver would decode it.
func batch(_ spans: [SpanRecord]) throws -> SpanBatch { try OTLPDecoder.traces(OTLPEncoder.traces(spans)).batch }

/// A present that a test moves.
final class MovableClock: Sendable {
    private let moment = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { moment.withLock { $0 } }

    func move(by duration: Duration) { moment.withLock { $0 += duration } }
}

@Suite struct SpanMetricsTests {
    private let clock = MovableClock()

    private func metrics(
        series: Int = PipelineLimits.spanSeries, dimensions: [String] = []
    ) -> SpanMetrics {
        var configuration = SpanMetricsConfiguration()
        configuration.maxSeries = series
        configuration.dimensions = dimensions
        return SpanMetrics(configuration) { [clock] in clock.now }
    }

    @Test func whatTheStoreRefusesIsNotCounted() async throws {
        let metrics = metrics()
        let refusal = SinkError.busy(reason: "full", retryAfter: .seconds(1))
        let stage = SpanMetricsStage(metrics: metrics, next: RefusingSink(error: refusal))
        let spans = try batch([.sample(1)])
        await #expect(throws: refusal) { try await stage.accept(spans) }
        #expect(metrics.snapshot().spans.isEmpty)
    }

    @Test func spansAreCountedByServiceNameKindAndStatus() throws {
        let metrics = metrics()
        let failed = SpanStatus(code: .error, message: "")
        metrics.record(
            try batch([
                .sample(1), .sample(2), .sample(3, status: failed), .sample(4, kind: .client),
                .sample(5, service: "payments"), .sample(6, name: "POST /orders"),
            ]))
        let counts = metrics.snapshot().spans.map { series in
            let labels = series.labels
            return
                "\(labels?.service ?? "") \(labels?.name ?? "") \(labels?.kind.name ?? "") "
                + "\(labels?.status.name ?? "") \(series.durations.count)"
        }
        #expect(
            counts == [
                "orders GET /orders server unset 2", "orders GET /orders server error 1",
                "orders GET /orders client unset 1", "orders POST /orders server unset 1",
                "payments GET /orders server unset 1",
            ])
    }

    @Test(
        arguments: [
            (0, 0), (1, 0), (2_000_000, 0), (2_000_001, 1), (4_000_000, 1), (4_000_001, 2), (16_384_000_000, 13),
            (16_384_000_001, 14), (UInt64.max / 2, 14),
        ] as [(UInt64, Int)])
    func aDurationFallsIntoTheBucketWhoseBoundItDoesNotPass(nanoseconds: UInt64, bucket: Int) throws {
        let metrics = metrics()
        var span = SpanRecord.sample(1)
        span.end = Timestamp(nanoseconds: span.start.nanoseconds + nanoseconds)
        metrics.record(try batch([span]))
        let durations = try #require(metrics.snapshot().spans.first?.durations)
        #expect(durations.counts.firstIndex(of: 1) == bucket)
        #expect(durations.bounds.first == 2_000_000 && durations.bounds.last == 16_384_000_000)
        #expect(durations.exemplars[bucket]?.traceID == span.traceID)
    }

    @Test func bytesAndSecondsAddUp() throws {
        let metrics = metrics()
        let spans = try batch([.sample(1, duration: 250), .sample(2, duration: 1_750)])
        metrics.record(spans)
        let series = try #require(metrics.snapshot().spans.first)
        #expect(series.durations.sumSeconds == 2)
        #expect(series.bytes == spans.entries.reduce(0) { $0 + UInt64($1.body.count) })
    }

    @Test func idsInNamesMakeOneSeries() throws {
        let metrics = metrics()
        let spans = (1...100 as ClosedRange<UInt64>).map { SpanRecord.sample($0, name: "GET /users/\($0)/cart") }
        metrics.record(try batch(spans))
        metrics.record(try batch(spans))
        let series = metrics.snapshot().spans
        #expect(series.map(\.labels?.name) == ["GET /users/{id}/cart"])
        #expect(series.first?.durations.count == 200)
    }

    @Test func pastTheLimitSpansAreCountedInOneSeriesAndCounted() throws {
        let metrics = metrics(series: 2)
        let names = ["a", "b", "c", "d", "c", "a"]
        metrics.record(
            try batch(names.enumerated().map { .sample(UInt64($0.offset + 1), name: $0.element) }))
        let snapshot = metrics.snapshot()
        #expect(snapshot.spans.map(\.labels?.name) == ["a", "b", nil])
        #expect(snapshot.spans.map(\.durations.count) == [2, 1, 3])
        #expect(snapshot.overflowedSpans == 3)
    }

    @Test func idleSeriesMakeRoom() throws {
        let metrics = metrics(series: 1)
        metrics.record(try batch([.sample(1, name: "old")]))
        clock.move(by: PipelineLimits.seriesIdleTime + .seconds(1))
        metrics.record(try batch([.sample(2, name: "new")]))
        #expect(metrics.snapshot().spans.map(\.labels?.name) == ["new"])
        clock.move(by: PipelineLimits.seriesIdleTime + .seconds(1))
        #expect(metrics.snapshot().spans.isEmpty)
    }

    @Test func dimensionsComeFromTheSpanElseItsResource() throws {
        let metrics = metrics(dimensions: ["http.request.method", "region"])
        var inResource = SpanRecord.sample(1)
        inResource.resource = .sample("orders", Attribute("region", .string("eu")))
        var inBoth = inResource
        inBoth.spanID = SpanID(2)
        inBoth.attributes = [Attribute("region", .string("us")), Attribute("http.request.method", .string("GET"))]
        metrics.record(try batch([inResource, inBoth]))
        #expect(
            metrics.snapshot().spans.map(\.labels?.dimensions) == [
                ["http.request.method": "GET", "region": "us"], ["region": "eu"],
            ])
    }

    @Test func textThatIsNotValidMakesOneSeries() throws {
        let metrics = metrics()
        let body = OTLPEncoder.traces([.sample(1, name: "xA")])
        for bad in [0xFF, 0xFE] as [UInt8] {
            let place = try #require(body.indices.first { body[$0...].starts(with: Array("xA".utf8)) })
            var broken = body
            broken[place + 1] = bad
            metrics.record(try OTLPDecoder.traces(broken).batch)
        }
        let series = metrics.snapshot().spans
        #expect(series.map(\.labels?.name) == ["x\u{FFFD}"])
        #expect(series.first?.durations.count == 2)
    }

    @Test func unfinishedSpansAreNotCounted() throws {
        let metrics = metrics()
        var open = SpanRecord.sample(1)
        open.end = .zero
        open.attributes = [Attribute(SpanRecord.unfinishedKey, .bool(true))]
        metrics.record(try batch([open]))
        #expect(metrics.snapshot().spans.isEmpty && metrics.snapshot().edges.isEmpty)
    }

    @Test func aServiceWithoutANameIsCalledAsInTheStore() throws {
        let metrics = metrics()
        var span = SpanRecord.sample(1)
        span.resource = Resource(attributes: [])
        metrics.record(try batch([span]))
        #expect(metrics.snapshot().spans.map(\.labels?.service) == [Resource.unknownService])
    }

    @Test func longServicesAndNamesAreCut() throws {
        let metrics = metrics()
        let long = String(repeating: "x", count: 100_000)
        metrics.record(try batch([.sample(1, service: long, name: long)]))
        let labels = try #require(metrics.snapshot().spans.first?.labels)
        #expect(labels.service.utf8.count == PipelineLimits.spanLabelBytes)
        #expect(labels.name.utf8.count == PipelineLimits.spanLabelBytes)
    }

    @Test func nothingInANameMakesItAnothersService() throws {
        let metrics = metrics()
        metrics.record(
            try batch([
                .sample(1, service: "a", name: "x\u{0}\u{2}\u{0}y", kind: .internal),
                .sample(2, service: "a\u{0}\u{1}\u{0}x", name: "y", kind: .server),
            ]))
        #expect(metrics.snapshot().spans.count == 2)
    }

    @Test func whatComesWhileAnotherIsCountedIsCounted() async throws {
        let metrics = metrics()
        let spans = try batch((1...100).map { .sample($0, name: "read") })
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<200 { metrics.record(spans) }
                }
            }
        }
        #expect(metrics.snapshot().spans.map(\.durations.count) == [160_000])
    }

    @Test func servicesThatComeAndGoKeepTheirNames() throws {
        let metrics = metrics(series: 2)
        for round in 1...4 {
            let spans: [SpanRecord] = [
                .sample(1, service: "web \(round)", kind: .server),
                .sample(2, parent: 1, service: "jobs \(round)", kind: .client),
            ]
            metrics.record(try batch(spans))
            clock.move(by: PipelineLimits.callWait + .seconds(1))
            let snapshot = metrics.snapshot()
            #expect(snapshot.spans.map(\.labels?.service) == ["jobs \(round)", "web \(round)"])
            #expect(snapshot.edges.map(\.edge?.server) == ["web \(round)"])
            #expect(snapshot.unpaired.map(\.service) == ["jobs \(round)"])
            #expect(snapshot.targets.map(\.job) == ["jobs \(round)", "web \(round)"])
            clock.move(by: PipelineLimits.seriesIdleTime + .seconds(1))
        }
    }

    @Test func resourcesAreTargetsOnce() throws {
        let metrics = metrics()
        var span = SpanRecord.sample(1)
        span.resource = .sample(
            "orders", Attribute("service.namespace", .string("shop")), Attribute("service.instance.id", .string("a1")),
            Attribute("host.name", .string("h")))
        metrics.record(try batch([span]))
        metrics.record(try batch([span]))
        #expect(
            metrics.snapshot().targets == [
                TargetSeries(job: "shop/orders", instance: "a1", attributes: ["host.name": "h"])
            ])
    }
}

@Suite struct SpanNameTemplateTests {
    @Test(arguments: [
        ("GET /users/4711/orders/7d3f0a52-2f14-4a6b-9f3d-0b7a3c1d9e55", "GET /users/{id}/orders/{id}"),
        ("SELECT * FROM t WHERE id = 12", "SELECT * FROM t WHERE id = {id}"), ("GET /v1/orders", "GET /v1/orders"),
        ("s3.PutObject", "s3.PutObject"), ("utf8 decode", "utf8 decode"), ("cafe", "cafe"), ("deadbeef", "deadbeef"),
        ("object 5f2b8c1e9d", "object {id}"), ("session Zk3xP9aQ1mB7tR2u", "session {id}"),
        ("worker-3", "worker-3"), ("grpc.health.v1.Health/Check", "grpc.health.v1.Health/Check"), ("", ""),
        ("日本 42", "日本 {id}"), ("get_user_by_id_2024_archive_v2", "get_user_by_id_2024_archive_v2"),
    ])
    func namesKeepWhatIsNoID(name: String, template: String) {
        var name = name
        let bytes = name.withUTF8 { SpanNameTemplate.bytes(of: $0) }
        #expect(String(decoding: bytes, as: UTF8.self) == template)
    }

    @Test func longNamesAreCutBetweenCharacters() {
        var name = String(repeating: "é", count: 300)
        let bytes = name.withUTF8 { SpanNameTemplate.bytes(of: $0) }
        #expect(String(validating: bytes, as: UTF8.self)?.count == PipelineLimits.spanLabelBytes / 2)
    }
}

private struct RefusingSink: SpanSink, LogSink {
    let error: SinkError

    func accept(_ batch: SpanBatch) async throws(SinkError) { throw error }
    func accept(_ batch: LogBatch) async throws(SinkError) { throw error }
}
