// SPDX-License-Identifier: Apache-2.0
// A client that sends exactly the bytes it is told and reads what comes, so that tests can be impolite.

import NIOCore
import NIOPosix

/// One TCP connection to a port on loopback.
final class RawConnection {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var pending = ByteBuffer()
    private let channel: any Channel

    private init(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Connects, runs `body`, hangs up.
    static func open<Result: Sendable>(
        port: Int, _ body: (RawConnection) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(RawConnection(channel.channel, inbound, outbound))
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// Says that nothing more will be sent.
    func finishSending() async throws { try await channel.close(mode: .output) }

    /// The next response; nil if the peer hangs up before it is complete.
    func response(toHEAD: Bool = false) async throws -> RawResponse? {
        guard let head = try await read(through: "\r\n\r\n") else { return nil }
        var response = RawResponse(head: head)
        if toHEAD || response.status < 200 || response.status == 204 { return response }
        guard let body = try await read(count: Int(response["content-length"] ?? "") ?? 0) else { return nil }
        response.body = body
        return response
    }

    /// Whether the peer hangs up without sending anything more.
    func isClosed() async throws -> Bool {
        guard pending.readableBytes == 0 else { return false }
        // A reset is a way of hanging up too.
        do { return try await inbound.next() == nil } catch { return true }
    }

    /// Sends `bytes` again and again; false as soon as the peer has gone.
    func canSendForever(_ bytes: [UInt8]) async throws -> Bool {
        for _ in 0..<10_000 {
            do { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) } catch { return false }
        }
        return true
    }

    private func read(through end: String) async throws -> String? {
        while true {
            let text = String(buffer: pending)
            if let range = text.firstRange(of: end) {
                let head = String(text[..<range.upperBound])
                pending.moveReaderIndex(forwardBy: head.utf8.count)
                return head
            }
            guard try await more() else { return nil }
        }
    }

    private func read(count: Int) async throws -> [UInt8]? {
        while pending.readableBytes < count {
            guard try await more() else { return nil }
        }
        return pending.readBytes(length: count)
    }

    private func more() async throws -> Bool {
        guard var chunk = try await inbound.next() else { return false }
        pending.writeBuffer(&chunk)
        return true
    }
}

struct RawResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []

    init(head: String) {
        let lines = head.split(separator: "\r\n")
        status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
    }

    subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
}
