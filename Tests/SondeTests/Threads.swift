// SPDX-License-Identifier: Apache-2.0
// Real threads, for what must hold between them.

import Dispatch

enum DispatchLoop {
    /// Runs `body` on several threads at once and returns when all are done.
    static func run(tasks: Int, _ body: @Sendable (Int) -> Void) {
        DispatchQueue.concurrentPerform(iterations: tasks, execute: body)
    }
}
