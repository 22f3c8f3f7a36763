// SPDX-License-Identifier: Apache-2.0
// Story: an operator asks the metrics page the questions that matter, after a morning's work: what came in, what was
// turned away or let go and why, how long commits take, what waits, what upkeep did, how large the files are.

import Foundation
import SondeModel
import SondeTestKit
import SondeWire
import Testing

@Suite struct MetricsTests {
    /// What is asked, the beginning of the line that answers it, and whether it must be more than nothing by now.
    private static let questions: [(String, String, isPositive: Bool)] = [
        ("spans accepted", #"sonde_records_accepted_total{signal="spans"}"#, true),
        ("logs accepted", #"sonde_records_accepted_total{signal="logs"}"#, true),
        ("spans rejected, by reason", #"sonde_records_rejected_total{reason="invalid",signal="spans"}"#, true),
        ("points not kept", #"sonde_records_rejected_total{reason="not_stored",signal="metrics"}"#, false),
        (
            "requests refused, by reason",
            #"sonde_ingest_requests_refused_total{reason="undecodable",signal="spans"}"#, true
        ),
        ("requests refused for memory", #"sonde_ingest_requests_refused_total{reason="memory",signal="spans"}"#, false),
        ("records the store refused", #"sonde_store_refused_records_total{reason="disk_full"}"#, false),
        ("spans dropped for age", #"sonde_store_pruned_records_total{reason="age",signal="spans"}"#, true),
        ("logs dropped for size", #"sonde_store_pruned_records_total{reason="size",signal="logs"}"#, false),
        ("duplicates dropped", "sonde_store_duplicates_dropped_total", false),
        ("questions refused", #"sonde_questions_refused_total{reason="too_many"}"#, false),
        ("bytes received", #"sonde_ingest_body_bytes_total{form="received",signal="spans"}"#, true),
        ("bytes inflated", #"sonde_ingest_body_bytes_total{form="inflated",signal="spans"}"#, true),
        ("bytes written", "sonde_store_written_bytes_total", true),
        ("commit latency", #"sonde_commit_duration_seconds_count{signal="spans"}"#, true),
        ("time of a transaction", "sonde_store_transaction_duration_seconds_count", true),
        ("group size", "sonde_store_transaction_batches_count", true),
        ("queue depth", #"sonde_ingest_queue_depth{signal="spans"}"#, false),
        ("queued records", "sonde_store_queued_records", false),
        ("queued bytes", "sonde_store_queued_bytes", false),
        ("bytes in flight", "sonde_ingest_in_flight_bytes", false),
        ("compactions", "sonde_store_merge_duration_seconds_count", true),
        ("compacted records", "sonde_store_merged_records_total", true),
        ("compacted bytes", "sonde_store_merged_bytes_total", true),
        ("retention's work", "sonde_store_prune_duration_seconds_count", true),
        ("blocks pruned", #"sonde_store_pruned_blocks_total{reason="age"}"#, true),
        ("pages given back", "sonde_store_vacuumed_pages_total", false),
        ("checkpoints", "sonde_store_checkpoint_duration_seconds_count", true),
        ("upkeep that failed", "sonde_store_upkeep_failures_total", false),
        ("size of the file", "sonde_store_file_bytes", true),
        ("size of the log", "sonde_store_log_bytes", false),
        ("cache hits", "sonde_store_cache_hits_total", true),
        ("cache misses", "sonde_store_cache_misses_total", true),
        ("memory of the process", "process_resident_memory_bytes", true),
    ]

    @Test func theMetricsPageAnswersAnOperatorsQuestions() async throws {
        let folder = try ScratchFolder("metrics")
        let collector = try await RunningCollector(in: folder, arguments: ["--keep", "5s"])
        var bad = SpanRecord.sample(9)
        bad.spanID = .zero
        // In several commits, so that there is something to merge.
        for id in 1...8 as ClosedRange<UInt64> {
            try await post(OTLPEncoder.traces([.sample(trace: id, id), bad]), "/v1/traces", collector)
        }
        try await post(OTLPEncoder.logs([.sample("hello")]), "/v1/logs", collector)
        try await post([0x0A, 0x7F], "/v1/traces", collector)

        var missing: [String] = []
        do {
            try await eventually("every question is answered") {
                // Asked for as soon as it is there: what came before may be pruned already.
                try await post(OTLPEncoder.traces([.sample(trace: 1, 1)]), "/v1/traces", collector)
                for _ in 0..<2 {
                    _ = try await HTTPProbe.get(collector.queryURL + "/sonde/v1/traces/\(TraceID.sample(1).hex)")
                }
                let page = try await HTTPProbe.get(collector.queryURL + "/metrics").text
                missing = Self.unanswered(page)
                return missing.isEmpty
            }
        } catch {
            Issue.record("not answered: \(missing.joined(separator: ", "))")
        }
        #expect(try await collector.stop() == 0)
    }

    private static func unanswered(_ page: String) -> [String] {
        let lines = page.split(separator: "\n")
        return questions.filter { _, series, isPositive in
            guard let line = lines.first(where: { $0.hasPrefix(series + " ") }),
                let value = line.split(separator: " ").last.flatMap({ Double($0) })
            else { return true }
            return isPositive && value <= 0
        }
        .map(\.0)
    }

    private func post(_ body: [UInt8], _ path: String, _ collector: RunningCollector) async throws {
        _ = try await HTTPProbe.send(
            "POST", collector.otlpURL + path, headers: [("Content-Type", "application/x-protobuf")], body: body)
    }
}
