// SPDX-License-Identifier: Apache-2.0
// The assembled trace: whatever arrives, each span is in the tree exactly once and hangs below a root.

import SondeModel
import SondeTestKit
import Testing

@Suite("Trace")
struct TraceTests {
    /// The tree as indented span ids, in order.
    private func tree(_ spans: [SpanRecord]) -> [String] {
        let trace = Trace(id: .sample(1), assembling: spans)
        return trace.spans.indices.map {
            String(repeating: " ", count: trace.depths[$0]) + "\(trace.spans[$0].spanID.value)"
        }
    }

    @Test func spanThatIsItsOwnParentIsARoot() {
        let trace = Trace(id: .sample(1), assembling: [.sample(1, parent: 1), .sample(2, parent: 1)])
        #expect(trace.depths == [0, 1])
        #expect(trace.missingParents == [])
        #expect(!trace.isComplete, "no span says it has no parent")
    }

    @Test func cycleIsCutOnceAndNothingIsLost() {
        let spans: [SpanRecord] = [
            .sample(1, parent: 3), .sample(2, parent: 1), .sample(3, parent: 2), .sample(4, parent: 2),
        ]
        let trace = Trace(id: .sample(1), assembling: spans)
        #expect(trace.spans.count == 4)
        #expect(trace.roots.count == 1)
        #expect(trace.depths.max() == 2)
    }

    @Test func twoCyclesAndATreeStayApart() {
        let spans: [SpanRecord] = [
            .sample(1, parent: 2), .sample(2, parent: 1), .sample(3, parent: 4), .sample(4, parent: 3), .sample(5),
            .sample(6, parent: 5),
        ]
        #expect(Trace(id: .sample(1), assembling: spans).roots.count == 3)
    }

    @Test func orphansAreRootsAndNameWhatIsMissing() {
        let trace = Trace(
            id: .sample(1), assembling: [.sample(2, parent: 9), .sample(3, parent: 2), .sample(4, parent: 8)])
        #expect(tree([.sample(2, parent: 9), .sample(3, parent: 2), .sample(4, parent: 8)]) == ["2", " 3", "4"])
        #expect(trace.missingParents == [SpanID(8), SpanID(9)])
        #expect([0, 1, 2].map(trace.isMissingParent) == [true, false, true])
    }

    @Test func siblingsComeByStartThenIdThenKind() {
        #expect(
            tree([
                .sample(1), .sample(5, parent: 1, start: 3), .sample(4, parent: 1, start: 5),
                .sample(3, parent: 1, start: 5),
                .sample(2, parent: 4, start: 6),
            ]) == ["1", " 5", " 3", " 4", "  2"])
    }

    @Test func childrenOfASharedIdHangBelowTheServer() {
        let spans: [SpanRecord] = [
            .sample(1, name: "root"), .sample(2, parent: 1, kind: .client),
            .sample(2, parent: 1, kind: .server, start: 1),
            .sample(3, parent: 2, start: 2),
        ]
        let trace = Trace(id: .sample(1), assembling: spans)
        #expect(trace.depths == [0, 1, 2, 3])
        #expect(trace.spans.map(\.kind) == [.server, .client, .server, .server])
    }

    @Test func childrenOfASharedIdHangBelowTheHalfOfTheirService() {
        let spans: [SpanRecord] = [
            .sample(1, service: "gateway", name: "root"),
            .sample(2, parent: 1, service: "gateway", name: "asks", kind: .client, start: 1),
            .sample(2, parent: 1, service: "cart", name: "answers", kind: .server, start: 2),
            .sample(3, parent: 2, service: "gateway", name: "resolve", kind: .internal, start: 3),
            .sample(4, parent: 2, service: "cart", name: "query", kind: .client, start: 4),
            .sample(5, parent: 2, service: "other", name: "stray", kind: .internal, start: 5),
        ]
        for order in [spans, spans.reversed()] {
            let trace = Trace(id: .sample(1), assembling: order)
            #expect(trace.spans.map(\.name) == ["root", "asks", "answers", "query", "stray", "resolve"])
            #expect(trace.depths == [0, 1, 2, 3, 3, 2])
            #expect(trace.missingParents == [])
        }
    }

    @Test func aServerHalfWithoutItsClientHangsBelowTheClientsParent() {
        let spans: [SpanRecord] = [.sample(1), .sample(2, parent: 1, start: 1), .sample(3, parent: 2, start: 2)]
        #expect(tree(spans) == ["1", " 2", "  3"])
        #expect(tree([.sample(2, kind: .client), .sample(2, kind: .server, start: 1)]) == ["2", " 2"])
    }

    @Test func subtreeIsARunOfSpans() {
        let trace = Trace(
            id: .sample(1),
            assembling: [
                .sample(1), .sample(2, parent: 1, start: 1), .sample(3, parent: 2, start: 2),
                .sample(4, parent: 1, start: 3),
            ])
        #expect(trace.subtreeCounts == [4, 2, 1, 1])
        #expect(trace.children(of: 0) == [1, 3])
        #expect(trace.children(of: 3) == [])
        #expect(trace.parents == [nil, 0, 1, 0])
    }

    @Test func mainRootIsTheEarliestSpanThatSaysItHasNoParent() throws {
        let trace = Trace(
            id: .sample(1), assembling: [.sample(2, parent: 9, start: 0), .sample(1, start: 5), .sample(3, start: 7)])
        #expect(trace.spans[try #require(trace.mainRoot)].spanID == SpanID(1))
        #expect(Trace(id: .sample(1), assembling: []).mainRoot == nil)
    }

    @Test func traceLastsFromTheEarliestStartToTheLatestEnd() {
        let trace = Trace(
            id: .sample(1),
            assembling: [.sample(1, start: 5, duration: 5), .sample(2, parent: 1, start: 2, duration: 20)])
        #expect(trace.start == .sample(ms: 2))
        #expect(trace.durationNanoseconds == 20_000_000)
        #expect(trace.isSkewed(1))
        #expect(!trace.isSkewed(0))
    }

    @Test func traceOfSpansThatEndBeforeTheyStartHasNoDuration() {
        var span = SpanRecord.sample(1)
        span.end = .zero
        #expect(Trace(id: .sample(1), assembling: [span]).durationNanoseconds == 0)
    }

    @Test func chainOfAHundredThousandSpansIsAssembled() {
        let spans = (1...100_000 as ClosedRange<UInt64>).reversed().map { SpanRecord.sample($0, parent: $0 - 1) }
        let trace = Trace(id: .sample(1), assembling: spans)
        #expect(trace.depths.last == 99_999)
        #expect(trace.subtreeCounts.first == 100_000)
    }

    @Test func summaryCountsServicesAndErrors() throws {
        let trace = Trace(
            id: .sample(1),
            assembling: [
                .sample(1, service: "gateway", name: "POST /checkout"),
                .sample(2, parent: 1, service: "payments", status: SpanStatus(code: .error)),
            ])
        let summary = try #require(TraceSummary(trace))
        #expect(summary.rootService == "gateway")
        #expect(summary.errorCount == 1)
        #expect(summary.services.map(\.name) == ["gateway", "payments"])
        #expect(TraceSummary(Trace(id: .sample(1), assembling: [])) == nil)
    }
}
