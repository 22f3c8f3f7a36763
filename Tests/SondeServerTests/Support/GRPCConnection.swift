// SPDX-License-Identifier: Apache-2.0
// A gRPC client that sends exactly the frames it is told and reads what comes, so that tests can be impolite.

import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix

/// One connection to a port on loopback, HTTP/2 from the first byte.
final class GRPCConnection {
    private let outbound: NIOAsyncChannelOutboundWriter<HTTP2Frame>
    private var inbound: NIOAsyncChannelInboundStream<HTTP2Frame>.AsyncIterator
    private var replies: [HTTP2StreamID: GRPCReply] = [:]
    private var lastStream = -1
    /// Frames on the connection itself, in order.
    private(set) var notices: [HTTP2Frame.FramePayload] = []

    private init(
        _ inbound: NIOAsyncChannelInboundStream<HTTP2Frame>, _ outbound: NIOAsyncChannelOutboundWriter<HTTP2Frame>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Connects, runs `body`, hangs up.
    static func open<Result: Sendable>(
        port: Int, settings: HTTP2Settings = [], _ body: (GRPCConnection) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOHTTP2Handler(
                            mode: .client, initialSettings: settings, headerBlockValidation: .disabled,
                            contentLengthValidation: .disabled))
                    return try NIOAsyncChannel<HTTP2Frame, HTTP2Frame>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(GRPCConnection(inbound, outbound))
        }
    }

    // MARK: Sending

    /// Begins a call; the message follows unless `isLast`.
    func begin(
        _ path: String, headers: [(String, String)] = [], replacing: [String: String] = [:], isLast: Bool = false
    ) async throws -> HTTP2StreamID {
        lastStream += 2
        let id = HTTP2StreamID(lastStream)
        let usual = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "127.0.0.1"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        var block = HPACKHeaders()
        for (name, value) in usual { block.add(name: name, value: replacing[name] ?? value) }
        for (name, value) in headers { block.add(name: name, value: value) }
        try await send(.headers(.init(headers: block, endStream: isLast)), on: id)
        return id
    }

    func send(_ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID = .rootStream) async throws {
        try await outbound.write(HTTP2Frame(streamID: id, payload: payload))
    }

    func send(_ bytes: [UInt8], on id: HTTP2StreamID, isLast: Bool) async throws {
        try await send(.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: isLast)), on: id)
    }

    /// One unary call from its first to its last frame.
    func call(
        _ path: String, _ message: [UInt8], isCompressed: Bool = false, headers: [(String, String)] = []
    ) async throws -> GRPCReply {
        let id = try await begin(path, headers: headers)
        try await send(Self.framed(message, isCompressed: isCompressed), on: id, isLast: true)
        return try await reply(on: id)
    }

    /// A message behind its five bytes.
    static func framed(_ message: [UInt8], isCompressed: Bool = false) -> [UInt8] {
        prefix(message.count, isCompressed: isCompressed) + message
    }

    static func prefix(_ count: Int, isCompressed: Bool = false) -> [UInt8] {
        [isCompressed ? 1 : 0] + withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
    }

    // MARK: Reading

    /// The answer on a stream, once it is complete. Throws ``HungUp`` if the peer ends the connection before.
    func reply(on id: HTTP2StreamID) async throws -> GRPCReply {
        while replies[id]?.isComplete != true { try await readFrame() }
        return replies.removeValue(forKey: id) ?? GRPCReply()
    }

    /// Reads until a frame on the connection itself satisfies `condition`.
    func notice(_ condition: (HTTP2Frame.FramePayload) -> Bool) async throws {
        while !notices.contains(where: condition) { try await readFrame() }
    }

    /// Reads until the peer hangs up.
    func isClosed() async -> Bool {
        while true {
            do { try await readFrame() } catch { return true }
        }
    }

    struct HungUp: Error {}

    private func readFrame() async throws {
        guard let frame = try await inbound.next() else { throw HungUp() }
        let id = frame.streamID
        switch frame.payload {
        case .headers(let block):
            replies[id, default: GRPCReply()].add(block.headers)
            if block.endStream { replies[id]?.isComplete = true }
        case .data(let data):
            guard case .byteBuffer(let bytes) = data.data else { return }
            replies[id, default: GRPCReply()].body += Array(buffer: bytes)
            if data.endStream { replies[id]?.isComplete = true }
        case .rstStream(let code):
            // After a complete answer it only says that no more is wanted.
            guard replies[id]?.isComplete != true else { return }
            replies[id, default: GRPCReply()].reset = code
            replies[id]?.isComplete = true
        default: if id == .rootStream { notices.append(frame.payload) }
        }
    }
}

struct GRPCReply: Sendable {
    /// Head and trailers together.
    var headers = HPACKHeaders()
    var body: [UInt8] = []
    var reset: HTTP2ErrorCode?
    var isComplete = false
    /// Blocks of headers: one where the trailers came alone.
    var blocks = 0

    var status: Int? { Int(self["grpc-status"] ?? "") }
    var text: String { self["grpc-message"] ?? "" }
    /// The message, without its five bytes; nil if there is none.
    var message: [UInt8]? { body.count >= 5 ? Array(body.dropFirst(5)) : nil }

    subscript(name: String) -> String? { headers.first(name: name) }

    mutating func add(_ block: HPACKHeaders) {
        blocks += 1
        for (name, value, _) in block { headers.add(name: name, value: value) }
    }
}

/// Where the exports are.
enum GRPCPath {
    static let traces = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    static let logs = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    static let metrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    static let health = "/grpc.health.v1.Health/Check"
}
