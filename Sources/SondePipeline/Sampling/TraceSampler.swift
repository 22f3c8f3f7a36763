// SPDX-License-Identifier: Apache-2.0
// Reads the traces that an analysis of many looks at: bounded in number, spans and time, one at a time, and honest about
// what was left out. The collector and the shell read through it alike, whatever store or remote stands behind.

package import SondeModel
package import SondeStorage

package struct TraceSampler: Sendable {
    let reader: any TraceReader
    let limits: TraceSampleLimits

    package init(reader: any TraceReader, limits: TraceSampleLimits = TraceSampleLimits()) {
        self.reader = reader
        self.limits = limits
    }

    /// Adds every trace that `query` finds to a tally, newest first; its limit and cursor don't count. If there are more
    /// than can be read and the query has a start, they are taken from all of the time since then.
    package func fold<Tally: Sendable>(
        _ query: TraceQuery, into tally: Tally, _ add: @Sendable (inout Tally, Trace) -> Void
    ) async throws(ReadError) -> (tally: Tally, sample: TraceSample) {
        var tally = tally
        var (summaries, sample) = try await choose(query)
        let purse = Purse(limits)
        for summary in summaries {
            if let reason = purse.refusal(of: summary, spent: sample) {
                sample.partialReason = reason
                if purse.isEmpty(sample) { break } else { continue }
            }
            guard let trace = try await read(summary.traceID) else { continue }
            sample.count(trace)
            add(&tally, trace)
        }
        return (tally, sample)
    }

    /// Nil for a trace that was pruned since it was found.
    func read(_ id: TraceID) async throws(ReadError) -> Trace? {
        if Task.isCancelled { throw .failed("the analysis was given up: nobody waits for it any more") }
        return try await reader.trace(id)
    }

    // MARK: Choosing

    /// The traces to read, as summaries, and what is known of all that match.
    func choose(_ query: TraceQuery) async throws(ReadError) -> (summaries: [TraceSummary], sample: TraceSample) {
        var sample = TraceSample()
        let first = try await summaries(query, max: limits.maxTraces)
        sample.matched = first.total
        guard first.isCut else { return (first.found, sample) }
        let matched = sample.matched.isExact ? "\(sample.matched.value)" : "more than \(sample.matched.value)"
        guard let newest = first.found.first?.start, let start = query.start, start < newest else {
            sample.partialReason = "the newest \(first.found.count) of \(matched) traces were read"
            return (first.found, sample)
        }
        let spread = try await spread(query, from: start, to: newest)
        sample.partialReason = "\(spread.count) of \(matched) traces were read, from all of the time asked for"
        return (spread, sample)
    }

    /// As many from each part of the time as there is room for.
    private func spread(
        _ query: TraceQuery, from start: Timestamp, to newest: Timestamp
    ) async throws(ReadError) -> [TraceSummary] {
        var found: [TraceSummary] = []
        let distance = start.nanoseconds(until: newest)
        let whole = distance < .max ? distance + 1 : distance
        let slices = max(1, limits.slices)
        for slice in 0..<slices {
            var part = query
            part.start = start.advanced(byNanoseconds: Int64(clamping: whole / UInt64(slices) * UInt64(slice)))
            if slice < slices - 1 {
                part.end = start.advanced(byNanoseconds: Int64(clamping: whole / UInt64(slices) * UInt64(slice + 1)))
            }
            found += try await summaries(part, max: (limits.maxTraces + slices - 1) / slices).found
        }
        return Array(found.prefix(limits.maxTraces))
    }

    /// Up to `max` summaries, page by page, newest first.
    func summaries(
        _ query: TraceQuery, max: Int
    ) async throws(ReadError) -> (found: [TraceSummary], total: Total, isCut: Bool) {
        var query = query
        query.cursor = nil
        var found: [TraceSummary] = []
        var total = Total(0, isExact: true)
        repeat {
            if Task.isCancelled { throw .failed("the analysis was given up: nobody waits for it any more") }
            query.limit = min(TraceQuery.maxLimit, max - found.count)
            let page = try await reader.search(query)
            total = page.total
            found += page.traces
            query.cursor = page.traces.isEmpty ? nil : page.next
        } while query.cursor != nil && found.count < max
        return (found, total, query.cursor != nil)
    }
}

/// What is left of time and spans while traces are read.
struct Purse {
    private let limits: TraceSampleLimits
    private let deadline: ContinuousClock.Instant

    init(_ limits: TraceSampleLimits) {
        self.limits = limits
        deadline = .now + limits.time
    }

    /// Why a trace can't be read any more; nil if it can.
    func refusal(of trace: TraceSummary, spent: TraceSample) -> String? {
        if isLate { return "time was up after \(spent.used) traces" }
        if spent.spans >= limits.maxSpans { return "\(spent.used) traces have \(spent.spans) spans, which is enough" }
        if trace.spanCount > limits.maxSpansPerTrace {
            return "traces of more than \(limits.maxSpansPerTrace) spans were left out"
        }
        return nil
    }

    /// Whether no further trace can be read at all.
    func isEmpty(_ spent: TraceSample) -> Bool { isLate || spent.spans >= limits.maxSpans }

    private var isLate: Bool { ContinuousClock.now >= deadline }
}
