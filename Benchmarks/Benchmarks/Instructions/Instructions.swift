// SPDX-License-Identifier: Apache-2.0
// The road on the fixed corpus, up to a stage named on the command line: a program for valgrind, which counts its
// instructions. `Benchmarks/instructions` runs it and takes each stage as the difference to the one before. One sender
// and no upkeep beside it, so that every run does the same.

import BenchmarkCorpus
import Dispatch
import Logging
import SondeModel
import SondePipeline
import SondeSQLite
import SondeStorage
import SondeWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is done, each with all that stands before it.
enum Stage: String, CaseIterable {
    /// The corpus is made.
    case corpus
    /// … its bodies are decoded …
    case decode
    /// … their spans counted for metrics …
    case count
    /// … encoded and committed …
    case commit
    /// … the blocks merged …
    case merge
    /// … traces looked up by id …
    case lookup
    /// … and the newest of a service searched for.
    case search
}

@main
enum Instructions {
    /// Several blocks of merged spans, few enough for valgrind to walk in half a minute.
    static let spans = 20_000
    static let lookups = 200
    static let searches = 50

    /// Waits on the main thread: an asynchronous `main` ends that thread, which valgrind does not survive.
    static func main() {
        guard CommandLine.arguments.count == 3, let stage = Stage(rawValue: CommandLine.arguments[1]) else {
            let stages = Stage.allCases.map(\.rawValue).joined(separator: "|")
            print("usage: Instructions \(stages) FOLDER")
            exit(2)
        }
        let folder = CommandLine.arguments[2]
        Task.detached {
            do {
                try await run(to: stage, in: folder)
                // Nothing that closing does belongs to a stage.
                exit(0)
            } catch {
                print("Instructions: \(error)")
                exit(1)
            }
        }
        DispatchSemaphore(value: 0).wait()
    }

    private static func run(to stage: Stage, in folder: String) async throws {
        let bodies = Corpus.bodies(spans: spans)
        guard stage != .corpus else { return }
        let batches = try bodies.map { try OTLPDecoder.traces($0).batch }
        guard stage != .decode else { return }
        let metrics = SpanMetrics()
        for batch in batches { metrics.record(batch) }
        guard stage != .count else { return }
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: folder), logger: Logger(label: "instructions"))
        for batch in batches { try await store.accept(batch) }
        if stage != .commit { await store.settle() }
        if stage == .lookup || stage == .search { try await lookUp(batches, in: store) }
        if stage == .search { try await search(store) }
    }

    private static func lookUp(_ batches: [SpanBatch], in store: SQLiteStore) async throws {
        for index in 0..<lookups {
            let batch = batches[index * 7 % batches.count]
            guard try await store.trace(batch.entries[index % batch.count].traceID) != nil else {
                preconditionFailure("what was committed is found")
            }
        }
    }

    private static func search(_ store: SQLiteStore) async throws {
        var query = TraceQuery()
        query.service = "orders"
        for _ in 0..<searches { _ = try await store.search(query) }
    }
}
