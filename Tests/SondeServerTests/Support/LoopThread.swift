// SPDX-License-Identifier: Apache-2.0
// One thread for all tests that move the time of an embedded loop, which belongs to the thread that made it; the main
// actor has none of its own on Linux.

import NIOCore
import NIOPosix

@globalActor actor LoopThread {
    static let shared = LoopThread()
    private let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }
}
