// SPDX-License-Identifier: Apache-2.0
// A real server on a free port of the loopback interface, for as long as a test needs it.

import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import SondeModel
import SondeWire
import Synchronization

/// Runs `router` while `body` runs; `body` gets the port.
func withServer<Context: RequestContext & Sendable, R: Sendable>(
    _ router: Router<Context>, _ body: @escaping @Sendable (Int) async throws -> R
) async throws -> R where Context.Source == ApplicationRequestContextSource {
    let (ports, port) = AsyncStream<Int>.makeStream()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let app = Application(
        router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    let group = ServiceGroup(services: [app], logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        let port = await iterator.next() ?? 0
        do {
            let result = try await body(port)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        } catch {
            tasks.cancelAll()
            throw error
        }
    }
}

/// A collector that answers as it is told and remembers what it got.
final class ScriptedCollector: Sendable {
    struct Received: Sendable {
        var path: String
        var headers: HTTPFields
        var body: [UInt8]
    }

    private struct State {
        var answers: [Response]
        var received: [Received] = []
    }

    private let state: Mutex<State>
    private let arrivals: AsyncStream<Received>
    private let arrival: AsyncStream<Received>.Continuation

    /// Answers in order; the last one again and again.
    init(_ answers: [Response]) {
        state = Mutex(State(answers: answers))
        (arrivals, arrival) = AsyncStream.makeStream()
    }

    var received: [Received] { state.withLock { $0.received } }

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.post("/v1/**") { request, _ in
            var request = request
            let body = try await request.collectBody(upTo: 1 << 26)
            let received = Received(path: request.uri.path, headers: request.headers, body: Array(buffer: body))
            let answer = self.state.withLock { state in
                state.received.append(received)
                return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
            }
            self.arrival.yield(received)
            return answer
        }
        return router
    }

    /// Waits for the next request that nobody has waited for.
    func next() async -> Received? {
        var iterator = arrivals.makeAsyncIterator()
        return await iterator.next()
    }
}

extension ScriptedCollector.Received {
    /// The spans of the body, inflated if need be.
    func spans() throws -> [SpanRecord] {
        let isCompressed = headers[.contentEncoding] == "gzip"
        let bytes = isCompressed ? try Gzip.inflate(body, limit: 1 << 26) : body
        return try OTLPDecoder.traces(bytes).batch.records()
    }

    func logs() throws -> [SondeModel.LogRecord] { try OTLPDecoder.logs(body).batch.records() }
}
