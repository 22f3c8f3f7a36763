// SPDX-License-Identifier: Apache-2.0
// A store that takes spans only when the test says so.

import SondeModel
import SondeStorage

/// Every batch of spans waits at the gate. Opened once, the gate stays open.
actor Gate {
    private var isOpen = false
    private var arrived = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var watchers: [CheckedContinuation<Void, Never>] = []

    func pass() async {
        arrived += 1
        for watcher in watchers { watcher.resume() }
        watchers = []
        guard !isOpen else { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    func open() {
        isOpen = true
        for one in waiting { one.resume() }
        waiting = []
    }

    /// Returns when so many have come to the gate.
    func arrivals(_ count: Int) async {
        while arrived < count { await withCheckedContinuation { watchers.append($0) } }
    }
}

struct GatedStore: TelemetryStore {
    let gate = Gate()
    private let memory = MemoryStore()

    func accept(_ batch: SpanBatch) async throws(SinkError) {
        await gate.pass()
        try await memory.accept(batch)
    }
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
    func run() async throws(ReadError) { try await memory.run() }
}
