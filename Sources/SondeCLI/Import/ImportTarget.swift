// SPDX-License-Identifier: Apache-2.0
// Who keeps what is imported: a collector that runs, or a data folder that none has open. Both take OTLP requests, and
// both lead through admission into a store.

import Logging
import SondeClient
import SondeModel
import SondePipeline
import SondeStorage
import SondeWire

/// Takes OTLP requests in protobuf, one at a time.
protocol ImportTarget: Sendable {
    /// As it is called in messages.
    var name: String { get }
    /// How many of the items were refused, and why the first of them.
    func store(_ body: [UInt8], as signal: Signal) async throws(SinkError) -> (rejected: Int, reason: String)
    /// Who can tell which log lines are stored already.
    var logs: any LogReader { get }
}

extension ImportTarget {
    /// Whether a log record like this one is stored. Where that can't be told, the answer is no: it serves a warning.
    func holds(_ record: LogRecord) async -> Bool {
        var query = LogQuery()
        query.service = record.resource.serviceName
        query.start = record.effectiveTime
        query.end = record.effectiveTime.advanced(byNanoseconds: 1)
        query.limit = LogQuery.maxLimit
        guard let page = try? await logs.logs(query) else { return false }
        return page.logs.contains(record)
    }
}

/// A collector reached over the network.
struct CollectorTarget: ImportTarget {
    let collector: RemoteStore
    var name: String { "the collector at \(collector.url)" }
    var logs: any LogReader { collector }

    func store(_ body: [UInt8], as signal: Signal) async throws(SinkError) -> (rejected: Int, reason: String) {
        try await collector.store(body, as: signal == .logs ? .logs : .spans)
    }
}

/// A store in this process.
struct StoreTarget: ImportTarget {
    let name: String
    let logs: any LogReader
    private let admission: Admission

    init(name: String, store: any TelemetryStore) {
        self.name = name
        logs = store
        admission = Admission(observer: Unobserved(), next: store)
    }

    func store(_ body: [UInt8], as signal: Signal) async throws(SinkError) -> (rejected: Int, reason: String) {
        switch signal {
        case .logs:
            let decoded = try decode { () throws(DecodeError) in try OTLPDecoder.logs(body) }
            try await admission.accept(decoded.batch)
            return (decoded.rejectedCount, decoded.rejectionReason ?? "")
        case .spans, .metrics:
            let decoded = try decode { () throws(DecodeError) in try OTLPDecoder.traces(body) }
            try await admission.accept(decoded.batch)
            return (decoded.rejectedCount, decoded.rejectionReason ?? "")
        }
    }

    private func decode<Batch>(_ read: () throws(DecodeError) -> Batch) throws(SinkError) -> Batch {
        do { return try read() } catch { throw .rejected(reason: error.message) }
    }
}

/// One run of a command has no metrics.
private struct Unobserved: PipelineObserver {
    func accepted(_ signal: Signal, count: Int, after duration: Duration) {}
    func turnedAway(_ signal: Signal, count: Int, reason: RefusalReason) {}
    func waiting(_ signal: Signal, change: Int) {}
}
