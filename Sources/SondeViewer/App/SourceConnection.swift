// SPDX-License-Identifier: Apache-2.0
// Turns requests into questions to the readers: opened with the first question, and anew as long as nothing is there.

import SondeModel
import SondeStorage

/// One source for as long as the viewer runs.
actor SourceConnection {
    typealias Readers = ViewerReaders

    private let source: ViewerSource
    private var opened: (any Readers)?

    init(_ source: ViewerSource) { self.source = source }

    private func readers() async throws(ReadError) -> any Readers {
        if let opened { return opened }
        let readers = try await source.open()
        // Another question may have opened it meanwhile: one reader is enough, and both answer the same.
        if let opened { return opened }
        opened = readers
        return readers
    }

    func answer(_ request: Request, now: Timestamp) async -> Result<Answer, ReadError> {
        do throws(ReadError) {
            return .success(try await Self.answer(request, try await readers(), source, now))
        } catch {
            return .failure(error)
        }
    }

    private static func answer(
        _ request: Request, _ readers: any Readers, _ source: ViewerSource, _ now: Timestamp
    ) async throws(ReadError) -> Answer {
        switch request {
        case .services: .services(try await readers.services())
        case .operations(let service): .operations(try await readers.operations(of: service))
        case .search(let query): .search(try await readers.search(query))
        case .trace(let id): .trace(try await readers.trace(id))
        case .traceIDs(let prefix, let limit): .traceIDs(try await ids(prefix, limit, readers))
        case .logs(let query): .logs(try await readers.logs(query))
        case .graph(let query): .graph(try await readers.serviceGraph(query))
        case .activity(let query): .activity(try await readers.activity(query))
        case .findings(let query): try await findings(query, readers, source, now)
        case .attributeKeys(let query): .attributeKeys(try await readers.attributeKeys(query))
        case .attributeValues(let key, let query):
            .attributeValues(try await readers.attributeValues(of: key, query))
        case .statistics: .statistics(try await readers.statistics())
        case .pins: .pins(try await readers.pins())
        case .pin(let id, true): .pinned(try await readers.pin(id, note: "") != nil)
        case .pin(let id, false):
            try await unpinned(id, readers)
        case .typicalTrace(let service, let operation, let except):
            .typicalTrace(try await typicalTrace(service, operation, except, readers))
        }
    }

    private static func unpinned(_ id: TraceID, _ readers: any Readers) async throws(ReadError) -> Answer {
        _ = try await readers.unpin(id)
        return .pinned(false)
    }

    private static func findings(
        _ query: TraceQuery, _ readers: any Readers, _ source: ViewerSource, _ now: Timestamp
    ) async throws(ReadError) -> Answer {
        guard let examine = source.examine else { throw .unsupported("nobody examines traces here") }
        let (findings, sample) = try await examine(readers, query, query.end ?? now)
        return .findings(findings, sample)
    }

    /// A full or short id, or the beginning of one: ids of 64 bits have zeros in front that nobody types.
    private static func ids(
        _ prefix: TraceIDPrefix, _ limit: Int, _ readers: any Readers
    ) async throws(ReadError) -> [TraceID] {
        if let whole = TraceID(padding: prefix.digits), let exact = TraceIDPrefix(whole.hex) {
            let found = try await readers.traceIDs(withPrefix: exact, limit: 1)
            if !found.isEmpty { return found }
        }
        var ids = try await readers.traceIDs(withPrefix: prefix, limit: limit)
        guard prefix.digits.utf8.count < 16,
            let padded = TraceIDPrefix(String(repeating: "0", count: 16) + prefix.digits)
        else { return ids }
        ids += try await readers.traceIDs(withPrefix: padded, limit: limit).filter { !ids.contains($0) }
        return ids
    }

    /// The trace with the middle duration among the newest of this root.
    private static func typicalTrace(
        _ service: String, _ operation: String, _ except: TraceID?, _ readers: any Readers
    ) async throws(ReadError) -> Trace? {
        var query = TraceQuery()
        query.service = service
        query.operation = operation
        query.limit = Limits.typicalCandidates
        do throws(QuerySyntaxError) { try query.addRootOnly() } catch { throw error.readError }
        let candidates = try await readers.search(query).traces.filter { $0.traceID != except && $0.isComplete }
        // What fails is not what the operation usually does, unless it always fails.
        let sound = candidates.filter { $0.errorCount == 0 }
        let sorted = (sound.isEmpty ? candidates : sound).sorted { $0.durationNanoseconds < $1.durationNanoseconds }
        guard !sorted.isEmpty else { return nil }
        return try await readers.trace(sorted[sorted.count / 2].traceID)
    }
}
