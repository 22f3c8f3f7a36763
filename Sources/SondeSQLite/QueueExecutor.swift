// SPDX-License-Identifier: Apache-2.0
// Runs an actor on a thread of its own: SQLite blocks, and must not block the threads that all tasks share.

import Dispatch

final class QueueExecutor: SerialExecutor {
    let queue: DispatchQueue

    init(label: String, qos: DispatchQoS = .userInitiated) {
        queue = DispatchQueue(label: label, qos: qos)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
