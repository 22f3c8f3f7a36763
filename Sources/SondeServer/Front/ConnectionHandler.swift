// SPDX-License-Identifier: Apache-2.0
// The last handler of a connection's channel: feeds the intake with what arrives, does what it says, keeps the clocks.
// Everything here runs on the channel's event loop; complete requests leave for the connection's task, answers return.

import NIOCore
import NIOHTTP1
import SondePipeline

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Takes requests in and puts answers out. The handler before it delivers one request at a time.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let dispatcher: Dispatcher
    private let requests: AsyncStream<Request>.Continuation
    private var intake: RequestIntake
    private var context: ChannelHandlerContext?
    /// Bytes that must be there before the kernel wakes us.
    private var lowWater = 1

    /// Whether a request is being answered.
    private var isAnswering = false {
        didSet {
            guard isAnswering != oldValue else { return }
            dispatcher.metrics.requestsInProgress(listener: dispatcher.listener, change: isAnswering ? 1 : -1)
        }
    }

    /// Whether an answer is being written, which delivers what came behind its request.
    private var isSending = false

    /// What happens if nothing happens until `deadline`.
    private var deadline = NIODeadline.distantFuture
    private var timer: (task: Scheduled<Void>, fires: NIODeadline)?

    init(dispatcher: Dispatcher, requests: AsyncStream<Request>.Continuation) {
        self.dispatcher = dispatcher
        self.requests = requests
        self.intake = RequestIntake(limits: dispatcher.limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        dispatcher.metrics.connectionOpened(listener: dispatcher.listener)
        expect(within: dispatcher.limits.idleTimeout, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.task.cancel()
        timer = nil
        isAnswering = false
        _ = intake.close()
        requests.finish()
        dispatcher.metrics.connectionClosed(listener: dispatcher.listener)
    }

    func channelInactive(context: ChannelHandlerContext) {
        requests.finish()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // After an answer that ends the connection, what was sent behind its question is not taken any more.
            guard intake.state == .waiting else { return }
            perform(intake.receive(head, plan: dispatcher.plan(head)), context)
            switch intake.state {
            case .collecting, .draining: expect(within: dispatcher.limits.requestDeadline, context)
            default: break
            }
        case .body(let chunk): perform(intake.receive(chunk), context)
        case .end: perform(intake.receiveEnd(), context)
        }
    }

    /// Has the kernel wait until much of a body is there: each wake-up and each read costs as much as taking in 50 kB.
    func channelReadComplete(context: ChannelHandlerContext) {
        let wanted = min(max(intake.awaitedBytes, 1), ServerLimits.readAheadBytes)
        if wanted != lowWater {
            lowWater = wanted
            // Where the kernel refuses, bytes are taken as they come.
            try? context.channel.syncOptions?.setOption(.receiveLowWater, value: wanted)
        }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: perform(intake.receiveEndOfInput(), context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            // The socket broke: there is nobody to answer.
            perform(intake.close(), context)
            return
        }
        abandon(Refusal(error), context)
    }

    // MARK: Doing what the intake says

    private func perform(_ action: RequestIntake.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .wait: break
        case .sendContinue:
            let head = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        case .deliver(let request): deliver(request, context)
        case .refuse(let refusal): abandon(refusal, context)
        case .answer(let reply): answer(reply)
        case .answerAndLinger(let reply): answerAndLinger(reply, context)
        case .close: context.close(promise: nil)
        }
    }

    private func deliver(_ request: Request, _ context: ChannelHandlerContext) {
        var request = request
        if request.match.route.intake.isQuestion {
            do throws(Refusal) {
                intake.question = try dispatcher.enter()
            } catch {
                return answer(dispatcher.reply(to: error, route: intake.route, head: intake.requestHead))
            }
            request.match.question = intake.question
            expect(within: dispatcher.limits.questionTime, context)
        } else {
            // The store takes its time, and says so itself where it can't.
            deadline = .distantFuture
        }
        isAnswering = true
        requests.yield(request)
    }

    private func abandon(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        let reply = dispatcher.reply(to: refusal, route: intake.route, head: intake.requestHead)
        perform(intake.abandon(with: reply), context)
    }

    /// Sends the answer to the request that was delivered last.
    func answer(_ found: Reply) {
        guard let context, intake.state == .answering else { return }
        guard !isSending else {
            // Thousands of refusals in one pipeline would be answered within each other, deeper than the stack is.
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            return context.eventLoop.execute { bound.value.answer(found) }
        }
        isSending = true
        defer { isSending = false }
        isAnswering = false
        let (reply, held) = hold(found)
        // A peer that sends questions and does not read the answers gets no further: earlier answers still wait for it.
        let keepsAlive = intake.keepsAlive(after: reply) && context.channel.isWritable
        let flushed = context.eventLoop.makePromise(of: Void.self)
        let parts = parts(of: reply, keepsAlive: keepsAlive)
        // Writing the end delivers the next request of a pipeline at once, so the state must be ready for it before.
        intake.answered(keepsAlive: keepsAlive)
        expect(within: keepsAlive ? dispatcher.limits.idleTimeout : dispatcher.limits.answerDeadline, context)
        let bound = context.loopBound
        flushed.futureResult.whenComplete { _ in
            held?.release()
            if !keepsAlive { bound.value.close(promise: nil) }
        }
        write(parts, context, promise: flushed)
    }

    /// Room for the answer to a question until its reader has taken it; a refusal where there is none. What is larger
    /// than all the room goes alone. The metrics page goes always: it is what tells why others don't.
    private func hold(_ reply: Reply) -> (Reply, Reservation?) {
        let size = reply.body.readableBytes
        guard intake.question != nil, size > ServerLimits.smallAnswerBytes else { return (reply, nil) }
        if let held = dispatcher.answers.reserve(min(size, dispatcher.answers.capacity)) { return (reply, held) }
        dispatcher.metrics.questionRefused(.answers)
        return (dispatcher.reply(to: .tooManyAnswers, route: intake.route, head: intake.requestHead), nil)
    }

    /// No answer was found in time: says so and hangs up, so that a late one can't be taken for that of a later question.
    private func giveUpQuestion() {
        guard let question = intake.question else { return }
        question.giveUp()
        dispatcher.metrics.questionRefused(.timedOut)
        let refusal = Refusal.unanswered(after: dispatcher.limits.questionTime)
        answer(dispatcher.reply(to: refusal, route: intake.route, head: intake.requestHead))
    }

    /// Sends an answer while the request is still arriving, then lets the peer read it: no more is sent, what comes is
    /// thrown away, and the connection ends with the peer's end, the byte bound or the clock.
    private func answerAndLinger(_ reply: Reply, _ context: ChannelHandlerContext) {
        expect(within: dispatcher.limits.lingerTime, context)
        let flushed = context.eventLoop.makePromise(of: Void.self)
        let bound = context.loopBound
        flushed.futureResult.whenComplete { _ in bound.value.close(mode: .output, promise: nil) }
        write(parts(of: reply, keepsAlive: false), context, promise: flushed)
    }

    private func parts(of reply: Reply, keepsAlive: Bool) -> [HTTPServerResponsePart] {
        dispatcher.record(reply, route: intake.route, head: intake.requestHead, since: intake.requestArrival)
        var head = HTTPResponseHead(version: .http1_1, status: reply.status, headers: reply.headers)
        if reply.status != .noContent {
            head.headers.add(name: "content-length", value: String(reply.body.readableBytes))
        }
        head.headers.add(name: "date", value: dispatcher.date.text)
        if !keepsAlive {
            head.headers.add(name: "connection", value: "close")
        } else if intake.requestHead?.version.isOld == true {
            head.headers.add(name: "connection", value: "keep-alive")
        }
        dispatcher.cors?.mark(&head.headers)
        if intake.requestHead?.method == .HEAD || reply.body.readableBytes == 0 { return [.head(head), .end(nil)] }
        return [.head(head), .body(.byteBuffer(reply.body)), .end(nil)]
    }

    private func write(
        _ parts: [HTTPServerResponsePart], _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>
    ) {
        for part in parts.dropLast() { context.write(wrapOutboundOut(part), promise: nil) }
        if let last = parts.last { context.writeAndFlush(wrapOutboundOut(last), promise: promise) }
    }

    // MARK: The clocks

    /// Sets the time until which something must happen. One timer serves them all: it is only set anew when the next
    /// deadline is earlier than the one it waits for.
    private func expect(within duration: Duration, _ context: ChannelHandlerContext) {
        deadline = context.eventLoop.now + duration.timeAmount
        guard let timer, timer.fires <= deadline else { return setTimer(context) }
    }

    private func setTimer(_ context: ChannelHandlerContext) {
        timer?.task.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: deadline) { bound.value.timerFired() }
        timer = (task, deadline)
    }

    private func timerFired() {
        timer = nil
        guard let context, deadline != .distantFuture else { return }
        guard context.eventLoop.now >= deadline else { return setTimer(context) }
        switch intake.state {
        case .collecting, .draining:
            abandon(.tooSlow, context)
        case .waiting, .lingering, .closed: perform(intake.close(), context)
        case .answering: giveUpQuestion()
        }
    }
}

extension Refusal {
    static var tooSlow: Refusal {
        var refusal = Refusal(.requestTimeout, code: "too_slow", "the request's body did not arrive in time")
        refusal.closesConnection = true
        return refusal
    }

    init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow:
            self.init(.requestHeaderFieldsTooLarge, code: "headers_too_large", "the request's headers are too large")
        case .invalidEOFState:
            self = .invalid("the request ended before its body was complete")
        case .paused:
            // The parser stops at the preface of HTTP/2, to let another take over.
            self = .invalid(
                "this port speaks HTTP/1.1, and the request begins as HTTP/2 does",
                hint: "OTLP over gRPC is taken by another port (--otlp-grpc, usually 4317)")
        default:
            self = .invalid("this is not HTTP/1.1 as we know it: \(error.debugDescription)")
        }
        closesConnection = true
    }
}

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
    /// `SO_RCVLOWAT`.
    fileprivate static var receiveLowWater: Self {
        .init(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_RCVLOWAT))
    }
}
