// SPDX-License-Identifier: Apache-2.0
// The collector's road, stage by stage, on the fixed corpus: decode, decode to commit, trace by id, search. Instructions
// stand beside seconds, since they do not move when another program takes the processor.

import Benchmark
import BenchmarkCorpus
import Logging
import SondeModel
import SondeSQLite
import SondeStorage
import SondeWire

/// Spans of the corpus: large enough for several blocks and merges, small enough for a minute in all.
private let corpusSpans = 100_000

/// A store in a folder of its own with the whole corpus in it, settled.
private func filledStore(_ bodies: [[UInt8]]) async throws -> (store: SQLiteStore, ids: [TraceID]) {
    let store = try await SQLiteStore.open(
        SQLiteStoreConfiguration(directory: scratchFolder()), logger: Logger(label: "benchmark"))
    var ids: Set<TraceID> = []
    for body in bodies {
        let batch = try OTLPDecoder.traces(body).batch
        ids.formUnion(batch.entries.map(\.traceID))
        try await store.accept(batch)
    }
    await store.settle()
    return (store, ids.sorted())
}

private func scratchFolder() -> String {
    "/tmp/sonde-benchmark-\(UInt64.random(in: 0 ... .max))"
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.cpuTotal, .wallClock, .instructions, .peakMemoryResident],
        warmupIterations: 1, maxDuration: .seconds(10), maxIterations: 20)

    let bodies = Corpus.bodies(spans: corpusSpans)

    Benchmark("decode 100 k spans") { _ in
        for body in bodies { blackHole(try OTLPDecoder.traces(body)) }
    }

    Benchmark("decode and commit 100 k spans, 4 senders") { benchmark in
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: scratchFolder()), logger: Logger(label: "benchmark"))
        benchmark.startMeasurement()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sender in 0..<4 {
                group.addTask {
                    for index in stride(from: sender, to: bodies.count, by: 4) {
                        try await store.accept(OTLPDecoder.traces(bodies[index]).batch)
                    }
                }
            }
            try await group.waitForAll()
        }
        benchmark.stopMeasurement()
        await store.close()
    }

    Benchmark("trace by id, 1 000 of 100 k spans") { benchmark in
        let (store, ids) = try await filledStore(bodies)
        benchmark.startMeasurement()
        for index in 0..<1_000 { blackHole(try await store.trace(ids[index * 7919 % ids.count])) }
        benchmark.stopMeasurement()
        await store.close()
    }

    Benchmark("newest 20 of a service, by error and by a rare attribute, 100 times each") { benchmark in
        let (store, _) = try await filledStore(bodies)
        var byService = TraceQuery()
        byService.service = "orders"
        var byError = byService
        byError.status = .error
        var byAttribute = TraceQuery()
        byAttribute.attributes = [AttributeCondition(key: "user.id", value: "u-42")]
        benchmark.startMeasurement()
        for _ in 0..<100 {
            for query in [byService, byError, byAttribute] { blackHole(try await store.search(query)) }
        }
        benchmark.stopMeasurement()
        await store.close()
    }
}
