// SPDX-License-Identifier: Apache-2.0
// What tells traces and groups of traces apart, on hand-made cases.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeAnalysis

@Suite("Differences")
struct DifferenceTests {
    private func trace(_ id: UInt64, _ spans: SpanRecord...) -> Trace {
        Trace(id: .sample(id), assembling: spans)
    }

    @Test func addedRemovedAndChangedPlacesAreTold() {
        let a = trace(
            1, .sample(1, duration: 100), .sample(2, parent: 1, name: "load", duration: 20),
            .sample(3, parent: 1, name: "old", start: 30, duration: 10))
        let b = trace(
            2, .sample(1, duration: 190), .sample(2, parent: 1, name: "load", duration: 20),
            .sample(3, parent: 2, name: "retry", start: 5, duration: 10),
            .sample(4, parent: 1, name: "load", start: 50, duration: 60))
        let difference = TraceComparison.difference(from: a, to: b)
        let shown = difference.positions.map { "\($0.depth) \($0.operation) \($0.a.count)→\($0.b.count) \($0.change)" }
        #expect(shown == ["0 GET /orders 1→1 changed", "1 load 1→2 changed", "2 retry 0→1 added", "1 old 1→0 removed"])
        #expect(difference.positions.map(\.parent) == [nil, 0, 1, 0])
        #expect(difference.attributes == [])
    }

    @Test func everySpanOfTwoTracesHasThePlaceThatCountsIt() {
        let a = trace(
            1, .sample(1, duration: 100), .sample(2, parent: 1, name: "load", duration: 20),
            .sample(3, parent: 1, name: "load", start: 30, duration: 10))
        let b = trace(
            2, .sample(1, duration: 190), .sample(3, parent: 1, name: "store", start: 5, duration: 150),
            .sample(4, parent: 1, name: "load", start: 50, duration: 60))
        let alignment = TraceComparison.alignment(of: a, with: b)
        let positions = alignment.difference.positions
        #expect(positions.map(\.operation) == ["GET /orders", "store", "load"])
        #expect(alignment.placesA == [0, 2, 2])
        #expect(alignment.placesB == [0, 1, 2])
        #expect(alignment.difference == TraceComparison.difference(from: a, to: b))
    }

    @Test func traceIsNoDifferentFromItself() {
        let one = trace(1, .sample(1, duration: 100), .sample(2, parent: 1, name: "load", duration: 20))
        #expect(TraceComparison.difference(from: one, to: one).positions.allSatisfy { $0.change == .same })
    }

    @Test func traceWithoutSpansIsCompared() {
        let difference = TraceComparison.difference(
            from: Trace(id: .sample(1), assembling: []), to: trace(2, .sample(1)))
        #expect(difference.positions.map(\.change) == [.added])
    }

    @Test func plantedValueIsNamedAmongAThousandAndAThousand() throws {
        var comparison = TraceComparison(a: "fast", b: "slow")
        var random = Dice(state: 7)
        for number in 0..<2_000 as Range<UInt64> {
            let isSlow = number >= 1_000
            // Two of three slow requests come from the planted tenant, one in twenty of the others.
            let isPlanted = random.next() % 60 < (isSlow ? 40 : 3)
            comparison.add(planted(number, isPlanted: isPlanted, &random), to: isSlow ? .b : .a)
        }
        let found = comparison.difference().attributes
        let first = try #require(found.first)
        #expect(first.key == "tenant" && first.value == "acme")
        #expect(first.service == "orders" && first.scope == "span")
        #expect(first.shareB > 0.6 && first.shareA < 0.1 && first.certainDifference > 0.4)
        // What else is told are the other tenants, who are rarer among the slow for it.
        #expect(found.allSatisfy { $0.key == "tenant" })
    }

    private func planted(_ number: UInt64, isPlanted: Bool, _ random: inout Dice) -> Trace {
        let tenant = isPlanted ? "acme" : "tenant-\(random.next() % 20)"
        let attributes = [
            Attribute("tenant", .string(tenant)), Attribute("request.id", .int(Int64(number))),
            Attribute("region", .string("r\(random.next() % 5)")),
            Attribute("cart.size", .int(Int64(random.next() % 50))),
        ]
        let root = SpanRecord.sample(trace: number, number + 1, duration: 50, attributes: attributes)
        let queries = (0..<4 as Range<UInt64>).map {
            SpanRecord.sample(
                trace: number, number + 10_000 * ($0 + 1), parent: number + 1, service: "db", name: "SELECT",
                attributes: [Attribute("shard", .int(Int64(random.next() % 8)))])
        }
        return Trace(id: .sample(number), assembling: [root] + queries)
    }

    @Test func groupsOfNoiseAreNotTold() {
        var comparison = TraceComparison(a: "a", b: "b")
        var random = Dice(state: 3)
        for number in 0..<400 as Range<UInt64> {
            comparison.add(planted(number, isPlanted: false, &random), to: number % 2 == 0 ? .a : .b)
        }
        #expect(comparison.difference().attributes == [])
    }

    @Test func keyWithEndlessValuesKeepsTheFrequentOnes() {
        var ledger = AttributeLedger()
        for number in 0..<3_000 as Range<UInt64> {
            let value: AttributeValue = number % 2 == 0 ? .string("often") : .int(Int64(number))
            ledger.add(trace(number, .sample(number + 1, attributes: [Attribute("key", value)])))
        }
        #expect(ledger.omitted > 0)
        let found = ledger.separations(
            a: (0..<3_000).filter { $0 % 2 == 1 }, b: (0..<3_000).filter { $0 % 2 == 0 }, limit: 5)
        #expect(found.map(\.value) == ["often"])
        #expect(found.first?.countB == 1_500)
    }

    @Test func smallGroupsSayNothingForCertain() {
        #expect(Significance.certainDifference(0, of: 2, 2, of: 2, z: Significance.quantile(forTests: 100)) <= 0)
        #expect(Significance.certainDifference(0, of: 40, 40, of: 40, z: Significance.quantile(forTests: 100)) > 0.5)
    }
}
