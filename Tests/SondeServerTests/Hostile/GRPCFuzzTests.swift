// SPDX-License-Identifier: Apache-2.0
// Frames of HTTP/2 in any order, of any kind, damaged or whole, cut anywhere: whatever comes, the connection answers,
// waits or ends, and no call, byte of memory or connection is left over.

import NIOCore
import NIOEmbedded
import NIOHPACK
import Sonde
import SondePipeline
import SondeTestKit
import SondeWire
import Testing

@testable import SondeServer

@LoopThread @Suite(.timeLimit(.minutes(10))) struct GRPCFuzzTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    @Test(arguments: 0..<6)
    func survivesAnyFrames(round: Int) async throws {
        var delivered = 0
        for seed in round * 50..<round * 50 + 50 { delivered += try await run(seed: seed) }
        // Else it would only show how connections end.
        #expect(delivered > 50)
    }

    /// One connection; the calls that got through to their routes.
    private func run(seed: Int) async throws -> Int {
        var random = Dice(state: UInt64(seed))
        var writer = FrameWriter()
        var bytes = Self.preface + writer.settings()
        for _ in 0..<Int.random(in: 1...60, using: &random) { bytes += writer.next(&random) }
        // Half of the runs keep their frames whole, so that they get further.
        if seed % 2 == 0 {
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: Self.preface.count..<bytes.count, using: &random)] ^=
                    1 << UInt8.random(in: 0..<8, using: &random)
            }
        }
        let grpc = try EmbeddedGRPC(speaks: false)
        while !bytes.isEmpty, grpc.server.isActive {
            let piece = bytes.prefix(Int.random(in: 1...400, using: &random))
            bytes.removeFirst(piece.count)
            // What breaks the rules is reported as an error of the channel too.
            _ = try? grpc.server.writeInbound(ByteBuffer(bytes: piece))
            if Int.random(in: 0..<12, using: &random) == 0 { grpc.advanceUnheard(.seconds(7)) }
            _ = try? grpc.server.readOutbound(as: ByteBuffer.self)
            #expect(grpc.openCalls <= grpc.dispatcher.limits.grpcStreams)
        }
        // No peer is waited for longer than this, whatever is open.
        grpc.advanceUnheard(.hours(2))
        #expect(!grpc.server.isActive)
        let delivered = await grpc.answerRest()
        #expect(grpc.openCalls == 0)
        #expect(grpc.dispatcher.budget.usedBytes == 0)
        let page = String(decoding: grpc.registry.exposition(accept: nil).body, as: UTF8.self)
        #expect(page.contains("sonde_http_connections{listener=\"otlp-grpc\"} 0\n"))
        #expect(
            !page.contains("sonde_http_requests_in_progress{listener=\"otlp-grpc\"} ")
                || page.contains(
                    "sonde_http_requests_in_progress{listener=\"otlp-grpc\"} 0\n")
        )
        _ = try? grpc.server.finish()
        return delivered
    }
}

/// Makes frames: most of them as a client would, some as nobody should.
private struct FrameWriter {
    private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    private var newest = -1
    /// Streams whose message has not been ended.
    private var open: [Int] = []
    private static let messages = [
        GRPCConnection.framed(OTLPEncoder.traces([.sample(1)])), GRPCConnection.framed([]),
        GRPCConnection.framed([1, 2, 3]), GRPCConnection.prefix(100_000), GRPCConnection.prefix(.max >> 32),
        GRPCConnection.framed(Gzip.compress(OTLPEncoder.traces([.sample(2)])), isCompressed: true),
        GRPCConnection.framed([8, 1]) + GRPCConnection.framed([8, 1]), [0], [],
    ]

    func settings() -> [UInt8] { frame(4, flags: 0, stream: 0, []) }

    /// Mostly what a client may send; now and then what nobody may.
    mutating func next(_ random: inout Dice) -> [UInt8] {
        switch Int.random(in: 0..<30, using: &random) {
        case 0..<10: return call(&random)
        case 10..<14:
            let bytes = headers(isLast: false, &random)
            open.append(newest)
            return bytes
        case 14..<20:
            guard let place = open.indices.randomElement(using: &random) else { return [] }
            let isLast = Bool.random(using: &random)
            let stream = isLast ? open.remove(at: place) : open[place]
            return data(stream, isLast: isLast, &random)
        case 20..<23:
            guard let place = open.indices.randomElement(using: &random) else { return [] }
            return frame(
                3, flags: 0, stream: open.remove(at: place), [0, 0, 0, UInt8.random(in: 0...14, using: &random)])
        case 23, 24: return frame(6, flags: 0, stream: 0, noise(8, &random))
        case 25, 26: return frame(8, flags: 0, stream: 0, [0, 0, 1, UInt8.random(in: 0...255, using: &random)])
        case 27, 28: return settings()
        default: return forbidden(&random)
        }
    }

    private mutating func call(_ random: inout Dice) -> [UInt8] {
        let head = headers(isLast: false, &random)
        // The first is whole and plain.
        let message = Self.messages[
            Bool.random(using: &random) ? 0 : Int.random(in: 0..<Self.messages.count, using: &random)]
        let cut = Int.random(in: 0...message.count, using: &random)
        return head + frame(0, flags: 0, stream: newest, Array(message[..<cut]))
            + frame(0, flags: 1, stream: newest, Array(message[cut...]))
    }

    private func data(_ stream: Int, isLast: Bool, _ random: inout Dice) -> [UInt8] {
        frame(0, flags: isLast ? 1 : 0, stream: stream, Self.messages.randomElement(using: &random) ?? [])
    }

    private func forbidden(_ random: inout Dice) -> [UInt8] {
        // Streams that are open, were open, and never were.
        let stream = newest + 2 * Int.random(in: -3...1, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return data(stream, isLast: true, &random)
        case 1: return frame(3, flags: 0, stream: stream, [0, 0, 0, 8])
        case 2: return frame(6, flags: 1, stream: 0, noise(8, &random))
        case 3: return frame(8, flags: 0, stream: Bool.random(using: &random) ? 0 : stream, noise(4, &random))
        case 4: return frame(4, flags: 0, stream: 0, [0, UInt8.random(in: 1...8, using: &random)] + noise(4, &random))
        case 5: return frame(2, flags: 0, stream: stream, noise(5, &random))
        case 6:
            return frame(0, flags: 8, stream: stream, [UInt8.random(in: 0...12, using: &random)] + noise(9, &random))
        case 7: return frame(7, flags: 0, stream: 0, noise(8, &random))
        default:
            let type = UInt8.random(in: 0...12, using: &random)
            return frame(
                type, flags: UInt8.random(in: 0...255, using: &random), stream: Int.random(in: 0...9, using: &random),
                noise(Int.random(in: 0...40, using: &random), &random))
        }
    }

    private mutating func headers(isLast: Bool, _ random: inout Dice) -> [UInt8] {
        newest += 2
        let paths = [
            GRPCPath.traces, GRPCPath.traces, GRPCPath.logs, GRPCPath.metrics, GRPCPath.health, "/a.B/C", "", "nowhere",
        ]
        var head = EmbeddedGRPC.head(paths.randomElement(using: &random) ?? "")
        let odd = [
            ("grpc-encoding", "gzip"), ("grpc-encoding", "br"), ("grpc-timeout", "1S"), ("grpc-timeout", "x"),
            ("grpc-timeout", "0n"), ("content-length", "3"), (":path", "/again"), ("x", "\0"), ("Upper", "case"),
        ]
        if Int.random(in: 0..<8, using: &random) == 0, let (name, value) = odd.randomElement(using: &random) {
            head.add(name: name, value: value)
        }
        var block = ByteBuffer()
        // Its own headers can be encoded always.
        try? encoder.encode(headers: head, to: &block)
        let bytes = Array(buffer: block)
        guard Int.random(in: 0..<4, using: &random) == 0 else {
            return frame(1, flags: isLast ? 5 : 4, stream: newest, bytes)
        }
        let cut = Int.random(in: 0...bytes.count, using: &random)
        return frame(1, flags: isLast ? 1 : 0, stream: newest, Array(bytes[..<cut]))
            + frame(9, flags: 4, stream: newest, Array(bytes[cut...]))
    }

    private func noise(_ count: Int, _ random: inout Dice) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func frame(_ type: UInt8, flags: UInt8, stream: Int, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
            + withUnsafeBytes(of: UInt32(truncatingIfNeeded: stream).bigEndian) { Array($0) } + payload
    }
}
