// SPDX-License-Identifier: Apache-2.0
// The rules of taking in one request after another on one connection, as a state machine: what arrived goes in, what to
// do comes out. It never touches a socket.
//
//   waiting ──head──▶ collecting ──end──▶ answering ──answered──▶ waiting
//                │        └──too much, too slow──▶ lingering ──▶ closed
//                └──refused──▶ draining (short body) ──end──▶ answering
//                        └──▶ lingering (long or unknown body)

import NIOCore
import NIOHTTP1
import SondePipeline

struct RequestIntake {
    enum State: Hashable {
        /// No request is under way.
        case waiting
        /// The body of an accepted request is arriving.
        case collecting
        /// The short body of a refused request is arriving; the refusal is sent when it ends.
        case draining
        /// The request is complete; its answer is being made.
        case answering
        /// A refusal has been sent before the body ended; what still comes is thrown away.
        case lingering
        case closed
    }

    enum Action {
        case wait
        /// Tell the peer to go on: it waits for `100 Continue`.
        case sendContinue
        case deliver(Request)
        /// The request under way can't be taken any further; abandon it with an answer that says so.
        case refuse(Refusal)
        /// Send this answer; the connection may live on.
        case answer(Reply)
        /// Send this answer now and close once the peer has had a chance to read it.
        case answerAndLinger(Reply)
        case close
    }

    /// What was decided about a request when its head was there.
    enum Plan {
        case take(RouteMatch)
        /// The route is the one that was asked for, if there is one.
        case refuse(Reply, Route?)
    }

    private(set) var state = State.waiting
    private let limits: ServerLimits
    private var head: HTTPRequestHead?
    private var match: RouteMatch?
    private var refusedRoute: Route?
    private var refusal: Reply?
    private var body: [UInt8] = []
    private var arrival = ContinuousClock.now
    private var receivedBytes = 0
    private var declaredBytes: Int?
    private var remainingBytes = 0
    private var isPeerFinished = false

    init(limits: ServerLimits) {
        self.limits = limits
    }

    /// When the head of the request under way was complete.
    var requestArrival: ContinuousClock.Instant { arrival }
    /// The head of the request under way.
    var requestHead: HTTPRequestHead? { head }
    /// The route of the request under way; nil if none was found.
    var route: Route? { match?.route ?? refusedRoute }
    /// Bytes of an accepted body that are still to come, where its length was announced; 0 if nothing is awaited.
    var awaitedBytes: Int {
        guard state == .collecting, let declaredBytes else { return 0 }
        return max(0, declaredBytes - receivedBytes)
    }
    /// The question under way, once it has its place.
    var question: Question? {
        get { match?.question }
        set { match?.question = newValue }
    }
    /// Whether the connection may serve another request after this answer.
    func keepsAlive(after reply: Reply) -> Bool {
        guard let head, state == .answering else { return false }
        return !isPeerFinished && !reply.closesConnection && head.isKeepAlive && !head.isLast
    }

    // MARK: What arrives

    mutating func receive(_ head: HTTPRequestHead, plan: Plan) -> Action {
        self.head = head
        arrival = .now
        let declared = head.declaredBodyBytes
        let expectsContinue = head.expectsContinue && declared != 0
        switch plan {
        case .take(let match):
            self.match = match
            state = .collecting
            receivedBytes = 0
            declaredBytes = declared
            if match.route.intake.takesBody {
                body.reserveCapacity(min(declared ?? 0, ServerLimits.firstBodyBytes))
            }
            return expectsContinue ? .sendContinue : .wait
        case .refuse(let reply, let route):
            refusedRoute = route
            if let declared, declared <= limits.drainBytes, !expectsContinue, !reply.closesConnection {
                refusal = reply
                remainingBytes = declared
                state = .draining
                return .wait
            }
            return linger(reply)
        }
    }

    mutating func receive(_ chunk: ByteBuffer) -> Action {
        switch state {
        case .collecting: return collect(chunk)
        case .lingering:
            remainingBytes -= chunk.readableBytes
            guard remainingBytes > 0 else { return close() }
            return .wait
        case .waiting, .draining, .answering, .closed: return .wait
        }
    }

    mutating func receiveEnd() -> Action {
        switch state {
        case .collecting:
            guard let head, let match else { preconditionFailure("a request being collected has a head and a route") }
            state = .answering
            let request = Request(head: head, match: match, body: body, arrival: arrival)
            body = []
            return .deliver(request)
        case .draining:
            guard let refusal else { preconditionFailure("a request being drained has its refusal ready") }
            state = .answering
            return .answer(refusal)
        case .lingering: return close()
        case .waiting, .answering, .closed: return .wait
        }
    }

    /// The peer will send nothing more. One that has sent telemetry may want to hear what became of it; one that has asked
    /// has hung up, as far as anyone can tell before its answer is sent.
    mutating func receiveEndOfInput() -> Action {
        isPeerFinished = true
        return state == .answering && question == nil ? .wait : close()
    }

    // MARK: What happens

    /// Something went wrong before the request was complete: answers with `reply` if nothing has been answered yet.
    mutating func abandon(with reply: Reply) -> Action {
        switch state {
        case .waiting, .collecting, .draining: return linger(reply)
        case .answering: return .wait
        case .lingering, .closed: return close()
        }
    }

    /// The answer is on its way; ready for the next request if the connection lives on.
    mutating func answered(keepsAlive: Bool) {
        forgetRequest()
        state = keepsAlive ? .waiting : .closed
    }

    /// Nobody waits for an answer any more.
    mutating func close() -> Action {
        question?.giveUp()
        forgetRequest()
        state = .closed
        return .close
    }

    // MARK: Steps

    private mutating func collect(_ chunk: ByteBuffer) -> Action {
        guard let match else { preconditionFailure("a request being collected has a route") }
        receivedBytes += chunk.readableBytes
        let limit = match.route.maxBodyBytes(limits)
        guard receivedBytes <= limit else { return .refuse(.bodyTooLarge(limit: limit)) }
        // Nobody looks at the body of a question; keeping it would be memory outside the budget.
        guard let reservation = match.reservation else { return .wait }
        guard reservation.cover(receivedBytes, of: declaredBytes ?? limit, in: &body) else {
            return .refuse(.memoryBusy)
        }
        body.append(contentsOf: chunk.readableBytesView)
        return .wait
    }

    private mutating func linger(_ reply: Reply) -> Action {
        body = []
        match?.reservation?.release()
        remainingBytes = limits.lingerBytes
        state = .lingering
        return .answerAndLinger(reply)
    }

    private mutating func forgetRequest() {
        head = nil
        match = nil
        refusedRoute = nil
        refusal = nil
        body = []
    }
}

extension Reservation {
    /// Holds `needed` bytes of a body of at most `limit`, in steps that double it, so that neither the budget nor memory is
    /// asked for every chunk; false, and nothing changed, if there is no room.
    func cover(_ needed: Int, of limit: Int, in body: inout [UInt8]) -> Bool {
        let held = bytes
        guard needed > held else { return true }
        let step = min(max(needed - held, held, ServerLimits.firstBodyBytes), limit - held)
        guard grow(by: step) else { return grow(by: needed - held) }
        body.reserveCapacity(held + step)
        return true
    }
}

extension HTTPRequestHead {
    /// Bytes of body announced; 0 for none, nil if only the end of a chunked body will tell.
    var declaredBodyBytes: Int? {
        if headers.contains(name: "transfer-encoding") { return nil }
        guard let text = headers.first(name: "content-length") else { return 0 }
        // The decoder has refused everything but digits; a number beyond Int is surely too large.
        return Int(text) ?? .max
    }

    /// Whether the decoder stops behind this request, to let another protocol take over (`Upgrade`, as `curl --http2` and
    /// Java's client send it, and CONNECT). None ever does, so that a further request would wait for ever. Wider than the
    /// decoder's own rule, which looks for `Connection: upgrade` too.
    var isLast: Bool { method == .CONNECT || headers.contains(name: "upgrade") }

    var expectsContinue: Bool {
        headers.first(name: "expect")?.lowercased() == "100-continue" && !version.isOld
    }
}

extension Route {
    func maxBodyBytes(_ limits: ServerLimits) -> Int {
        switch intake {
        case .question, .probe: ServerLimits.questionBodyBytes
        case .document: min(limits.maxBodyBytes, ServerLimits.documentBytes)
        case .ingest: limits.maxBodyBytes
        }
    }
}

extension Refusal {
    static func bodyTooLarge(limit: Int) -> Refusal {
        .tooLarge("the body is larger than \(limit) bytes", hint: "send smaller batches")
    }

    static var memoryBusy: Refusal {
        .busy("too many request bodies are in memory at once", retryAfter: PipelineLimits.retryAfterMemory)
    }
}

extension HTTPVersion {
    /// Before 1.1: no Host, no chunks, no `100 Continue`.
    var isOld: Bool { (major, minor) < (1, 1) }
}
