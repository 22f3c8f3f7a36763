// SPDX-License-Identifier: Apache-2.0
// Lists of whole traces, which Jaeger's and Zipkin's clients ask for: read one by one, few lists at a time.

import SondeAnalysis
import SondeModel
import SondeStorage

/// Reads traces for the foreign dialects. All of them share one turnstile: memory knows no dialects.
struct WholeTraces: Sendable {
    let reader: any TraceReader
    private let lists = Turnstile(places: ServerLimits.traceListsAtOnce)

    init(reader: any TraceReader) {
        self.reader = reader
    }

    /// The trace with this id; nil if no span of it is stored.
    func trace(_ id: TraceID) async throws(Refusal) -> Trace? {
        try await asking { () async throws(ReadError) in try await reader.trace(id) }
    }

    func page(_ query: TraceQuery) async throws(Refusal) -> TracePage {
        try await asking { () async throws(ReadError) in try await reader.search(query) }
    }

    /// Makes a list when there is a place for it.
    func list<Result>(_ make: () async throws(Refusal) -> Result) async throws(Refusal) -> Result {
        try await lists.pass(make)
    }

    /// Reads the traces one by one, so that only one is in memory, until `take` has had enough. Returns how many are
    /// left out then.
    func each(_ ids: [TraceID], take: (Trace) -> Bool) async throws(Refusal) -> Int {
        for (index, id) in ids.enumerated() {
            // Retention may have been faster.
            guard let trace = try await trace(id) else { continue }
            guard take(trace) else { return ids.count - index - 1 }
        }
        return 0
    }

    /// Nanoseconds to add to the times of each span, so that it lies inside its parent although their clocks disagree;
    /// none where times are wanted as they were sent.
    static func adjustments(of trace: Trace, isRaw: Bool) -> [Int64] {
        isRaw ? [] : ClockSkew.adjustments(of: trace)
    }

    /// What is said of a list that was cut short.
    static func cutShort(leaving count: Int) -> String {
        "the answer is longer than \(ServerLimits.traceListBytes >> 20) MiB; the last \(count) traces are left out"
    }
}
