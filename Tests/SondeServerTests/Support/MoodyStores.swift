// SPDX-License-Identifier: Apache-2.0
// Stores in moods that a real one is seldom in.

import SondeModel
import SondeStorage

/// A store that gives every batch the same answer.
struct RefusingStore: TelemetryStore {
    var error: SinkError
    private let memory = MemoryStore()

    init(_ error: SinkError) {
        self.error = error
    }

    func accept(_ batch: SpanBatch) async throws(SinkError) { throw error }
    func accept(_ batch: LogBatch) async throws(SinkError) { throw error }
    func services() async throws(ReadError) -> [ServiceSummary] { try await memory.services() }
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

/// A store that takes everything and can answer nothing; its searches are unsupported, the rest is broken.
struct UnableStore: TelemetryStore {
    private let memory = MemoryStore()
    private let broken = ReadError.failed("block 7 is damaged")

    func accept(_ batch: SpanBatch) async throws(SinkError) {}
    func accept(_ batch: LogBatch) async throws(SinkError) {}
    func services() async throws(ReadError) -> [ServiceSummary] { throw broken }
    func operations(of service: String) async throws(ReadError) -> [OperationSummary] { throw broken }
    func search(_ query: TraceQuery) async throws(ReadError) -> TracePage { throw .unsupported("no search here") }
    func trace(_ id: TraceID) async throws(ReadError) -> Trace? { throw broken }
    func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) async throws(ReadError) -> [TraceID] { throw broken }
    func statistics() async throws(ReadError) -> StoreStatistics { throw broken }
    func attributeKeys(_ query: AttributeQuery) async throws(ReadError) -> AttributeList<AttributeKeySummary> {
        throw broken
    }
    func attributeValues(
        of key: String, _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeValueSummary> { throw broken }
    func logs(_ query: LogQuery) async throws(ReadError) -> LogPage { throw broken }
    func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph { throw broken }
    func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] { throw broken }
    func pin(_ id: TraceID, note: String) async throws(ReadError) -> TracePin? { throw broken }
    func unpin(_ id: TraceID) async throws(ReadError) -> Bool { throw broken }
    func pins() async throws(ReadError) -> [TracePin] { throw broken }
    func run() async throws(ReadError) { try await memory.run() }
}

/// A store whose upkeep ends at once, as if its file had gone.
struct StoppingStore: TelemetryStore {
    private let memory = MemoryStore()

    func accept(_ batch: SpanBatch) async throws(SinkError) { try await memory.accept(batch) }
    func accept(_ batch: LogBatch) async throws(SinkError) { try await memory.accept(batch) }
    func services() async throws(ReadError) -> [ServiceSummary] { try await memory.services() }
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
    func run() async throws(ReadError) {}
}
