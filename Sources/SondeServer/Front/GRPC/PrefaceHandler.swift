// SPDX-License-Identifier: Apache-2.0
// The first handler of a connection on the gRPC port: looks at the first bytes and builds what they ask for. HTTP/2 begins
// with 24 fixed bytes; whoever begins otherwise speaks HTTP/1.1 and is told, in HTTP/1.1, what this port is for.

import NIOCore
import NIOHTTP2

final class PrefaceHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let dispatcher: GRPCDispatcher
    private let handler: GRPCConnectionHandler
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?

    /// https://www.rfc-editor.org/rfc/rfc9113#preface
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    init(dispatcher: GRPCDispatcher, handler: GRPCConnectionHandler) {
        self.dispatcher = dispatcher
        self.handler = handler
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = context.loopBound
        timer = context.eventLoop.scheduleTask(in: dispatcher.limits.idleTimeout.timeAmount) {
            bound.value.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        let begin = received.readableBytesView.prefix(Self.preface.count)
        guard begin.elementsEqual(Self.preface.prefix(begin.count)) else { return become(context, addHTTP1) }
        if begin.count == Self.preface.count { become(context, addHTTP2) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent, ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Adds the handlers behind this one, hands them what has come and goes.
    private func become(_ context: ChannelHandlerContext, _ add: (any Channel) throws -> Void) {
        do {
            try add(context.channel)
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(wrapInboundOut(received))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func addHTTP1(_ channel: any Channel) throws {
        // Nothing is served there, so no request will ever wait for an answer.
        _ = try HTTPFront(dispatcher: dispatcher.stranger).configure(channel)
    }

    private func addHTTP2(_ channel: any Channel) throws {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: dispatcher.limits.grpcStreams),
            HTTP2Setting(parameter: .initialWindowSize, value: ServerLimits.grpcWindowBytes),
            HTTP2Setting(parameter: .maxFrameSize, value: ServerLimits.grpcFrameBytes),
            HTTP2Setting(parameter: .maxHeaderListSize, value: dispatcher.limits.maxHeaderBytes),
        ]
        // Each call that is refused early leaves a reset stream on which frames are still on their way.
        connection.maximumRecentlyResetStreams = dispatcher.limits.grpcStreams * 2
        connection.controlFrameRateLimit.maximumCount = ServerLimits.grpcControlFrames
        connection.controlFrameRateLimit.windowLength = .seconds(1)
        var streams = NIOHTTP2Handler.StreamConfiguration()
        streams.streamResetFrameRateLimit.maximumCount = ServerLimits.grpcResets
        streams.streamErrorRateLimit.maximumCount = ServerLimits.grpcResets
        try channel.pipeline.syncOperations.addHandlers(
            NIOHTTP2Handler(
                mode: .server, frameDelegate: handler, connectionConfiguration: connection, streamConfiguration: streams
            ),
            handler)
    }
}
