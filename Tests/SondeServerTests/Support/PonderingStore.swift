// SPDX-License-Identifier: Apache-2.0
// A store that takes its time over one question, so that tests can say what happens meanwhile.

import SondeModel
import SondeStorage
import Synchronization

/// Questions for services wait: at the gate whatever happens, or until the question is given up.
final class PonderingStore: TelemetryStore {
    enum Mood {
        case waitsAtTheGate, listensForCancellation
    }

    let gate = Gate()
    let memory = MemoryStore()
    private let mood: Mood
    private let cancelled = Atomic(false)

    init(_ mood: Mood) {
        self.mood = mood
    }

    /// Whether a question has noticed that nobody waits for it any more.
    var wasCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func services() async throws(ReadError) -> [ServiceSummary] {
        switch mood {
        case .waitsAtTheGate: await gate.pass()
        case .listensForCancellation:
            let (forever, _) = AsyncStream.makeStream(of: Never.self)
            // Ends with the cancellation of its task and not before.
            for await _ in forever {}
            cancelled.store(Task.isCancelled, ordering: .relaxed)
        }
        return try await memory.services()
    }

    func accept(_ batch: SpanBatch) async throws(SinkError) { try await memory.accept(batch) }
    func accept(_ batch: LogBatch) async throws(SinkError) { try await memory.accept(batch) }
    func operations(of service: String) async throws(ReadError) -> [OperationSummary] {
        try await memory.operations(of: service)
    }
    func search(_ query: TraceQuery) async throws(ReadError) -> TracePage { try await memory.search(query) }
    func trace(_ id: TraceID) async throws(ReadError) -> Trace? { try await memory.trace(id) }
    func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) async throws(ReadError) -> [TraceID] {
        try await memory.traceIDs(withPrefix: prefix, limit: limit)
    }
    func statistics() async throws(ReadError) -> StoreStatistics { try await memory.statistics() }
    func attributeKeys(_ query: AttributeQuery) async throws(ReadError) -> AttributeList<AttributeKeySummary> {
        try await memory.attributeKeys(query)
    }
    func attributeValues(
        of key: String, _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeValueSummary> {
        try await memory.attributeValues(of: key, query)
    }
    func logs(_ query: LogQuery) async throws(ReadError) -> LogPage { try await memory.logs(query) }
    func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph {
        try await memory.serviceGraph(query)
    }
    func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] {
        try await memory.activity(query)
    }
    func pin(_ id: TraceID, note: String) async throws(ReadError) -> TracePin? { try await memory.pin(id, note: note) }
    func unpin(_ id: TraceID) async throws(ReadError) -> Bool { try await memory.unpin(id) }
    func pins() async throws(ReadError) -> [TracePin] { try await memory.pins() }
    func run() async throws(ReadError) { try await memory.run() }
}
