// SPDX-License-Identifier: Apache-2.0
// An answer as the frames that carry it.

import NIOCore
import NIOHPACK
import NIOHTTP2

enum GRPCFrames {
    /// The payloads in order; the last ends the stream.
    static func payloads(of answer: GRPCAnswer, connection allocator: ByteBufferAllocator) -> [HTTP2Frame.FramePayload]
    {
        switch answer {
        case .message(let message): [success, data(message, allocator), trailers]
        case .failure(let status): [failure(status)]
        case .foreign(let status, let text): foreign(status, text)
        }
    }

    private static let success = HTTP2Frame.FramePayload.headers(
        .init(headers: [":status": "200", "content-type": "application/grpc"]))

    private static let trailers = HTTP2Frame.FramePayload.headers(
        .init(headers: ["grpc-status": "0"], endStream: true))

    /// The message behind its five bytes.
    private static func data(_ message: ByteBuffer, _ allocator: ByteBufferAllocator) -> HTTP2Frame.FramePayload {
        var data = allocator.buffer(capacity: 5 + message.readableBytes)
        data.writeInteger(UInt8(0))
        data.writeInteger(UInt32(message.readableBytes))
        data.writeImmutableBuffer(message)
        return .data(.init(data: .byteBuffer(data)))
    }

    /// Head and trailers in one.
    private static func failure(_ status: GRPCStatus) -> HTTP2Frame.FramePayload {
        var headers: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]
        status.write(to: &headers)
        return .headers(.init(headers: headers, endStream: true))
    }

    private static func foreign(_ status: Int, _ text: String) -> [HTTP2Frame.FramePayload] {
        let body = ByteBuffer(string: text + "\n")
        var headers: HPACKHeaders = [":status": String(status), "content-type": "text/plain; charset=utf-8"]
        if status == 405 { headers.add(name: "allow", value: "POST") }
        headers.add(name: "content-length", value: String(body.readableBytes))
        return [.headers(.init(headers: headers)), .data(.init(data: .byteBuffer(body), endStream: true))]
    }
}
