// SPDX-License-Identifier: Apache-2.0
// The simplest store that keeps every promise of the doors: records in memory, answers by scan. It is the measure that
// other stores are held against, and what tests use where no file is needed.

package import SondeModel
import Synchronization

/// A store in memory. Nothing outlives the process.
///
/// Past `capacity` spans (or log records) the traces (records) that arrived first are pruned; pinned traces are spared.
package final class MemoryStore: TelemetryStore {
    /// Spans, and log records, kept at most. A record takes a few kB: this many stay below about half a GB.
    package static let defaultCapacity = 100_000

    /// Traces that can be pinned: beyond it they would crowd out what is new.
    package static let maxPins = 1_000

    private let capacity: Int
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())

    fileprivate struct State {
        var traces: [TraceID: [SpanRecord]] = [:]
        /// Trace ids in order of first arrival.
        var arrivals: [TraceID] = []
        var spanCount = 0
        var logs: [(sequence: UInt64, record: LogRecord)] = []
        var nextSequence: UInt64 = 0
        /// Latest first.
        var pins: [TracePin] = []
    }

    /// - Parameter now: the time of day, noted with pins.
    package init(
        capacity: Int = MemoryStore.defaultCapacity, now: @escaping @Sendable () -> Timestamp = { .zero }
    ) {
        self.capacity = capacity
        self.now = now
    }

    package func run() async throws(ReadError) {
        // Nothing to keep up; hold the place of a service until it is told to stop.
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        defer { continuation.finish() }
        for await _ in stream {}
    }

    package func accept(_ batch: SpanBatch) async throws(SinkError) {
        let records: [SpanRecord]
        do { records = try batch.records() } catch { throw .rejected(reason: "cannot read a batch: \(error.reason)") }
        state.withLock { state in
            for record in records { state.insert(record) }
            state.pruneSpans(capacity: capacity)
        }
    }

    package func accept(_ batch: LogBatch) async throws(SinkError) {
        let records: [LogRecord]
        do { records = try batch.records() } catch { throw .rejected(reason: "cannot read a batch: \(error.reason)") }
        state.withLock { state in
            for record in records {
                state.logs.append((state.nextSequence, record))
                state.nextSequence += 1
            }
            state.logs.removeFirst(max(0, state.logs.count - capacity))
        }
    }

    package func services() async throws(ReadError) -> [ServiceSummary] {
        var services: [String: ServiceSummary] = [:]
        for span in assembled().flatMap(\.spans) {
            let name = span.resource.serviceName
            services[name, default: ServiceSummary(name: name, spanCount: 0, errorCount: 0)].spanCount += 1
            if span.isError { services[name]?.errorCount += 1 }
        }
        return services.values.sorted { $0.name < $1.name }
    }

    package func operations(of service: String) async throws(ReadError) -> [OperationSummary] {
        let spans = assembled().flatMap(\.spans).filter { $0.resource.serviceName == service }
        return Set(spans.map { OperationSummary(name: $0.name, kind: $0.kind) })
            .sorted { ($0.name, $0.kind.rawValue) < ($1.name, $1.kind.rawValue) }
    }

    package func search(_ query: TraceQuery) async throws(ReadError) -> TracePage {
        let matching = assembled()
            .compactMap { query.summary(of: $0) }
            .sorted { ($0.start, $0.traceID) > ($1.start, $1.traceID) }
        let rest = matching.filter { query.cursor?.precedes(start: $0.start, traceID: $0.traceID) ?? true }
        let page = Array(rest.prefix(max(1, query.limit)))
        let next = rest.count > page.count ? page.last.map { TraceCursor(start: $0.start, traceID: $0.traceID) } : nil
        return TracePage(traces: page, next: next, total: Total(matching.count, isExact: true))
    }

    package func trace(_ id: TraceID) async throws(ReadError) -> Trace? {
        state.withLock { $0.traces[id] }.map { Trace(id: id, assembling: $0) }
    }

    package func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) async throws(ReadError) -> [TraceID] {
        let ids = state.withLock { $0.traces.keys.filter { prefix.range.contains($0) } }
        return Array(ids.sorted().prefix(max(0, limit)))
    }

    package func statistics() async throws(ReadError) -> StoreStatistics {
        let traces = assembled()
        var statistics = StoreStatistics()
        statistics.spans = traces.reduce(0) { $0 + $1.spans.count }
        statistics.traces = traces.count
        statistics.logs = state.withLock { $0.logs.count }
        statistics.services = Set(traces.flatMap(\.spans).map(\.resource.serviceName)).count
        statistics.pinnedTraces = state.withLock { $0.pins.count }
        statistics.oldest = traces.map(\.start).min()
        statistics.newest = traces.flatMap(\.spans).map(\.start).max()
        return statistics
    }

    package func logs(_ query: LogQuery) async throws(ReadError) -> LogPage {
        let matching = state.withLock { $0.logs }
            .filter { query.matches($0.record) }
            .sorted { ($0.record.effectiveTime, $0.sequence) > ($1.record.effectiveTime, $1.sequence) }
        let rest = matching.filter {
            query.cursor?.precedes(time: $0.record.effectiveTime, sequence: $0.sequence) ?? true
        }
        let page = rest.prefix(max(1, query.limit))
        let next =
            rest.count > page.count
            ? page.last.map { LogCursor(time: $0.record.effectiveTime, sequence: $0.sequence) } : nil
        return LogPage(logs: page.map(\.record), next: next, total: Total(matching.count, isExact: true))
    }

    func assembled() -> [Trace] {
        state.withLock { $0.traces }.map { Trace(id: $0.key, assembling: $0.value) }
    }
}

extension MemoryStore.State {
    fileprivate mutating func insert(_ record: SpanRecord) {
        if traces[record.traceID] == nil { arrivals.append(record.traceID) }
        traces[record.traceID, default: []].append(record)
        spanCount += 1
    }

    fileprivate mutating func pruneSpans(capacity: Int) {
        guard spanCount > capacity else { return }
        let pinned = Set(pins.map(\.traceID))
        var kept: [TraceID] = []
        for (place, id) in arrivals.enumerated() {
            // The trace that arrived last stays, however large it is.
            if spanCount <= capacity || place == arrivals.count - 1 || pinned.contains(id) {
                kept.append(id)
            } else {
                spanCount -= traces.removeValue(forKey: id)?.count ?? 0
            }
        }
        arrivals = kept
    }
}

// Pins.

extension MemoryStore {
    package func pin(_ id: TraceID, note: String) async throws(ReadError) -> TracePin? {
        try TracePin.check(note: note)
        let time = now()
        let result: Result<TracePin?, ReadError> = state.withLock { state in
            if let place = state.pins.firstIndex(where: { $0.traceID == id }) {
                state.pins[place].note = note
                return .success(state.pins[place])
            }
            guard state.traces[id] != nil else { return .success(nil) }
            guard state.pins.count < Self.maxPins else {
                return .failure(.invalid("\(Self.maxPins) traces are pinned, the most there can be; unpin one first"))
            }
            let pin = TracePin(traceID: id, note: note, time: time)
            state.pins.append(pin)
            state.pins.sort { $0.time != $1.time ? $0.time > $1.time : $0.traceID < $1.traceID }
            return .success(pin)
        }
        return try result.get()
    }

    package func unpin(_ id: TraceID) async throws(ReadError) -> Bool {
        state.withLock { state in
            guard let place = state.pins.firstIndex(where: { $0.traceID == id }) else { return false }
            state.pins.remove(at: place)
            return true
        }
    }

    package func pins() async throws(ReadError) -> [TracePin] { state.withLock { $0.pins } }
}
