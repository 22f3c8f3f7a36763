// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing

@testable import Sonde

struct IdentifierSourceTests {
    @Test func neverGivesAnIdTwiceHoweverManyThreadsAsk() async {
        let source = IdentifierSource()
        let ids = await withTaskGroup(of: [TraceID].self) { group in
            for _ in 0..<4 { group.addTask { (0..<5_000).map { _ in source.nextTraceID() } } }
            return await group.reduce(into: Set<TraceID>()) { $0.formUnion($1) }
        }
        #expect(ids.count == 20_000)
        #expect(!ids.contains(.zero))
    }

    @Test func sourcesDiffer() {
        #expect(IdentifierSource().nextSpanID() != IdentifierSource().nextSpanID())
    }

    @Test func allBitsMove() {
        let source = IdentifierSource()
        var ones: UInt64 = 0
        var zeros: UInt64 = 0
        for _ in 0..<200 {
            let value = source.nextSpanID().value
            ones |= value
            zeros |= ~value
        }
        #expect(ones == .max && zeros == .max)
    }

    @Test func sequencesOfOneSourceAreValidAndApart() {
        let source = IdentifierSource()
        var ids: Set<UInt64> = []
        for _ in 0..<100 {
            var sequence = IdentifierSequence(source)
            for _ in 0..<50 {
                let trace = sequence.nextTraceID()
                ids.formUnion([trace.high, trace.low, sequence.nextSpanID().value])
            }
        }
        #expect(ids.count == 100 * 50 * 3)
    }
}
