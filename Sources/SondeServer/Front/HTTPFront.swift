// SPDX-License-Identifier: Apache-2.0
// What stands behind an accepted connection. Hummingbird's server binds, accepts and quiesces; from the first byte on
// the connection is ours, since limits, deadlines and early refusals must be decided on the event loop.

import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Sets connections up and serves them.
struct HTTPFront: ServerChildChannel {
    let dispatcher: Dispatcher

    /// A connection as the server keeps it: the requests that come, and the handler that takes the answers.
    struct Connection: ServerChildChannelValue {
        let channel: any Channel
        let requests: AsyncStream<Request>
        let handler: NIOLoopBound<ConnectionHandler>
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture { try configure(channel) }
    }

    /// Adds the handlers of HTTP/1.1. On the channel's event loop.
    func configure(_ channel: any Channel) throws -> Connection {
        let limits = dispatcher.limits
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.maxHeaderBytes
        decoderLimits.maxHeaderListSize = limits.maxHeaderBytes
        decoderLimits.maxHeaderFieldCount = limits.maxHeaderCount
        // By hand, since the usual pipeline lets the decoder hoard without end once it has stopped decoding.
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoderLimits)
        try channel.pipeline.syncOperations.addHandlers(
            HTTPResponseEncoder(configuration: .init()),
            ByteToMessageHandler(decoder, maximumBufferSize: ServerLimits.undecodedBytes),
            HTTPServerPipelineHandler(), NIOHTTPResponseHeadersValidator())
        let (requests, continuation) = AsyncStream.makeStream(of: Request.self)
        try channel.syncOptions?.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: ServerLimits.readAheadBytes))
        let handler = ConnectionHandler(dispatcher: dispatcher, requests: continuation)
        try channel.pipeline.syncOperations.addHandler(handler)
        return Connection(
            channel: channel, requests: requests, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
    }

    /// Answers one request after the other until the connection ends or the task is cancelled.
    func handle(value connection: Connection, logger: Logger) async {
        let loop = connection.channel.eventLoop
        await withTaskExecutorPreference(LoopExecutor(loop)) {
            for await request in connection.requests {
                let reply = await perform(isQuick: request.isQuick) { await dispatcher.respond(to: request) }
                loop.execute { connection.handler.value.answer(reply) }
            }
        }
        connection.channel.close(promise: nil)
    }
}
