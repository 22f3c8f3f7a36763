// SPDX-License-Identifier: Apache-2.0
// How a gRPC connection ages and ends, as a state machine: events and the time go in, what to do comes out.
//
//   serving ──idle, old, shutdown──▶ announced ──PING answered, or no answer──▶ draining ──last stream closed──▶ closed
//
// A client that has not heard of the end yet may open streams meanwhile. So the end is announced twice: first for no
// stream at all, with a PING behind it, and once the PING is answered for those that have not been opened by then
// (RFC 9113, section 6.8).

import NIOCore
import NIOHTTP2

struct GRPCLifecycle {
    enum State: Hashable {
        case serving, announced, draining, closed
    }

    enum Action: Hashable {
        case none
        /// GOAWAY for the largest id there is, then a PING.
        case announce
        /// GOAWAY for what comes after this stream; `closing` if nothing is left to wait for.
        case refuseAfter(HTTP2StreamID, closing: Bool)
        case close
    }

    private(set) var state = State.serving
    private let limits: ServerLimits
    /// When the state ends if nothing happens until then.
    private var stateEnds: NIODeadline
    private let oldAt: NIODeadline
    private var stuckAt = NIODeadline.distantFuture
    private var openStreams = 0
    private var lastStream = HTTP2StreamID.rootStream

    init(limits: ServerLimits, now: NIODeadline) {
        self.limits = limits
        oldAt = now + limits.grpcConnectionAge.timeAmount
        // Clients connect to call; who never does is not a client.
        stateEnds = min(oldAt, now + min(limits.idleTimeout, limits.grpcIdleTimeout).timeAmount)
    }

    /// When the time should be told.
    var deadline: NIODeadline { min(stateEnds, stuckAt) }

    mutating func streamOpened(_ stream: HTTP2StreamID) {
        openStreams += 1
        lastStream = max(lastStream, stream)
        if state == .serving { stateEnds = oldAt }
    }

    mutating func streamClosed(now: NIODeadline) -> Action {
        openStreams -= 1
        guard openStreams == 0 else { return .none }
        switch state {
        case .serving:
            stateEnds = min(oldAt, now + limits.grpcIdleTimeout.timeAmount)
            return .none
        case .draining: return close()
        case .announced, .closed: return .none
        }
    }

    /// The connection is to end as soon as its calls are answered.
    mutating func beginShutdown(now: NIODeadline) -> Action {
        guard state == .serving else { return .none }
        state = .announced
        stateEnds = now + ServerLimits.grpcFarewellTime.timeAmount
        return .announce
    }

    mutating func pingAnswered(now: NIODeadline) -> Action {
        state == .announced ? drain(now: now) : .none
    }

    /// The peer will send nothing more.
    mutating func inputEnded(now: NIODeadline) -> Action {
        guard openStreams > 0, state != .closed else { return close() }
        state = .draining
        stateEnds = now + limits.answerDeadline.timeAmount
        return .none
    }

    /// A peer that takes no answers must do so in time.
    mutating func writabilityChanged(_ isWritable: Bool, now: NIODeadline) {
        stuckAt = isWritable ? .distantFuture : now + limits.answerDeadline.timeAmount
    }

    /// The time is `now`.
    mutating func timePassed(now: NIODeadline) -> Action {
        guard now >= deadline else { return .none }
        if now >= stuckAt { return close() }
        switch state {
        case .serving: return beginShutdown(now: now)
        case .announced: return drain(now: now)
        case .draining: return close()
        case .closed: return .none
        }
    }

    mutating func close() -> Action {
        guard state != .closed else { return .none }
        state = .closed
        (stateEnds, stuckAt) = (.distantFuture, .distantFuture)
        return .close
    }

    private mutating func drain(now: NIODeadline) -> Action {
        let closing = openStreams == 0
        state = closing ? .closed : .draining
        stateEnds =
            closing ? .distantFuture : now + limits.requestDeadline.timeAmount + limits.answerDeadline.timeAmount
        return .refuseAfter(lastStream, closing: closing)
    }
}
