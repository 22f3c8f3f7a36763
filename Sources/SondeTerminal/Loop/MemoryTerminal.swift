// SPDX-License-Identifier: Apache-2.0
// A terminal without a screen: it keeps what was written, and a test is the person at the keyboard.

import Synchronization

package final class MemoryTerminal: Terminal {
    private struct State {
        var size: Size
        var post: (@Sendable (TerminalEvent) -> Void)?
        var writes: [[UInt8]] = []
        var isSlow = false
        var printed: [String] = []
        var suspensions = 0
        var stops = 0
    }

    private let state: Mutex<State>

    package init(_ size: Size) { state = Mutex(State(size: size)) }

    package var size: Size { state.withLock { $0.size } }

    package func start(_ post: @escaping @Sendable (TerminalEvent) -> Void) throws(TerminalError) {
        state.withLock { $0.post = post }
    }

    package func write(_ bytes: [UInt8]) {
        let isSlow = state.withLock { state in
            state.writes.append(bytes)
            return state.isSlow
        }
        if !isSlow { post(.drained) }
    }

    package func suspend() {
        state.withLock { $0.suspensions += 1 }
        post(.input(.resume))
    }

    package func stop() {
        state.withLock { state in
            state.stops += 1
            state.post = nil
        }
    }

    package func printAfterwards(_ line: String) { state.withLock { $0.printed.append(line) } }
}

// MARK: - The person in front of it

extension MemoryTerminal {
    package func send(_ input: Input) { post(.input(input)) }
    package func hangUp() { post(.closed) }

    package func resize(_ size: Size) {
        state.withLock { $0.size = size }
        post(.input(.resize(size)))
    }

    /// From now on nothing is out before ``drain()``.
    package func becomeSlow() { state.withLock { $0.isSlow = true } }
    package func drain() { post(.drained) }

    /// One element a write.
    package var writes: [[UInt8]] { state.withLock { $0.writes } }
    package var printed: [String] { state.withLock { $0.printed } }
    package var suspensions: Int { state.withLock { $0.suspensions } }
    package var stops: Int { state.withLock { $0.stops } }

    private func post(_ event: TerminalEvent) { state.withLock { $0.post }?(event) }
}
