// SPDX-License-Identifier: Apache-2.0
// One connection of OTLP over gRPC.

import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix

final class GRPCSender {
    private let outbound: NIOAsyncChannelOutboundWriter<HTTP2Frame>
    private let answers: AnswerReader<HTTP2Frame>
    private let isGzip: Bool
    private let frameBytes: Int
    private let headers: HPACKHeaders
    private var lastStream = -1

    private init(
        _ outbound: NIOAsyncChannelOutboundWriter<HTTP2Frame>, _ answers: AnswerReader<HTTP2Frame>, isGzip: Bool,
        frameBytes: Int
    ) {
        self.outbound = outbound
        self.answers = answers
        self.isGzip = isGzip
        self.frameBytes = frameBytes
        var headers: HPACKHeaders = [
            ":method": "POST", ":scheme": "http",
            ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export", ":authority": "127.0.0.1",
            "content-type": "application/grpc", "te": "trailers", "user-agent": "sonde-load-sender",
        ]
        if isGzip { headers.add(name: "grpc-encoding", value: "gzip") }
        self.headers = headers
    }

    static func open(
        port: Int, isGzip: Bool, frameBytes: Int, _ body: (GRPCSender) async throws -> Void
    ) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOHTTP2Handler(mode: .client, initialSettings: []))
                    return try NIOAsyncChannel<HTTP2Frame, HTTP2Frame>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            let answers = AnswerReader(inbound)
            // Frames and windows are small until the server's settings have come.
            while true {
                if case .settings(.settings) = try await answers.next().payload { break }
            }
            try await body(GRPCSender(outbound, answers, isGzip: isGzip, frameBytes: frameBytes))
        }
    }

    /// Sends a message and waits for the end of its call.
    func exchange(_ message: [UInt8]) async throws {
        lastStream += 2
        let id = HTTP2StreamID(lastStream)
        try await outbound.write(contentsOf: frames(message, on: id))
        while true {
            let frame = try await answers.next()
            guard frame.streamID == id else {
                if case .goAway(_, let code, _) = frame.payload { throw Failure("the server said GOAWAY: \(code)") }
                continue
            }
            switch frame.payload {
            case .headers(let block) where block.endStream: return try check(block.headers)
            case .rstStream(let code): throw Failure("the server reset the call: \(code)")
            default: break
            }
        }
    }

    private func frames(_ message: [UInt8], on id: HTTP2StreamID) -> [HTTP2Frame] {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(message.count + 5)
        bytes.writeInteger(UInt8(isGzip ? 1 : 0))
        bytes.writeInteger(UInt32(message.count))
        bytes.writeBytes(message)
        var frames = [HTTP2Frame(streamID: id, payload: .headers(.init(headers: headers)))]
        while let piece = bytes.readSlice(length: min(frameBytes, bytes.readableBytes)) {
            let isLast = bytes.readableBytes == 0
            frames.append(
                HTTP2Frame(streamID: id, payload: .data(.init(data: .byteBuffer(piece), endStream: isLast))))
            if isLast { break }
        }
        return frames
    }

    private func check(_ trailers: HPACKHeaders) throws {
        let status = trailers.first(name: "grpc-status")
        guard status == "0" else {
            throw Failure("the server answered \(status ?? "-"): \(trailers.first(name: "grpc-message") ?? "")")
        }
    }
}
