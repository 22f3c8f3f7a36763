// SPDX-License-Identifier: Apache-2.0
// Looks at a source again and again for traces that meet a query. Lists come newest first, so that a look ends at the
// first page without news; now and then one goes to the end, for traces that began long before they arrived.

import SondeModel
import SondeStorage

struct TailFollower {
    private let source: any Source
    private var query: TraceQuery
    private(set) var memory: TailMemory
    private var looks = 0

    /// - Parameter floor: only traces that began at this moment or later.
    init(_ query: TraceQuery, from floor: Timestamp, _ source: any Source) {
        self.source = source
        self.query = query
        self.query.limit = Limits.tailPage
        memory = TailMemory(from: floor)
    }

    /// Traces that are new or have grown since the last look, newest first.
    ///
    /// - Returns: `isCut` if there were more than one look may take.
    mutating func look(
        now: Timestamp
    ) async throws(CommandFailure) -> (news: [(summary: TraceSummary, isNew: Bool)], isCut: Bool) {
        let isSweep = looks % Limits.tailSweep == 0
        looks += 1
        memory.forget(
            before: Timestamp(nanoseconds: now.nanoseconds - min(now.nanoseconds, Limits.tailWindowNanoseconds)),
            present: now)
        var asked = query
        asked.start = memory.floor
        var news: [(summary: TraceSummary, isNew: Bool)] = []
        for _ in 0..<Limits.tailPages {
            let question = asked
            let page = try await asking { () async throws(ReadError) in try await source.search(question) }
            let before = news.count
            for summary in page.traces {
                switch memory.see(summary) {
                case .none: break
                case .new: news.append((summary, true))
                case .grown: news.append((summary, false))
                }
            }
            guard let next = page.next, isSweep || news.count > before else { return (news, false) }
            asked.cursor = next
        }
        return (news, !isSweep)
    }

    /// New spans of a trace that meet the query's conditions on spans.
    mutating func newSpans(of id: TraceID) async throws(CommandFailure) -> (trace: Trace, spans: [Int])? {
        let found = try await asking { () async throws(ReadError) in try await source.trace(id) }
        guard let trace = found else { return nil }
        let meant = query.expression.map { Set($0.spanSets(in: trace).flatMap(\.spans)) }
        let spans = memory.newSpans(of: trace).filter {
            query.matches(trace.spans[$0]) && (meant?.contains($0) ?? true)
        }
        return (trace, spans)
    }

    mutating func wait(for summary: TraceSummary, now: ContinuousClock.Instant) { memory.wait(for: summary, now: now) }
    mutating func update(_ summary: TraceSummary) { memory.update(summary) }
    mutating func ready(now: ContinuousClock.Instant, all: Bool = false) -> [TraceSummary] {
        memory.ready(now: now, all: all)
    }
}
