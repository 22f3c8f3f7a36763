// SPDX-License-Identifier: Apache-2.0
// The doors of the house: who takes telemetry, who answers questions about it. Every store stands behind all of them;
// a collector reached over the network stands behind the readers. Doors are crossed once per batch or per query.

package import SondeModel

/// Takes batches of spans. Every stage that handles spans is a sink: admission, sampler, span metrics, store.
///
/// - Returns when the batch is as safe as this sink promises (a store: committed).
/// - MUST take the whole batch or throw; MUST NOT keep half. (Partial success is the receiver's affair.)
/// - MAY be called from many tasks at once; MUST NOT assume that batches arrive in time order.
/// - An empty batch is taken without effect.
/// - ``SinkError/busy(reason:retryAfter:)`` means "slow down and send it again"; every other error means "do not".
package protocol SpanSink: Sendable {
    func accept(_ batch: SpanBatch) async throws(SinkError)
}

/// Takes batches of log records, with the promises of ``SpanSink``.
package protocol LogSink: Sendable {
    func accept(_ batch: LogBatch) async throws(SinkError)
}

/// Answers questions about traces.
///
/// - What a sink of the same store has taken is seen by the next question.
/// - MAY be called from many tasks at once; each answer is one consistent snapshot.
/// - A span that arrived twice (same trace id, span id and kind) shows once in every list, tree and count of a trace.
/// - A question that a reader can't answer throws ``ReadError/unsupported(_:)``; it never gives an empty list.
package protocol TraceReader: Sendable {
    /// Every service seen, sorted by name. Empty for an empty store.
    func services() async throws(ReadError) -> [ServiceSummary]

    /// The operations of one service, sorted by name, then kind. Empty for an unknown service.
    func operations(of service: String) async throws(ReadError) -> [OperationSummary]

    /// Traces with at least one span that meets every span condition of `query`, newest first by trace start, ties by
    /// descending trace id. Summaries describe the whole trace, not the matching spans.
    ///
    /// Following ``TracePage/next`` visits each trace once, also while new ones arrive. The total is exact or says that
    /// it is not.
    func search(_ query: TraceQuery) async throws(ReadError) -> TracePage

    /// The trace with exactly this id; nil if no span of it is stored.
    func trace(_ id: TraceID) async throws(ReadError) -> Trace?

    /// Ids of stored traces whose 32 hex digits begin with `prefix`, ascending, at most `limit`.
    func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) async throws(ReadError) -> [TraceID]

    func statistics() async throws(ReadError) -> StoreStatistics

    /// The attribute keys that spans bear, by key, then scope. Empty for an unknown service.
    ///
    /// `types` MAY name kinds that only spans outside the question have.
    func attributeKeys(_ query: AttributeQuery) async throws(ReadError) -> AttributeList<AttributeKeySummary>

    /// The values of `key`, the most frequent first, then by text. Empty for an unknown key. The intrinsics `service`,
    /// `name`, `kind` and `status` have values like attributes of that name.
    func attributeValues(
        of key: String, _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeValueSummary>
}

/// Answers questions about logs, with the promises of ``TraceReader``.
package protocol LogReader: Sendable {
    /// Records that meet every condition of `query`, newest first by effective time; among equal times, the one that
    /// arrived later first.
    func logs(_ query: LogQuery) async throws(ReadError) -> LogPage
}

/// What keeps telemetry: both sinks, the readers, pins, and upkeep.
package protocol TelemetryStore: SpanSink, LogSink, TraceReader, LogReader, ActivityReader, TracePins {
    /// Upkeep in the background (merging, retention, checkpoints) until the task is cancelled; then finishes what has
    /// been accepted and closes. Sinks and readers MAY be used before it runs and MUST NOT be used after it returned.
    func run() async throws(ReadError)

    /// How much is stored. Told at every start, so it must not look into what is stored.
    func size() async throws(ReadError) -> StoreSize
}

extension TelemetryStore {
    package func size() async throws(ReadError) -> StoreSize {
        let statistics = try await statistics()
        return StoreSize(spans: statistics.spans, logs: statistics.logs, bytes: statistics.bytes)
    }
}

/// Why a sink did not take a batch.
package enum SinkError: Error, Hashable, Sendable {
    /// Not now: overload, a full disk, a store that is closing. Send the same batch again, not before `retryAfter`.
    case busy(reason: String, retryAfter: Duration)
    /// Never: this batch breaks a rule that sending it again won't mend.
    case rejected(reason: String)
    /// The store is broken and needs an operator.
    case failed(reason: String)

    package var reason: String {
        switch self {
        case .busy(let reason, _), .rejected(let reason), .failed(let reason): reason
        }
    }
}

/// Why a reader gave no answer.
package enum ReadError: Error, Hashable, Sendable {
    /// The question itself is wrong; says what and what was expected.
    case invalid(String)
    /// The question is right, but this reader can't answer it.
    case unsupported(String)
    /// The source can't be reached: no collector listens there, no file lies there.
    case unreachable(String)
    /// The source was reached and answered with an error, or its file is damaged.
    case failed(String)

    package var reason: String {
        switch self {
        case .invalid(let reason), .unsupported(let reason), .unreachable(let reason), .failed(let reason): reason
        }
    }
}
