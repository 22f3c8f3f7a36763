// SPDX-License-Identifier: Apache-2.0
// The collector's own metrics, for Prometheus.

import NIOCore
import NIOHTTP1
import Sonde
import SondeModel
import SondePipeline
import SondeStorage

struct MetricsRoute: Sendable {
    let registry: MetricsRegistry
    let metrics: ServerMetrics
    let reader: any TraceReader
    /// Nil where spans are not counted.
    let spanMetrics: SpanMetrics?

    /// The page, wherever scrapers look for it.
    func routes(at paths: [String]) -> [Route] {
        paths.map { path in
            Route(.GET, path, intake: .probe) { request in
                await refresh()
                let page = registry.exposition(
                    accept: request.header("accept"), acceptEncoding: request.header("accept-encoding"),
                    appending: spanMetrics.map { SpanMetricsPage(snapshot: $0.snapshot()).families } ?? [])
                return Reply(page)
            }
        }
    }

    /// Gauges about the store are read when someone scrapes; a store that can't answer, or not in time, leaves them as
    /// they were.
    private func refresh() async {
        let reader = reader
        let found = await firstAnswer(within: ServerLimits.statisticsTime) { try? await reader.statistics() }
        guard let statistics = found else { return }
        metrics.set(MetricName.storedSpans, to: statistics.spans)
        metrics.set(MetricName.unmergedSpans, to: statistics.unmergedSpans)
        metrics.set(MetricName.storedTraces, to: statistics.traces)
        metrics.set(MetricName.storedLogs, to: statistics.logs)
        metrics.set(MetricName.storedBytes, to: statistics.bytes)
        metrics.set(MetricName.storedBlocks, to: statistics.blocks)
        metrics.set(MetricName.pinnedTraces, to: statistics.pinnedTraces)
        metrics.set(MetricName.pinnedBytes, to: statistics.pinnedBytes)
        metrics.set(MetricName.storedServices, to: statistics.services)
    }
}

/// What `work` finds, or nil once the time is up; work that goes on nevertheless is cancelled and not waited for.
private func firstAnswer<Answer: Sendable>(
    within limit: Duration, _ work: @escaping @Sendable () async -> Answer?
) async -> Answer? {
    let (answers, found) = AsyncStream.makeStream(of: Answer?.self)
    let working = Task { found.yield(await work()) }
    let waiting = Task {
        try await Task.sleep(for: limit)
        found.yield(nil)
    }
    defer {
        working.cancel()
        waiting.cancel()
    }
    return await answers.first { _ in true } ?? nil
}

extension Reply {
    fileprivate init(_ page: MetricsPage) {
        self.init(type: page.contentType, bytes: page.body)
        if let encoding = page.contentEncoding { headers.add(name: "content-encoding", value: encoding) }
        headers.add(name: "vary", value: "Accept, Accept-Encoding")
    }
}
