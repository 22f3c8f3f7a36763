// SPDX-License-Identifier: Apache-2.0
// `SondeTorture measure`: what dropping the oldest spans costs the writer, slice by slice, and what giving their pages
// back does. To be built with optimisation: `swift build -c release --product SondeTorture`.

import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeStorage
import SondeWire
import Synchronization

struct PruneMeasure {
    private let spans: Int
    private let folder: String

    init(_ words: inout Words) {
        spans = words.number("spans", 1_000_000)
        folder = words.text("folder") ?? NSTemporaryDirectory() + "/sonde-measure-\(getpid())"
    }

    func run() async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let watch = SliceWatch()
        var configuration = SQLiteStoreConfiguration(directory: folder)
        configuration.observer = watch
        let moment = Moment()
        configuration.now = { moment.now }
        configuration.retention.maxAge = .seconds(3_600)
        let quiet = Logger(label: "measure") { _ in SwiftLogNoOpLogHandler() }
        let store = try await SQLiteStore.open(configuration, logger: quiet)
        let perBatch = TortureLoad.tracesPerBatch * TortureLoad.spansPerTrace
        let batches = spans / perBatch
        for first in stride(from: 1, through: batches, by: 60) {
            let records = (first..<min(first + 60, batches + 1)).flatMap(TortureLoad.spans)
            try await store.accept(try OTLPDecoder.traces(OTLPEncoder.traces(records)).batch)
            if first % 6_000 == 1 { await store.settle() }
        }
        await store.settle()
        let before = try await store.statistics()
        watch.forget()
        moment.advance(bySeconds: 7_200)
        await store.settle()
        let after = try await store.statistics()
        await store.close()
        print(
            "\(before.spans) spans in \(before.bytes >> 20) MiB, pruned to \(after.spans) in \(after.bytes >> 20) MiB")
        print(watch.report)
    }
}

/// A time of day that is told to move.
private final class Moment: Sendable {
    private let seconds = Mutex<UInt64>(1_767_323_045)

    var now: Timestamp { Timestamp(nanoseconds: seconds.withLock { $0 } * 1_000_000_000) }
    func advance(bySeconds more: UInt64) { seconds.withLock { $0 += more } }
}

private final class SliceWatch: StoreObserver {
    private let state = Mutex<(prunes: [Duration], vacuums: [Duration])>(([], []))

    func forget() { state.withLock { $0 = ([], []) } }

    func pruned(blocks: Int, spans: Int, logs: Int, reason: PruneReason, duration: Duration) {
        state.withLock { $0.prunes.append(duration) }
    }

    func vacuumed(pages: Int, duration: Duration) { state.withLock { $0.vacuums.append(duration) } }

    var report: String {
        state.withLock { state in
            [("pruning", state.prunes), ("giving pages back", state.vacuums)].map { name, all in
                let milliseconds = all.map { $0 / .milliseconds(1) }.sorted()
                let sum = milliseconds.reduce(0, +)
                let p99 =
                    milliseconds.isEmpty ? 0 : milliseconds[min(milliseconds.count - 1, milliseconds.count * 99 / 100)]
                return String(
                    format:
                        "%@: %d slices, %.1f ms of the writer's time in all, p50 %.2f ms, p99 %.2f ms, longest %.2f ms",
                    name, milliseconds.count, sum, milliseconds.isEmpty ? 0 : milliseconds[milliseconds.count / 2], p99,
                    milliseconds.last ?? 0)
            }.joined(separator: "\n")
        }
    }
}
