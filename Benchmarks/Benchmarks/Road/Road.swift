// SPDX-License-Identifier: Apache-2.0
// The collector's road, stage by stage, on the fixed corpus: encode, inflate, decode, commit, merge, trace by id, search.
// Seconds only: for instructions, which do not move when another program takes the processor, see Instructions.

import Benchmark
import BenchmarkCorpus
import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeStorage
import SondeWire

/// Spans of the corpus: large enough for several blocks and merges, small enough for a minute in all.
private let corpusSpans = 100_000

/// An empty store in a folder of its own. Its upkeep does not run by itself, so that each stage is measured alone.
private func openStore() async throws -> SQLiteStore {
    let folder = scratch.appendingPathComponent("\(UInt64.random(in: 0 ... .max))").path
    return try await SQLiteStore.open(SQLiteStoreConfiguration(directory: folder), logger: Logger(label: "benchmark"))
}

/// Sends every body once, as so many senders side by side.
private func send(_ bodies: [[UInt8]], to store: SQLiteStore, senders: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for sender in 0..<senders {
            group.addTask {
                for index in stride(from: sender, to: bodies.count, by: senders) {
                    try await store.accept(OTLPDecoder.traces(bodies[index]).batch)
                }
            }
        }
        try await group.waitForAll()
    }
}

/// A store with the whole corpus in it, settled.
private func filledStore(_ bodies: [[UInt8]]) async throws -> (store: SQLiteStore, ids: [TraceID]) {
    let store = try await openStore()
    try await send(bodies, to: store, senders: 1)
    await store.settle()
    let ids = try bodies.flatMap { try OTLPDecoder.traces($0).batch.entries.map(\.traceID) }
    return (store, Set(ids).sorted())
}

/// Where the stores stand; removed when the program ends.
private let scratch: URL = {
    let folder = URL(fileURLWithPath: "/tmp/sonde-benchmark-\(getpid())")
    atexit { try? FileManager.default.removeItem(at: scratch) }
    return folder
}()

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.cpuTotal, .wallClock, .peakMemoryResident], timeUnits: .milliseconds,
        warmupIterations: 1, maxDuration: .seconds(10), maxIterations: 20)

    let bodies = Corpus.bodies(spans: corpusSpans)

    encodeAndDecode(bodies)
    commitAndMerge(bodies)
    questions(bodies)
}

/// Pure functions, ten passes each: a clock that ticks every 10 ms says little about less.
private func encodeAndDecode(_ bodies: [[UInt8]]) {
    Benchmark("inflate 1 M spans") { benchmark in
        let compressed = bodies.map { Gzip.compress($0, level: 6) }
        benchmark.startMeasurement()
        for _ in 0..<10 {
            for body in compressed { blackHole(try Gzip.inflate(body, limit: 16 << 20)) }
        }
    }

    Benchmark("decode 1 M spans") { _ in
        for _ in 0..<10 {
            for body in bodies { blackHole(try OTLPDecoder.traces(body)) }
        }
    }

    Benchmark("encode 100 k spans") { benchmark in
        let records = try bodies.map { try OTLPDecoder.traces($0).batch.records() }
        benchmark.startMeasurement()
        for spans in records { blackHole(OTLPEncoder.traces(spans)) }
    }
}

private func commitAndMerge(_ bodies: [[UInt8]]) {
    Benchmark("decode and commit 100 k spans, 4 senders") { benchmark in
        let store = try await openStore()
        benchmark.startMeasurement()
        try await send(bodies, to: store, senders: 4)
        benchmark.stopMeasurement()
        await store.close()
    }

    Benchmark("merge 100 k fresh spans") { benchmark in
        let store = try await openStore()
        try await send(bodies, to: store, senders: 4)
        benchmark.startMeasurement()
        await store.settle()
        benchmark.stopMeasurement()
        await store.close()
    }
}

private func questions(_ bodies: [[UInt8]]) {
    Benchmark("trace by id, 1 000 of 100 k spans") { benchmark in
        let (store, ids) = try await filledStore(bodies)
        benchmark.startMeasurement()
        for index in 0..<1_000 { blackHole(try await store.trace(ids[index * 7919 % ids.count])) }
        benchmark.stopMeasurement()
        await store.close()
    }

    Benchmark("newest 20: service, error, rare attribute, 100 each") { benchmark in
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
