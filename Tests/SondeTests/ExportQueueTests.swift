// SPDX-License-Identifier: Apache-2.0

import SondeWire
import Testing

@testable import Sonde

struct ExportQueueTests {
    private func entry(_ bytes: Int) -> (inout ProtobufWriter) -> Void {
        { $0.bytes.append(contentsOf: repeatElement(0, count: bytes)) }
    }

    @Test func dropsAndCountsWhatDoesNotFit() {
        var limits = ExportLimits()
        limits.queuedEntries = 3
        let queue = ExportQueue(signal: .traces, limits: limits)
        for _ in 0..<5 { queue.append(scope: "", entry(10)) }
        #expect(queue.queuedCount == 3)
        #expect(queue.droppedCount(.queueFull) == 2)
    }

    @Test func isBoundedInBytesToo() {
        var limits = ExportLimits()
        limits.queuedBytes = 100
        let queue = ExportQueue(signal: .logs, limits: limits)
        for _ in 0..<5 { queue.append(scope: "", entry(40)) }
        #expect(queue.queuedCount == 2)
        #expect(queue.droppedCount(.queueFull) == 3)
    }

    @Test func cutsBatchesByNumberAndBytes() {
        var limits = ExportLimits()
        limits.batchEntries = 2
        limits.batchBytes = 100
        let queue = ExportQueue(signal: .traces, limits: limits)
        for bytes in [10, 10, 10, 90, 300] { queue.append(scope: "", entry(bytes)) }
        #expect(queue.takeEntries().map(\.count) == [2, 1, 1, 1])
        #expect(queue.queuedCount == 0)
        #expect(queue.takeBatch()?.count == nil)
    }

    @Test func keepsScopesApart() {
        let queue = ExportQueue(signal: .logs, limits: ExportLimits())
        for scope in ["a", "b", "a"] { queue.append(scope: scope, entry(5)) }
        let batch = queue.takeBatch()
        #expect(batch?.parts.map(\.scope) == ["a", "b"])
        #expect(batch?.count == 3)
    }

    @Test func countsWhatComesAfterTheEnd() {
        let queue = ExportQueue(signal: .traces, limits: ExportLimits())
        queue.append(scope: "", entry(1))
        #expect(queue.close() == 1)
        queue.append(scope: "", entry(1))
        #expect(queue.takeBatch()?.count == nil)
        #expect(queue.droppedCount(.stopped) == 1)
    }

    @Test func aBatchBeingSentStillCountsAgainstTheBound() throws {
        var limits = ExportLimits()
        limits.queuedBytes = 100
        let queue = ExportQueue(signal: .traces, limits: limits)
        queue.append(scope: "", entry(80))
        let batch = try #require(queue.takeBatch())
        queue.append(scope: "", entry(80))
        #expect(queue.queuedCount == 0 && queue.droppedCount(.queueFull) == 1)
        queue.release(batch)
        queue.append(scope: "", entry(80))
        #expect(queue.queuedCount == 1)
    }

    @Test func memoryThatIsUsedAgainHoldsNothingOfBefore() throws {
        let queue = ExportQueue(signal: .traces, limits: ExportLimits())
        for round in 1...3 {
            for _ in 0..<round { queue.append(scope: "", entry(10)) }
            var batch = try #require(queue.takeBatch())
            #expect(batch.count == round && batch.parts.map(\.bytes.count) == [round * 12])
            queue.recycle(&batch)
            queue.release(batch)
            #expect(queue.queuedBytes == 0)
        }
    }

    @Test func tellsWhatWasLostByReason() {
        let queue = ExportQueue(signal: .traces, limits: ExportLimits())
        for (count, reason) in DropReason.allCases.enumerated() { queue.drop(count, reason) }
        #expect(queue.losses.map(\.reason) == Array(DropReason.allCases.dropFirst()))
        #expect(queue.losses.map(\.count) == DropReason.allCases.indices.dropFirst().map { UInt64($0) })
    }
}
