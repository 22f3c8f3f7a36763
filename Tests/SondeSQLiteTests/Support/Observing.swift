// SPDX-License-Identifier: Apache-2.0
// A clock that tests set, and an observer that counts.

import SondeModel
import SondeSQLite
import Synchronization

final class ManualTime: Sendable {
    private let time: Mutex<Timestamp>

    init(_ start: Timestamp) { time = Mutex(start) }

    var now: Timestamp {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }
}

final class CountingObserver: StoreObserver {
    private let state = Mutex<[String: Int]>([:])

    var counts: [String: Int] { state.withLock { $0 } }

    private func add(_ amount: Int, to name: String) { state.withLock { $0[name, default: 0] += amount } }

    func committed(spans: Int, logs: Int, bytes: Int, batches: Int, duration: Duration) {
        add(spans, to: "spans")
        add(logs, to: "logs")
    }

    func merged(blocks: Int, into: Int, records: Int, bytes: Int, duplicates: Int, duration: Duration) {
        add(records, to: "merged")
    }

    func checkpointed(pages: Int, duration: Duration) { add(1, to: "checkpoints") }
}
