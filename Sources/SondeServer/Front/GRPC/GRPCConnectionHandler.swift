// SPDX-License-Identifier: Apache-2.0
// The last handler of a gRPC connection's channel. It reads frames itself instead of giving every stream a channel of its
// own: a call is one small request and one small answer, and a channel costs more than both. Everything here runs on the
// channel's event loop; complete calls leave for the connection's task, answers return.

import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2
import SondePipeline

final class GRPCConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let dispatcher: GRPCDispatcher
    private let calls: AsyncStream<GRPCCall>.Continuation
    private var lifecycle: GRPCLifecycle
    private var streams: [HTTP2StreamID: Stream] = [:]
    private var context: ChannelHandlerContext?
    private var timer: (task: Scheduled<Void>, fires: NIODeadline)?
    private var hasUnflushedFrames = false
    private var isBroken = false

    /// Calls under way, answered ones included until the caller has ended them.
    var openCalls: Int { streams.count }

    /// One call under way.
    private struct Stream {
        /// Nil where the call was refused by its head.
        var intake: GRPCIntake?
        var method: GRPCMethod?
        let arrival = ContinuousClock.now
        /// When the caller stops waiting.
        var callerDeadline = NIODeadline.distantFuture
        /// When something must have happened: the end of the message, the answer, or the stream's end after it.
        var deadline: NIODeadline
        var isAnswered = false
        /// Whether its answer is being made.
        var isInProgress = false
        /// Whether the caller has sent all it wants to send.
        var hasEnded = false
    }

    init(dispatcher: GRPCDispatcher, calls: AsyncStream<GRPCCall>.Continuation, now: NIODeadline) {
        self.dispatcher = dispatcher
        self.calls = calls
        self.lifecycle = GRPCLifecycle(limits: dispatcher.limits, now: now)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        dispatcher.metrics.connectionOpened(listener: dispatcher.listener)
        arm(lifecycle.deadline, context)
        let increment = ServerLimits.grpcWindowBytes - Self.protocolWindowBytes
        write(.windowUpdate(windowSizeIncrement: increment), on: .rootStream, context)
        context.flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.task.cancel()
        timer = nil
        for id in Array(streams.keys) { forget(id) }
        calls.finish()
        dispatcher.metrics.connectionClosed(listener: dispatcher.listener)
    }

    /// What every connection starts with, whatever the settings say (RFC 9113, section 6.9.2).
    private static let protocolWindowBytes = 65_535

    // MARK: What arrives

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let headers):
            receive(headers.headers, isLast: headers.endStream, on: frame.streamID, context)
        case .data(let piece):
            guard case .byteBuffer(let bytes) = piece.data else { return }
            receive(bytes, isLast: piece.endStream, on: frame.streamID, context)
        case .ping(_, ack: true): perform(lifecycle.pingAnswered(now: context.eventLoop.now), context)
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        calls.finish()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // A peer that sends calls and does not read the answers gets no further.
        let isWritable = context.channel.isWritable
        _ = context.channel.setOption(.autoRead, value: isWritable)
        lifecycle.writabilityChanged(isWritable, now: context.eventLoop.now)
        arm(lifecycle.deadline, context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as NIOHTTP2WindowUpdatedEvent: grantMore(event, context)
        case let event as StreamClosedEvent:
            guard forget(event.streamID) else { return }
            perform(lifecycle.streamClosed(now: context.eventLoop.now), context)
        case is ChannelShouldQuiesceEvent: perform(lifecycle.beginShutdown(now: context.eventLoop.now), context)
        case ChannelEvent.inputClosed: perform(lifecycle.inputEnded(now: context.eventLoop.now), context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// An error of one stream has reset that stream; one of the connection, which has been sent as a GOAWAY, or of the
    /// socket, ends everything.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        dispatcher.logger.debug("a gRPC connection met an error", metadata: ["error": "\(error)"])
        guard isBroken || error is IOError || !context.channel.isActive else { return }
        perform(lifecycle.close(), context)
    }

    // MARK: One call

    private func receive(
        _ headers: HPACKHeaders, isLast: Bool, on id: HTTP2StreamID, _ context: ChannelHandlerContext
    ) {
        // Headers after the first are trailers, and a unary request's trailers say nothing.
        guard streams[id] == nil else { return receive(ByteBuffer(), isLast: isLast, on: id, context) }
        let head = GRPCHead(headers)
        let now = context.eventLoop.now
        var stream = Stream(deadline: now + dispatcher.limits.requestDeadline.timeAmount)
        if let timeout = head.timeout {
            stream.callerDeadline = now + timeout.timeAmount
            stream.deadline = min(stream.deadline, stream.callerDeadline)
        }
        stream.hasEnded = isLast
        lifecycle.streamOpened(id)
        switch dispatcher.plan(head) {
        case .take(let method, let isGzip):
            stream.method = method
            stream.intake = GRPCIntake(
                method: method, isGzip: isGzip, limits: dispatcher.limits, budget: dispatcher.budget)
            arm(stream.deadline, context)
            streams[id] = stream
            if isLast { receive(ByteBuffer(), isLast: true, on: id, context) }
        case .refuse(let answer):
            streams[id] = stream
            send(answer, on: id, context)
        }
    }

    private func receive(
        _ piece: ByteBuffer, isLast: Bool, on id: HTTP2StreamID, _ context: ChannelHandlerContext
    ) {
        // Taken in place: a copy of the stream would copy the message with it.
        guard let index = streams.index(forKey: id) else { return }
        if isLast { streams.values[index].hasEnded = true }
        let action = streams.values[index].intake?.receive(piece, isLast: isLast, on: id) ?? .wait
        switch action {
        case .wait: break
        case .deliver(let call):
            streams.values[index].deadline = streams.values[index].callerDeadline
            streams.values[index].isInProgress = true
            dispatcher.metrics.requestsInProgress(listener: dispatcher.listener, change: 1)
            calls.yield(call)
        case .refuse(let status, let reason):
            dispatcher.count(reason, of: call(at: index))
            send(.failure(status), on: id, context)
        }
    }

    private func endProgress(at index: Dictionary<HTTP2StreamID, Stream>.Index) {
        guard streams.values[index].isInProgress else { return }
        streams.values[index].isInProgress = false
        dispatcher.metrics.requestsInProgress(listener: dispatcher.listener, change: -1)
    }

    /// Lets a call go that has ended; false if it is not known.
    @discardableResult
    private func forget(_ id: HTTP2StreamID) -> Bool {
        guard let index = streams.index(forKey: id) else { return false }
        endProgress(at: index)
        streams.values[index].intake?.abandon()
        streams.remove(at: index)
        return true
    }

    private func call(at index: Dictionary<HTTP2StreamID, Stream>.Index) -> GRPCMethod {
        guard let method = streams.values[index].method else {
            preconditionFailure("a call that is taken in has a method")
        }
        return method
    }

    /// Sends the answer to a call that was delivered.
    func answer(_ answer: GRPCAnswer, on id: HTTP2StreamID) {
        // The caller may have given up, or been told that its time is over.
        guard let context, streams[id] != nil else { return }
        send(answer, on: id, context)
        flush(context)
    }

    private func send(_ answer: GRPCAnswer, on id: HTTP2StreamID, _ context: ChannelHandlerContext) {
        guard let index = streams.index(forKey: id), !streams.values[index].isAnswered else { return }
        streams.values[index].isAnswered = true
        endProgress(at: index)
        streams.values[index].deadline = context.eventLoop.now + dispatcher.limits.answerDeadline.timeAmount
        let stream = streams.values[index]
        dispatcher.record(answer, method: stream.method, since: stream.arrival)
        // Writing the end of an ended stream closes it, and it is forgotten there and then.
        for payload in GRPCFrames.payloads(of: answer, connection: context.channel.allocator) {
            write(payload, on: id, context)
        }
        guard !stream.hasEnded else { return }
        // A reset takes with it what is not flushed.
        if case .foreign = answer { context.flush() }
        // What is still to come is not wanted: NO_ERROR lets the caller keep the answer (RFC 9113, section 8.1).
        write(.rstStream(.noError), on: id, context)
    }

    // MARK: Flow control

    /// Gives a window back when half of it is used: one update for megabytes. Bodies are taken off the connection at
    /// once, so nothing is gained by holding senders back; a stream whose message fits what it has needs none.
    private func grantMore(_ event: NIOHTTP2WindowUpdatedEvent, _ context: ChannelHandlerContext) {
        guard let left = event.inboundWindowSize, left <= ServerLimits.grpcWindowBytes / 2 else { return }
        if event.streamID != .rootStream {
            guard let stream = streams[event.streamID], !stream.hasEnded, !stream.isAnswered,
                stream.intake?.expectedBytes ?? 0 > left
            else { return }
        }
        let increment = ServerLimits.grpcWindowBytes - left
        write(.windowUpdate(windowSizeIncrement: increment), on: event.streamID, context)
    }

    // MARK: The connection's end

    private func perform(_ action: GRPCLifecycle.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .none: break
        case .announce:
            write(.goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil), on: .rootStream, context)
            write(.ping(HTTP2PingData(withInteger: 0), ack: false), on: .rootStream, context)
            flush(context)
        case .refuseAfter(let last, let closing):
            write(.goAway(lastStreamID: last, errorCode: .noError, opaqueData: nil), on: .rootStream, context)
            flush(context)
            if closing { closeSoon(context) }
        case .close: closeSoon(context)
        }
        arm(lifecycle.deadline, context)
    }

    /// Closes after what has been written was flushed: a stream is closed while its last frame is being written.
    private func closeSoon(_ context: ChannelHandlerContext) {
        let bound = context.loopBound
        context.eventLoop.execute {
            bound.value.flush()
            bound.value.close(promise: nil)
        }
    }

    // MARK: Frames

    private func write(
        _ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID, _ context: ChannelHandlerContext
    ) {
        hasUnflushedFrames = true
        context.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: nil)
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard hasUnflushedFrames else { return }
        hasUnflushedFrames = false
        context.flush()
    }

    // MARK: The clocks

    /// One timer serves connection and calls: it is only set anew for what comes earlier than it fires.
    private func arm(_ deadline: NIODeadline, _ context: ChannelHandlerContext) {
        guard deadline != .distantFuture else { return }
        if let timer, timer.fires <= deadline { return }
        timer?.task.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: deadline) { bound.value.timerFired() }
        timer = (task, deadline)
    }

    private func timerFired() {
        timer = nil
        guard let context else { return }
        let now = context.eventLoop.now
        for (id, stream) in streams where stream.deadline <= now { expire(stream, id, context) }
        perform(lifecycle.timePassed(now: now), context)
        if let next = streams.values.map(\.deadline).min() { arm(next, context) }
        flush(context)
    }

    private func expire(_ stream: Stream, _ id: HTTP2StreamID, _ context: ChannelHandlerContext) {
        guard !stream.isAnswered else {
            // The caller does not take its answer.
            return write(.rstStream(.cancel), on: id, context)
        }
        if stream.intake?.state != .ended, let method = stream.method { dispatcher.count(.incomplete, of: method) }
        streams[id]?.intake?.abandon()
        send(.failure(stream.callerDeadline <= context.eventLoop.now ? .callerTimedOut : .tooSlow), on: id, context)
    }
}

extension GRPCConnectionHandler: NIOHTTP2FrameDelegate {
    /// The codec reports errors of streams and of the connection alike; a GOAWAY of its own tells them apart.
    func wroteFrame(_ frame: HTTP2Frame) {
        if case .goAway(_, let code, _) = frame.payload, code != .noError { isBroken = true }
    }
}
