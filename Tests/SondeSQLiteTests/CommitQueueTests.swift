// SPDX-License-Identifier: Apache-2.0
// How the writer waits for company: until it is there, no longer than its patience, and not once the store closes.

import Dispatch
import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("The queue before the writer")
struct CommitQueueTests {
    /// Far longer than any test may take.
    private static let endless = Duration.seconds(3_600)

    /// Adds a batch whose sender hears once it is taken.
    private static func add(
        _ batch: SpanBatch = SpanBatch(bytes: [], entries: [], resources: [], scopes: []), to queue: CommitQueue
    ) async -> Task<Void, Never> {
        let before = queue.count
        let sender = Task.detached {
            _ = await withCheckedContinuation { continuation in
                _ = queue.add(WaitingBatch(content: .spans(batch), sender: continuation))
            }
        }
        while queue.count == before { await Task.yield() }
        return sender
    }

    private static func answer(_ queue: CommitQueue) -> Int {
        let group = queue.take()
        for batch in group { batch.sender.resume(returning: .success(())) }
        return group.count
    }

    @Test func theWaitEndsWithTheBatchThatWasMissing() async {
        let queue = CommitQueue(byteLimit: 1 << 20)
        var senders = [await Self.add(to: queue)]
        let waiter = DispatchQueue(label: "writer")
        let isOver = Task.detached {
            await withCheckedContinuation { continuation in
                waiter.async {
                    queue.waitForBatches(2, patience: Self.endless)
                    continuation.resume()
                }
            }
        }
        senders.append(await Self.add(to: queue))
        await isOver.value
        #expect(Self.answer(queue) == 2)
        for sender in senders { await sender.value }
    }

    @Test func oneCommitTakesABoundedNumberOfBytes() async {
        let queue = CommitQueue(byteLimit: 1 << 30)
        let bytes = [UInt8](repeating: 0, count: Limits.commitBytes / 2)
        var senders: [Task<Void, Never>] = []
        for count in [bytes.count, bytes.count, 1, bytes.count * 3] {
            let content = count <= bytes.count ? Array(bytes.prefix(count)) : bytes + bytes + bytes
            let batch = SpanBatch(bytes: content, entries: [], resources: [], scopes: [])
            senders.append(await Self.add(batch, to: queue))
        }
        #expect(Self.answer(queue) == 2)
        #expect(Self.answer(queue) == 1)
        #expect(Self.answer(queue) == 1, "one that is larger by itself is committed alone")
        #expect(queue.depth.bytes == 0)
        for sender in senders { await sender.value }
    }

    @Test func patienceRunsOut() async {
        let queue = CommitQueue(byteLimit: 1 << 20)
        let sender = await Self.add(to: queue)
        for _ in 0..<3 { queue.waitForBatches(2, patience: .milliseconds(1)) }
        #expect(Self.answer(queue) == 1)
        await sender.value
    }

    @Test func nobodyIsWaitedForWhoIsThereAlready() async {
        let queue = CommitQueue(byteLimit: 1 << 20)
        let senders = [await Self.add(to: queue), await Self.add(to: queue)]
        queue.waitForBatches(2, patience: Self.endless)
        queue.waitForBatches(0, patience: Self.endless)
        #expect(Self.answer(queue) == 2)
        for sender in senders { await sender.value }
    }

    @Test func closingEndsTheWait() async {
        let queue = CommitQueue(byteLimit: 1 << 20)
        let waiter = DispatchQueue(label: "writer")
        let isOver = Task.detached {
            await withCheckedContinuation { continuation in
                waiter.async {
                    queue.waitForBatches(1, patience: Self.endless)
                    continuation.resume()
                }
            }
        }
        queue.close()
        await isOver.value
        #expect(Self.answer(queue) == 0)
    }
}
