// SPDX-License-Identifier: Apache-2.0
// One export from its first trace to its last.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeWire

struct ExportRun {
    private let source: any Source
    private let addsLogs: Bool
    private var document: ExportDocument
    private var progress = ProgressLine()
    private(set) var traceCount = 0
    private(set) var spanCount = 0
    private(set) var logCount = 0

    init(source: any Source, format: TelemetryFormat, addsLogs: Bool, isSingle: Bool) {
        self.source = source
        self.addsLogs = addsLogs
        document = ExportDocument(format: format, isSingle: isSingle)
    }

    /// Writes what was chosen to the file at `path`, or to standard output. Without a trace nothing is written.
    mutating func write(_ choice: ExportChoice, to path: String?) async throws(CommandFailure) {
        var output = try ExportOutput(path: path)
        progress = ProgressLine(isWanted: path != nil || !Device.isTerminal(.output))
        defer { progress.clear() }
        switch choice {
        case .traces(let ids):
            for id in ids {
                let trace = try await TraceFinder(reader: source).find(id)
                try await add(trace, of: ids.count, to: &output)
            }
        case .search(let query, let limit): try await search(query, limit: limit ?? .max, &output)
        }
        guard traceCount > 0 else { return }
        try output.write(document.end())
        try output.finish()
    }

    /// Page by page; each trace is fetched when it is written.
    private mutating func search(
        _ query: TraceQuery, limit: Int, _ output: inout ExportOutput
    ) async throws(CommandFailure) {
        var query = query
        var found = 0
        while found < limit {
            query.limit = min(TraceQuery.maxLimit, limit - found)
            let asked = query
            let page = try await asking { () async throws(ReadError) in try await source.search(asked) }
            let expected = page.total.isExact || page.total.value >= limit ? min(limit, page.total.value) : nil
            for summary in page.traces {
                guard output.isWanted else { return }
                let trace = try await asking { () async throws(ReadError) in
                    try await source.trace(summary.traceID)
                }
                // It may have been pruned since it was found.
                if let trace { try await add(trace, of: expected, to: &output) }
            }
            found += page.traces.count
            guard let next = page.next else { return }
            query.cursor = next
        }
    }

    private mutating func add(
        _ trace: Trace, of expected: Int?, to output: inout ExportOutput
    ) async throws(CommandFailure) {
        try output.write(document.add(trace))
        if addsLogs {
            var query = LogQuery()
            query.traceID = trace.id
            let page = try await Logs.search(source, query, limit: .max)
            // As they were written, oldest first.
            try output.write(document.add(page.logs.reversed()))
            logCount += page.logs.count
        }
        traceCount += 1
        spanCount += trace.spans.count
        let (traces, spans, bytes) = (traceCount, spanCount, output.byteCount)
        let part = expected.map { Double(traces) / Double(max($0, traces)) }
        progress.update(part: part) { seconds in
            "\(Quantity.counted(traces, "trace")) · \(Quantity.counted(spans, "span")) · "
                + "\(Quantity.size(bytes: bytes)) · "
                + "\(Quantity.count(Int(Double(spans) / max(seconds, 0.001)))) spans/s"
        }
    }
}
