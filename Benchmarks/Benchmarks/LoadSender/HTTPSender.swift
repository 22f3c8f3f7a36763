// SPDX-License-Identifier: Apache-2.0
// One connection of OTLP over HTTP/1.1.

import NIOCore
import NIOHTTP1
import NIOPosix

struct HTTPSender: ~Copyable {
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    private let answers: AnswerReader<HTTPClientResponsePart>
    private let head: HTTPRequestHead

    static func open(port: Int, isGzip: Bool, _ body: (borrowing HTTPSender) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/v1/traces")
        head.headers = ["host": "127.0.0.1", "content-type": "application/x-protobuf"]
        if isGzip { head.headers.add(name: "content-encoding", value: "gzip") }
        try await channel.executeThenClose { inbound, outbound in
            try await body(HTTPSender(outbound: outbound, answers: AnswerReader(inbound), head: head))
        }
    }

    /// Sends a body and waits for its acknowledgement.
    borrowing func exchange(_ body: [UInt8]) async throws {
        var head = head
        head.headers.add(name: "content-length", value: String(body.count))
        try await outbound.write(
            contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)])
        while true {
            switch try await answers.next() {
            case .head(let answer):
                guard answer.status == .ok else { throw Failure("the server answered \(answer.status)") }
            case .body: break
            case .end: return
            }
        }
    }
}

/// What a connection receives, read by one task.
final class AnswerReader<Part: Sendable> {
    private var iterator: NIOAsyncChannelInboundStream<Part>.AsyncIterator

    init(_ inbound: NIOAsyncChannelInboundStream<Part>) {
        iterator = inbound.makeAsyncIterator()
    }

    func next() async throws -> Part {
        guard let part = try await iterator.next() else { throw Failure("the server hung up") }
        return part
    }
}
