// SPDX-License-Identifier: Apache-2.0
// What every store promises at its doors, one claim a promise. Each store runs all of them; so does a collector reached
// over the network. A new promise on a door is a new claim here.

package import SondeModel
package import SondeStorage

/// The promises, and the means to check them on one store.
package struct StoreContract: Sendable {
    package let spans: any SpanSink
    package let logs: any LogSink
    package let traceReader: any TraceReader & ActivityReader
    package let logReader: any LogReader
    package let pins: any TracePins
    /// How records become a batch: the OTLP codec, which this kit must not import.
    package let codec: Codec

    package struct Codec: Sendable {
        package var spanBatch: @Sendable ([SpanRecord]) throws -> SpanBatch
        package var logBatch: @Sendable ([LogRecord]) throws -> LogBatch

        package init(
            spanBatch: @escaping @Sendable ([SpanRecord]) throws -> SpanBatch,
            logBatch: @escaping @Sendable ([LogRecord]) throws -> LogBatch
        ) {
            self.spanBatch = spanBatch
            self.logBatch = logBatch
        }
    }

    /// Checks one store, which must be empty, on both sides of its doors.
    package init(store: some TelemetryStore, codec: Codec) {
        self.init(spans: store, logs: store, traceReader: store, logReader: store, pins: store, codec: codec)
    }

    /// Checks readers that see what other sinks have taken.
    package init(
        spans: any SpanSink, logs: any LogSink, traceReader: any TraceReader & ActivityReader, logReader: any LogReader,
        pins: any TracePins, codec: Codec
    ) {
        self.spans = spans
        self.logs = logs
        self.traceReader = traceReader
        self.logReader = logReader
        self.pins = pins
        self.codec = codec
    }

    /// One promise. `verify` throws a ``Violation`` where it is broken.
    package struct Claim: Sendable, CustomStringConvertible {
        package let name: String
        package let verify: @Sendable (StoreContract) async throws -> Void

        package init(_ name: String, _ verify: @escaping @Sendable (StoreContract) async throws -> Void) {
            self.name = name
            self.verify = verify
        }

        package var description: String { name }
    }

    package struct Violation: Error, CustomStringConvertible {
        package let description: String
    }

    /// Every promise; each is to be verified on an empty store of its own.
    package static let claims: [Claim] =
        traceClaims + searchClaims + queryClaims + attributeClaims + logClaims + pinClaims + activityClaims
}

extension StoreContract {
    func store(_ records: SpanRecord...) async throws { try await store(records) }

    func store(_ records: [SpanRecord]) async throws { try await spans.accept(codec.spanBatch(records)) }

    func store(logs records: LogRecord...) async throws { try await logs.accept(codec.logBatch(records)) }

    func storedTrace(_ id: TraceID) async throws -> Trace {
        guard let trace = try await traceReader.trace(id) else { throw Violation(description: "no trace \(id)") }
        return trace
    }

    func search(_ change: (inout TraceQuery) -> Void = { _ in }) async throws -> TracePage {
        var query = TraceQuery()
        change(&query)
        return try await traceReader.search(query)
    }

    func searchLogs(_ change: (inout LogQuery) -> Void = { _ in }) async throws -> LogPage {
        var query = LogQuery()
        change(&query)
        return try await logReader.logs(query)
    }
}

/// Throws a violation that shows both values unless they are equal.
func expectEqual<T: Equatable>(_ got: T, _ want: T, _ what: String) throws {
    guard got == want else {
        throw StoreContract.Violation(description: "\(what):\n  got  \(got)\n  want \(want)")
    }
}

func expect(_ holds: Bool, _ what: String) throws {
    guard holds else { throw StoreContract.Violation(description: what) }
}
