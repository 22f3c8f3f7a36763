// SPDX-License-Identifier: Apache-2.0
// A reader whose collector goes away and comes back, or answers with errors, when a test says so.

import SondeModel
import SondeStorage
import Synchronization

final class FailingReader: TraceReader, LogReader, ActivityReader, TracePins {
    private let store: MemoryStore
    private let error = Mutex<ReadError?>(nil)

    init(_ store: MemoryStore) { self.store = store }

    func fail(with error: ReadError?) { self.error.withLock { $0 = error } }

    private func sound() throws(ReadError) -> MemoryStore {
        if let error = error.withLock({ $0 }) { throw error }
        return store
    }

    func services() async throws(ReadError) -> [ServiceSummary] { try await sound().services() }
    func operations(of service: String) async throws(ReadError) -> [OperationSummary] {
        try await sound().operations(of: service)
    }
    func search(_ query: TraceQuery) async throws(ReadError) -> TracePage { try await sound().search(query) }
    func trace(_ id: TraceID) async throws(ReadError) -> Trace? { try await sound().trace(id) }
    func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) async throws(ReadError) -> [TraceID] {
        try await sound().traceIDs(withPrefix: prefix, limit: limit)
    }
    func statistics() async throws(ReadError) -> StoreStatistics { try await sound().statistics() }
    func attributeKeys(_ query: AttributeQuery) async throws(ReadError) -> AttributeList<AttributeKeySummary> {
        try await sound().attributeKeys(query)
    }
    func attributeValues(
        of key: String, _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeValueSummary> {
        try await sound().attributeValues(of: key, query)
    }
    func logs(_ query: LogQuery) async throws(ReadError) -> LogPage { try await sound().logs(query) }
    func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph {
        try await sound().serviceGraph(query)
    }
    func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] {
        try await sound().activity(query)
    }
    func pin(_ id: TraceID, note: String) async throws(ReadError) -> TracePin? {
        try await sound().pin(id, note: note)
    }
    func unpin(_ id: TraceID) async throws(ReadError) -> Bool { try await sound().unpin(id) }
    func pins() async throws(ReadError) -> [TracePin] { try await sound().pins() }
}
