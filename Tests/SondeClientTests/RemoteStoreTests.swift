// SPDX-License-Identifier: Apache-2.0
// A collector reached over the network keeps every promise of a reader, and fails with sentences that help.

import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Sonde
import SondeClient
import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct RemoteStoreTests {
    // MARK: What goes wrong

    @Test(arguments: [
        "", "localhost:16686", "ftp://localhost", "http://", "http://a b", "http://user@host", "http://h?x",
        "http://127.0.0.1:99999", "http://[::1]:0",
    ])
    func refusesWhatIsNotTheURLOfACollector(url: String) {
        #expect {
            _ = try RemoteStore(url: url)
        } throws: { error in
            guard case .invalid(let reason)? = error as? ReadError else { return false }
            return reason.contains("http://127.0.0.1:16686")
        }
    }

    @Test func aPortWithoutCollectorIsUnreachableAndSaysWhatToDo() async throws {
        // A port that was free a moment ago, now closed.
        let port = try await withCollector { collector in collector.port }
        let store = try RemoteStore(url: "http://127.0.0.1:\(port)")
        await #expect(
            throws: ReadError.unreachable(
                "no collector answers at http://127.0.0.1:\(port); start one with `sonde serve`, or name a file with --db"
            )
        ) { try await store.services() }
        await store.close()
    }

    @Test func aHostThatDoesNotExistIsUnreachable() async throws {
        let store = try RemoteStore(url: "http://no-such-host.invalid:16686")
        await #expect {
            _ = try await store.services()
        } throws: { error in
            guard case .unreachable? = error as? ReadError else { return false }
            return true
        }
        await store.close()
    }

    @Test func anAnswerThatDripsIsGivenUpAtTheTimeForAllOfIt() async throws {
        let dripping = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { $0.pipeline.addHandler(Dripping()) }
            .bind(host: "127.0.0.1", port: 0).get()
        let url = "http://127.0.0.1:\(dripping.localAddress?.port ?? 0)"
        let store = try RemoteStore(url: url, answerTimeout: .milliseconds(300))
        await #expect(throws: ReadError.failed("the collector at \(url) gave no whole answer within 300 ms")) {
            try await store.services()
        }
        await store.close()
        try await dripping.close()
    }

    @Test func whatTheCollectorRefusesIsInvalidWithItsWords() async throws {
        try await withCollector { collector in
            var query = TraceQuery()
            query.minDuration = 2
            query.maxDuration = 1
            await #expect(throws: ReadError.invalid("nothing can match: minDuration is larger than maxDuration")) {
                try await collector.remote.search(query)
            }
        }
    }

    @Test func aPathThatIsNotTheAPIsIsNotMistakenForAnAnswer() async throws {
        try await withCollector { collector in
            let wrong = try RemoteStore(url: collector.remote.url + "/elsewhere")
            await #expect(throws: ReadError.self) { try await wrong.services() }
            await #expect(throws: ReadError.self) { try await wrong.search(TraceQuery()) }
            await wrong.close()
        }
    }

    @Test func whatTheAPICannotExpressIsUnsupportedAndNeverAnEmptyList() async throws {
        try await withCollector { collector in
            var query = TraceQuery()
            query.operation = ""
            await #expect(throws: ReadError.unsupported("cannot ask a collector for an empty operation")) {
                try await collector.remote.search(query)
            }
        }
    }

    @Test func whatCannotBeImportedSaysWhy() async throws {
        try await withCollector { collector in
            await #expect {
                _ = try await collector.remote.store([0x0A, 0x7F], as: .spans)
            } throws: { error in
                guard case .rejected(let reason)? = error as? SinkError else { return false }
                return reason.hasPrefix("cannot decode OTLP body")
            }
            var nameless = SpanRecord.sample(1)
            nameless.spanID = .zero
            let (rejected, reason) = try await collector.remote.store(
                OTLPEncoder.traces([nameless, .sample(2)]), as: .spans)
            #expect(rejected == 1 && !reason.isEmpty)
            _ = try await collector.remote.store(OTLPEncoder.logs([.sample("kept")]), as: .logs)
            #expect(try await collector.remote.statistics().logs == 1)
        }
        let nobody = try RemoteStore(url: "http://127.0.0.1:9")
        await #expect {
            _ = try await nobody.store([], as: .spans)
        } throws: { error in
            guard case .busy? = error as? SinkError else { return false }
            return true
        }
        await nobody.close()
    }

    // MARK: What is promised

    @Test(arguments: StoreContract.claims)
    func keepsThePromise(claim: StoreContract.Claim) async throws {
        try await withCollector { collector in
            try await claim.verify(
                StoreContract(
                    spans: collector.store, logs: collector.store, traceReader: collector.remote,
                    logReader: collector.remote, pins: collector.remote, codec: .otlp))
        }
    }

    @Test func namesAndValuesOfEveryKindSurviveTheQueryString() async throws {
        let odd = "a/b?c=d&e+f%20 ü\u{1F600}\"#"
        try await withCollector { collector in
            let span = SpanRecord.sample(1, service: odd, name: odd, attributes: [Attribute(odd, .string(odd))])
            try await collector.store.accept(StoreContract.Codec.otlp.spanBatch([span, .sample(trace: 2, 2)]))
            let operations = try await collector.remote.operations(of: odd)
            #expect(operations == [OperationSummary(name: odd, kind: .server)])
            var query = TraceQuery()
            query.service = odd
            query.operation = odd
            query.attributes = [AttributeCondition(key: odd, value: odd)]
            let page = try await collector.remote.search(query)
            #expect(page.traces.map(\.traceID) == [.sample(1)])
        }
    }

    // MARK: The collector under test

    private struct Remote: Sendable {
        var port: Int
        var store: MemoryStore
        var remote: RemoteStore
    }

    private func withCollector<Result: Sendable>(
        _ body: @Sendable (Remote) async throws -> Result
    ) async throws -> Result {
        var configuration = CollectorConfiguration()
        configuration.listeners = [.query: .loopback(0)]
        let store = MemoryStore()
        let (ready, announce) = AsyncStream.makeStream(of: [BoundListener].self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let services = ServiceGroup(
            services: [
                Collector(configuration: configuration, store: store, registry: MetricsRegistry(), logger: logger) {
                    announce.yield($0)
                }
            ], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { announce.finish() }
                try await services.run()
            }
            let port = await ready.first { _ in true }?.first?.address.port ?? 0
            let remote = try RemoteStore(url: "http://127.0.0.1:\(port)/")
            let result = try await body(Remote(port: port, store: store, remote: remote))
            await remote.close()
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return result
        }
    }
}

extension StoreContract.Codec {
    /// Records as OTLP bytes and back.
    static let otlp = StoreContract.Codec(
        spanBatch: { try OTLPDecoder.traces(OTLPEncoder.traces($0)).batch },
        logBatch: { try OTLPDecoder.logs(OTLPEncoder.logs($0)).batch })
}

/// Answers with a byte of body now and then, for ever.
private final class Dripping: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n", context)
        let loop = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { task in
            guard loop.value.channel.isActive else { return task.cancel() }
            self.write("1\r\n \r\n", loop.value)
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
