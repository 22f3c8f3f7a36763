// SPDX-License-Identifier: Apache-2.0
// The doctor and the list of failures, over what a store holds.

package import SondeAnalysis
package import SondeModel
package import SondeStorage

package struct Examination: Sendable {
    private let sampler: TraceSampler

    package init(reader: any TraceReader, limits: TraceSampleLimits = TraceSampleLimits()) {
        sampler = TraceSampler(reader: reader, limits: limits)
    }

    /// What is wrong with the makers of the traces that `query` finds, the most severe first.
    package func findings(
        _ query: TraceQuery, now: Timestamp
    ) async throws(ReadError) -> (findings: [Finding], sample: TraceSample) {
        let (doctor, sample) = try await sampler.fold(query, into: Doctor(now: now)) { $0.add($1) }
        return (doctor.findings(), sample)
    }

    /// The failures of the traces that `query` finds. A query that asks for no status looks at failing traces only.
    package func errors(
        _ query: TraceQuery
    ) async throws(ReadError) -> (errors: ErrorCollector, sample: TraceSample) {
        var query = query
        if query.status == nil { query.status = .error }
        let (errors, sample) = try await sampler.fold(query, into: ErrorCollector()) { $0.add($1) }
        return (errors, sample)
    }

    /// Repeated calls over the traces that `query` finds, those of the most time first.
    package func repeats(
        _ query: TraceQuery
    ) async throws(ReadError) -> (repeats: [RepetitionReport], sample: TraceSample) {
        let (collector, sample) = try await sampler.fold(query, into: RepetitionCollector()) { $0.add($1) }
        return (collector.sorted(), sample)
    }
}
