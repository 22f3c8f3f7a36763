// SPDX-License-Identifier: Apache-2.0
// What stands behind an accepted connection on the gRPC port. As with HTTP, Hummingbird's server binds, accepts and
// quiesces, and the connection is ours from the first byte on.

import HummingbirdCore
import Logging
import NIOCore

/// Sets connections up and serves them.
struct GRPCFront: ServerChildChannel {
    let dispatcher: GRPCDispatcher

    /// A connection as the server keeps it: the calls that come, and the handler that takes the answers.
    struct Connection: ServerChildChannelValue {
        let channel: any Channel
        let calls: AsyncStream<GRPCCall>
        let handler: NIOLoopBound<GRPCConnectionHandler>
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            let (calls, continuation) = AsyncStream.makeStream(of: GRPCCall.self)
            let handler = GRPCConnectionHandler(
                dispatcher: dispatcher, calls: continuation, now: channel.eventLoop.now)
            try channel.pipeline.syncOperations.addHandler(PrefaceHandler(dispatcher: dispatcher, handler: handler))
            channel.closeFuture.whenComplete { _ in continuation.finish() }
            return Connection(
                channel: channel, calls: calls, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }
    }

    /// Answers calls side by side until the connection ends or the task is cancelled.
    func handle(value connection: Connection, logger: Logger) async {
        let loop = connection.channel.eventLoop
        await withTaskExecutorPreference(LoopExecutor(loop)) {
            await withDiscardingTaskGroup { group in
                for await call in connection.calls {
                    group.addTask {
                        let isQuick = QuickBody.isQuick(
                            call.message, isCompressed: call.isCompressed, limit: ServerLimits.quickBodyBytes)
                        let answer = await perform(isQuick: isQuick) { await dispatcher.respond(to: call) }
                        loop.execute { connection.handler.value.answer(answer, on: call.stream) }
                    }
                }
            }
        }
        connection.channel.close(promise: nil)
    }
}
