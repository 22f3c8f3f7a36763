// SPDX-License-Identifier: Apache-2.0
// A gRPC connection without sockets, on a loop whose time the test moves. To be used on one thread.

import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Sonde
import SondePipeline
import SondeStorage

@testable import SondeServer

/// The collector's end of a connection, and its client's, which speaks HTTP/2 as it should.
@LoopThread final class EmbeddedGRPC {
    let dispatcher: GRPCDispatcher
    let registry = MetricsRegistry()
    let server = EmbeddedChannel()
    private let client = EmbeddedChannel()
    private let connection: GRPCFront.Connection
    private var lastStream = -1
    /// What the client has been sent and not been asked for.
    private var frames: [HTTP2Frame] = []

    /// - Parameter speaks: false for a connection on which the test writes bytes itself.
    init(speaks: Bool = true, settings: HTTP2Settings = []) throws {
        let readiness = Readiness()
        readiness.become(.ready)
        let doors = Doors(
            configuration: CollectorConfiguration(), store: MemoryStore(), registry: registry, readiness: readiness,
            logger: .quiet)
        dispatcher = doors.grpcDispatcher(for: BoundListener(name: .otlpGRPC, address: .loopback(4317)))
        connection = try GRPCFront(dispatcher: dispatcher).setup(channel: server, logger: .quiet).wait()
        try server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        guard speaks else { return }
        try client.pipeline.syncOperations.addHandler(
            NIOHTTP2Handler(
                mode: .client, initialSettings: settings, headerBlockValidation: .disabled,
                contentLengthValidation: .disabled))
        try client.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 2)).wait()
        try exchange()
    }

    var openCalls: Int { connection.handler.value.openCalls }

    /// Carries bytes over until neither end has any more.
    func exchange() throws {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            server.embeddedEventLoop.run()
            while let bytes = try client.readOutbound(as: ByteBuffer.self) {
                isQuiet = false
                if server.isActive { try server.writeInbound(bytes) }
            }
            while let bytes = try server.readOutbound(as: ByteBuffer.self) {
                isQuiet = false
                if client.isActive { try client.writeInbound(bytes) }
            }
        }
        while let frame = try client.readInbound(as: HTTP2Frame.self) { frames.append(frame) }
    }

    func advance(_ time: TimeAmount) throws {
        server.embeddedEventLoop.advanceTime(by: time)
        try exchange()
    }

    /// The time passes and the client hears nothing of it.
    func advanceUnheard(_ time: TimeAmount) { server.embeddedEventLoop.advanceTime(by: time) }

    // MARK: The client

    func send(_ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID = .rootStream) throws {
        try client.writeOutbound(HTTP2Frame(streamID: id, payload: payload))
        try exchange()
    }

    func begin(_ path: String = GRPCPath.traces) throws -> HTTP2StreamID {
        lastStream += 2
        try send(.headers(.init(headers: Self.head(path))), on: HTTP2StreamID(lastStream))
        return HTTP2StreamID(lastStream)
    }

    func send(_ bytes: [UInt8], on id: HTTP2StreamID, isLast: Bool = false) throws {
        try send(.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: isLast)), on: id)
    }

    /// What has been sent on a stream since it was asked last.
    func received(on id: HTTP2StreamID = .rootStream) -> [HTTP2Frame.FramePayload] {
        defer { frames.removeAll { $0.streamID == id } }
        return frames.filter { $0.streamID == id }.map(\.payload)
    }

    /// The status that came on a stream; nil for none.
    func status(on id: HTTP2StreamID) -> String? {
        for case .headers(let block) in received(on: id) {
            if let status = block.headers.first(name: "grpc-status") { return status }
        }
        return nil
    }

    nonisolated static func head(_ path: String) -> HPACKHeaders {
        [
            ":method": "POST", ":scheme": "http", ":path": path, ":authority": "127.0.0.1",
            "content-type": "application/grpc", "te": "trailers",
        ]
    }

    // MARK: The collector

    /// Answers the next call that has been delivered; there must be one.
    func answerNext() async throws {
        var arriving = connection.calls.makeAsyncIterator()
        guard let call = await arriving.next(isolation: #isolation) else { return }
        let answer = await dispatcher.respond(to: call)
        connection.handler.value.answer(answer, on: call.stream)
        try exchange()
    }

    /// Answers all calls that were delivered before the connection ended; returns how many they were.
    func answerRest() async -> Int {
        var count = 0
        for await call in connection.calls {
            count += 1
            connection.handler.value.answer(await dispatcher.respond(to: call), on: call.stream)
        }
        return count
    }
}
