// SPDX-License-Identifier: Apache-2.0
// The metadata that a server was sent, call by call.

#if GRPC
    import GRPCCore
    import Synchronization

    final class Collected: Sendable {
        private let state = Mutex<[Metadata]>([])

        var all: [Metadata] { state.withLock { $0 } }

        func add(_ metadata: Metadata) { state.withLock { $0.append(metadata) } }
    }
#endif
