// SPDX-License-Identifier: Apache-2.0
// The rules of taking in one call, as a state machine: pieces of the stream go in, what to do comes out. It never touches
// a socket. A unary request is one message, and a message is five bytes and what they announce:
//
//   ┌────────────┬───────────────────┬───────────┐
//   │ compressed │ length, big-endian│ message … │      prefix ──5 bytes──▶ message ──length──▶ complete ──end──▶ ended
//   │   1 byte   │      4 bytes      │           │         └────────── refused, or cut short ─────────────────▶ ended
//   └────────────┴───────────────────┴───────────┘

import NIOCore
import NIOHTTP2
import SondePipeline

struct GRPCIntake {
    enum State: Hashable {
        /// Waiting for the five bytes.
        case prefix
        /// Waiting for the rest of the message.
        case message
        /// The message is there, the end of the stream is not.
        case complete
        /// Delivered or refused; what still comes is thrown away.
        case ended
    }

    enum Action {
        case wait
        case deliver(GRPCCall)
        case refuse(GRPCStatus, RefusalReason)
    }

    private(set) var state = State.prefix
    private let method: GRPCMethod
    private let isGzip: Bool
    private let maxMessageBytes: Int
    private let budget: InFlightBudget

    private var prefix: UInt64 = 0
    private var prefixBytes = 0
    private var message: [UInt8] = []
    private var missingBytes = 0
    private var isCompressed = false
    private var reservation: Reservation?

    init(method: GRPCMethod, isGzip: Bool, limits: ServerLimits, budget: InFlightBudget) {
        self.method = method
        self.isGzip = isGzip
        self.maxMessageBytes = method.maxMessageBytes(limits)
        self.budget = budget
    }

    /// The message's bytes that are still to come; 0 while nothing has been announced.
    var expectedBytes: Int { missingBytes }

    /// Takes the next piece of the stream, which may be empty.
    mutating func receive(_ piece: ByteBuffer, isLast: Bool, on stream: HTTP2StreamID) -> Action {
        var piece = piece
        if state == .prefix, let refusal = readPrefix(&piece) { return end(refusal) }
        if state == .message, let refusal = collect(&piece) { return end(refusal) }
        switch state {
        case .ended: return .wait
        case .prefix, .message:
            guard isLast else { return .wait }
            return end((cutShort, .incomplete))
        case .complete:
            guard piece.readableBytes == 0 else { return end((.tooManyMessages, .undecodable)) }
            guard isLast else { return .wait }
            state = .ended
            let call = GRPCCall(
                stream: stream, method: method, message: message, isCompressed: isCompressed, reservation: reservation)
            forget()
            return .deliver(call)
        }
    }

    /// The call ends for a reason that lies outside of it.
    mutating func abandon() {
        state = .ended
        reservation?.release()
        forget()
    }

    // MARK: Steps

    /// Reads what is missing of the prefix and, with the fifth byte, decides whether the message may come: a message
    /// that is too large is refused before it is read.
    private mutating func readPrefix(_ piece: inout ByteBuffer) -> (GRPCStatus, RefusalReason)? {
        while prefixBytes < 5, let byte = piece.readInteger(as: UInt8.self) {
            prefix = prefix << 8 | UInt64(byte)
            prefixBytes += 1
        }
        guard prefixBytes == 5 else { return nil }
        let length = Int(prefix & 0xFFFF_FFFF)
        switch prefix >> 32 {
        case 0: isCompressed = false
        case 1 where isGzip: isCompressed = true
        case 1: return (.init(.internal, "the message is compressed, but no grpc-encoding says how"), .unsupported)
        default: return (.init(.internal, "the message's first byte is neither 0 nor 1"), .undecodable)
        }
        guard length <= maxMessageBytes else { return (.tooLarge(length, limit: maxMessageBytes), .tooLarge) }
        let first = min(length, ServerLimits.firstBodyBytes)
        guard let reservation = budget.reserve(first) else { return (.memoryBusy, .memory) }
        self.reservation = reservation
        missingBytes = length
        message.reserveCapacity(first)
        state = length == 0 ? .complete : .message
        return nil
    }

    private mutating func collect(_ piece: inout ByteBuffer) -> (GRPCStatus, RefusalReason)? {
        guard let part = piece.readSlice(length: min(piece.readableBytes, missingBytes)), let reservation else {
            return nil
        }
        let announced = message.count + missingBytes
        let needed = message.count + part.readableBytes
        guard reservation.cover(needed, of: announced, in: &message) else { return (.memoryBusy, .memory) }
        message.append(contentsOf: part.readableBytesView)
        missingBytes -= part.readableBytes
        if missingBytes == 0 { state = .complete }
        return nil
    }

    private var cutShort: GRPCStatus {
        guard state == .message else {
            return prefixBytes == 0
                ? .init(.unimplemented, "the request has no message; one was expected")
                : .init(.internal, "the request ends after \(prefixBytes) of a message's first 5 bytes")
        }
        return .init(.internal, "the request ends \(missingBytes) bytes before its message does")
    }

    private mutating func end(_ refusal: (status: GRPCStatus, reason: RefusalReason)) -> Action {
        abandon()
        return .refuse(refusal.status, refusal.reason)
    }

    private mutating func forget() {
        message = []
        reservation = nil
        missingBytes = 0
    }
}

extension GRPCStatus {
    /// What gRPC's table of status codes wants for a request of other than one message.
    static var tooManyMessages: GRPCStatus {
        GRPCStatus(.unimplemented, "the request has more than one message; one was expected")
    }

    static func tooLarge(_ length: Int, limit: Int) -> GRPCStatus {
        GRPCStatus(
            .resourceExhausted,
            "the message is announced as \(length) bytes; the limit is \(limit); send smaller batches")
    }

    static var memoryBusy: GRPCStatus {
        GRPCStatus(
            .resourceExhausted, "too many request bodies are in memory at once",
            retryAfter: PipelineLimits.retryAfterMemory)
    }

    static var tooSlow: GRPCStatus {
        GRPCStatus(.deadlineExceeded, "the request's message did not arrive in time")
    }

    static var callerTimedOut: GRPCStatus {
        GRPCStatus(.deadlineExceeded, "the request's own grpc-timeout has passed")
    }
}
