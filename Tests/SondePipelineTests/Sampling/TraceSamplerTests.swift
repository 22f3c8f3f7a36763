// SPDX-License-Identifier: Apache-2.0
// What is read for an analysis of many traces: all if there is room, else part of it, and the answer says so.

import SondeAnalysis
import SondeModel
import SondePipeline
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite struct TraceSamplerTests {
    /// A store with one-span traces, a second apart; the first twentieth are slow and of version 1.
    private func store(_ count: UInt64) async throws -> MemoryStore {
        let store = MemoryStore()
        let spans = (0..<count).map { number in
            var span = SpanRecord.sample(
                trace: number + 1, number + 1, start: Int64(number) * 1_000, duration: number < count / 20 ? 500 : 10,
                status: SpanStatus(code: number % 4 == 0 ? .error : .unset))
            span.resource = .sample("orders", Attribute("service.version", .string(number < count / 20 ? "1" : "2")))
            return span
        }
        try await store.accept(try OTLPDecoder.traces(OTLPEncoder.traces(spans)).batch)
        return store
    }

    private func limits(_ traces: Int) -> TraceSampleLimits {
        var limits = TraceSampleLimits()
        limits.maxTraces = traces
        limits.slices = 4
        return limits
    }

    private func starts(
        _ sampler: TraceSampler, _ query: TraceQuery = TraceQuery()
    ) async throws -> ([Int64], TraceSample) {
        let (starts, sample) = try await sampler.fold(query, into: [Int64]()) { starts, trace in
            starts.append(Int64(Timestamp.sampleEpoch.nanoseconds(until: trace.start) / 1_000_000_000))
        }
        return (starts, sample)
    }

    @Test func readsAllWhereThereIsRoom() async throws {
        let (starts, sample) = try await starts(TraceSampler(reader: try await store(30)))
        #expect(starts.count == 30 && sample.used == 30 && sample.spans == 30)
        #expect(sample.matched == Total(30, isExact: true) && sample.partialReason == nil)
        #expect(sample.earliest == .sample(ms: 0) && sample.latest == .sample(ms: 29_000))
    }

    @Test func readsNothingFromAnEmptyStore() async throws {
        let (starts, sample) = try await starts(TraceSampler(reader: MemoryStore()))
        #expect(starts == [] && sample == TraceSample())
    }

    @Test func readsTheNewestAndSaysSoWhereTimeIsOpen() async throws {
        let (starts, sample) = try await starts(TraceSampler(reader: try await store(100), limits: limits(8)))
        #expect(starts == [99, 98, 97, 96, 95, 94, 93, 92])
        #expect(sample.matched.value == 100 && sample.partialReason == "the newest 8 of 100 traces were read")
    }

    @Test func readsFromAllOfTheTimeAskedFor() async throws {
        var query = TraceQuery()
        query.start = .sample(ms: 0)
        let (starts, sample) = try await starts(TraceSampler(reader: try await store(100), limits: limits(8)), query)
        #expect(starts == [24, 23, 49, 48, 74, 73, 99, 98])
        #expect(sample.partialReason == "8 of 100 traces were read, from all of the time asked for")
    }

    @Test func stopsWhenThereAreEnoughSpansAndSaysSo() async throws {
        var limits = TraceSampleLimits()
        limits.maxSpans = 5
        let (starts, sample) = try await starts(TraceSampler(reader: try await store(20), limits: limits))
        #expect(starts.count == 5 && sample.partialReason == "5 traces have 5 spans, which is enough")
    }

    @Test func stopsWhenTimeIsUpAndSaysSo() async throws {
        var limits = TraceSampleLimits()
        limits.time = .zero
        let (starts, sample) = try await starts(TraceSampler(reader: try await store(20), limits: limits))
        #expect(starts == [] && sample.partialReason == "time was up after 0 traces")
    }

    @Test func leavesOutTracesThatAreTooLarge() async throws {
        var limits = TraceSampleLimits()
        limits.maxSpansPerTrace = 0
        let (starts, sample) = try await starts(TraceSampler(reader: try await store(2), limits: limits))
        #expect(starts == [] && sample.partialReason == "traces of more than 0 spans were left out")
    }

    // MARK: Groups

    @Test func slowestTwentiethIsComparedWithTheRest() async throws {
        let groups = TraceGroups(reader: try await store(200))
        let difference = try await groups.compare(TraceQuery(), by: .slow)
        #expect(difference.b.traces == 10 && difference.a.traces == 190)
        #expect(difference.b.p50Nanos == 500_000_000 && difference.a.p50Nanos == 10_000_000)
        #expect(difference.attributes.first?.key == "service.version" && difference.attributes.first?.value == "1")
        #expect(difference.a.sample?.matched == Total(190, isExact: true))
    }

    @Test func timeVersionAndQueriesDivideToo() async throws {
        let groups = TraceGroups(reader: try await store(200))
        let time = try await groups.compare(TraceQuery(), by: .before(.sample(ms: 150_000)))
        #expect(time.a.traces == 150 && time.b.traces == 50 && time.a.label == "before" && time.b.label == "since")
        let version = try await groups.compare(TraceQuery(), by: .versions("1", "2"))
        #expect(version.a.traces == 10 && version.b.traces == 190 && version.a.label == "1")
        var failing = TraceQuery()
        failing.status = .error
        let queries = try await groups.compare(TraceQuery(), by: .queries(failing))
        #expect(queries.a.traces == 200 && queries.b.traces == 50)
    }

    @Test func largeGroupsAreReadEvenlyFromFastToSlow() async throws {
        let groups = TraceGroups(reader: try await store(200), limits: limits(10))
        let difference = try await groups.compare(TraceQuery(), by: .slow)
        #expect(difference.a.traces == 10 && difference.a.sample?.matched.value == 190)
        #expect(difference.a.sample?.partialReason == "10 of 190 traces were read, evenly from fast to slow")
    }

    // MARK: Examinations

    @Test func errorsAreCountedOverFailingTracesOnly() async throws {
        let (errors, sample) = try await Examination(reader: try await store(40)).errors(TraceQuery())
        #expect(errors.sorted().map(\.count) == [10] && sample.used == 10)
    }

    @Test func findingsRestOnWhatWasRead() async throws {
        let (findings, sample) = try await Examination(reader: try await store(40))
            .findings(TraceQuery(), now: .sample(ms: 600_000))
        #expect(findings.map(\.kind) == [.errors] && sample.used == 40)
    }
}
