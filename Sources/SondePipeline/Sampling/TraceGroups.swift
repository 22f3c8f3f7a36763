// SPDX-License-Identifier: Apache-2.0
// Two groups of traces for a comparison, and how a search is divided into them.

import SondeAnalysis
package import SondeModel
package import SondeStorage

package struct TraceGroups: Sendable {
    private let sampler: TraceSampler

    /// How what a search finds becomes two groups. The second is the one looked at.
    package enum Division: Hashable, Sendable {
        /// The rest, and the slowest twentieth.
        case slow
        /// What began before a moment, and what began since.
        case before(Timestamp)
        /// One `service.version`, and another.
        case versions(String, String)
        /// What a second search finds, instead of a division of the first.
        case queries(TraceQuery)
    }

    package init(reader: any TraceReader, limits: TraceSampleLimits = TraceSampleLimits()) {
        sampler = TraceSampler(reader: reader, limits: limits)
    }

    /// What tells the second group from the first. A trace that both searches find counts on both sides.
    package func compare(_ query: TraceQuery, by division: Division) async throws(ReadError) -> TraceDifference {
        switch division {
        case .slow: return try await compareSlow(query)
        case .before(let moment):
            var before = query
            before.end = min(query.end ?? moment, moment)
            var since = query
            since.start = max(query.start ?? moment, moment)
            return try await compare(before, since, labels: ("before", "since"))
        case .versions(let a, let b):
            let key = "service.version"
            var (old, new) = (query, query)
            old.attributes.append(AttributeCondition(key: key, value: a))
            new.attributes.append(AttributeCondition(key: key, value: b))
            return try await compare(old, new, labels: (a, b))
        case .queries(let other): return try await compare(query, other, labels: ("a", "b"))
        }
    }

    private func compare(
        _ a: TraceQuery, _ b: TraceQuery, labels: (String, String)
    ) async throws(ReadError) -> TraceDifference {
        let (tracesA, sampleA) = try await sampler.choose(a)
        let (tracesB, sampleB) = try await sampler.choose(b)
        return try await compare((tracesA, sampleA), (tracesB, sampleB), labels: labels)
    }

    /// Summaries tell the slow ones; only those that are compared are read in full.
    private func compareSlow(_ query: TraceQuery) async throws(ReadError) -> TraceDifference {
        let all = try await sampler.summaries(query, max: sampler.limits.maxSummaries)
        let ordered = all.found.sorted { $0.durationNanoseconds > $1.durationNanoseconds }
        let slowCount = (ordered.count + Self.slowPart - 1) / Self.slowPart
        let (slow, rest) = (Array(ordered.prefix(slowCount)), Array(ordered.dropFirst(slowCount)))
        return try await compare(
            pick(rest, isCut: all.isCut), pick(slow, isCut: all.isCut), labels: ("rest", "slowest 5 %"))
    }

    /// One trace in so many is slow.
    private static let slowPart = 20

    /// As many as can be read, evenly from fast to slow.
    private func pick(_ traces: [TraceSummary], isCut: Bool) -> ([TraceSummary], TraceSample) {
        var sample = TraceSample()
        sample.matched = Total(traces.count, isExact: !isCut)
        let room = sampler.limits.maxTraces
        if isCut { sample.partialReason = "only the newest \(sampler.limits.maxSummaries) traces were looked at" }
        guard traces.count > room else { return (traces, sample) }
        sample.partialReason = "\(room) of \(traces.count) traces were read, evenly from fast to slow"
        return ((0..<room).map { traces[$0 * traces.count / room] }, sample)
    }

    /// Reads the groups in turns, so that both have their part if the time is short.
    private func compare(
        _ a: ([TraceSummary], TraceSample), _ b: ([TraceSummary], TraceSample), labels: (String, String)
    ) async throws(ReadError) -> TraceDifference {
        var comparison = TraceComparison(a: labels.0, b: labels.1)
        var samples = [a.1, b.1]
        let groups = [a.0, b.0]
        let purse = Purse(sampler.limits)
        for place in 0..<max(groups[0].count, groups[1].count) {
            for side in 0...1 where place < groups[side].count {
                let summary = groups[side][place]
                if let reason = purse.refusal(of: summary, spent: samples[side]) {
                    samples[side].partialReason = reason
                    continue
                }
                guard let trace = try await sampler.read(summary.traceID) else { continue }
                samples[side].count(trace)
                comparison.add(trace, to: side == 0 ? .a : .b)
            }
        }
        var difference = comparison.difference()
        difference.a.sample = samples[0]
        difference.b.sample = samples[1]
        return difference
    }
}
