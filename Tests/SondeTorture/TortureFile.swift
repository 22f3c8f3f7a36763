// SPDX-License-Identifier: Apache-2.0
// One data folder over many kills: what was sent, what was acknowledged, what is pinned, and whether the file keeps it.

import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeStorage

struct TortureFile {
    let folder: String
    /// Whether retention may have taken the oldest.
    private let prunes: Bool
    private var tried: Set<Int> = []
    private var acknowledged: Set<Int> = []
    private var pinned: Set<Int> = []
    /// Acknowledged before the last kill and examined since.
    private var examined = 0
    private var pruned = 0

    init(folder: String, prunes: Bool) throws {
        self.folder = folder
        self.prunes = prunes
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// The first batch that nobody has tried yet.
    var next: Int { (tried.max() ?? 0) + 1 }

    /// Takes in what a victim said; whether it died inside its phase.
    mutating func hear(_ text: some StringProtocol) -> Bool {
        var isInside = false
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "inside" { isInside = true }
            guard words.count == 2, let number = Int(words[1]) else { continue }
            switch words[0] {
            case "try": tried.insert(number)
            case "ack": acknowledged.insert(number)
            case "pin": pinned.insert(number)
            default: break
            }
        }
        return isInside
    }

    // Looking.

    /// Opens what the kill left and checks every promise.
    mutating func examine(_ tally: inout KillTally) async throws {
        let began = ContinuousClock.now
        let reader = try await SQLiteReader.open(path: folder)
        let services = try await reader.services()
        tally.openMilliseconds += Double((began.duration(to: .now) / .microseconds(1))) / 1_000
        guard !services.isEmpty || acknowledged.isEmpty else { throw BrokenPromise(description: "nothing is stored") }
        let report = try StoreCheck.run(path: folder)
        guard report.isClean else {
            throw BrokenPromise(
                description: "the file is damaged:\n" + report.findings.map(\.sentence).joined(separator: "\n"))
        }
        try await examineBatches(reader)
        await reader.close()
        tally.acknowledged += acknowledged.count - examined
        examined = acknowledged.count
        let gone = pruned
        tally.pruned += gone
    }

    private mutating func examineBatches(_ reader: SQLiteReader) async throws {
        var present: [Int: Int] = [:]
        for batch in tried.sorted() {
            var spans = 0
            for trace in 0..<TortureLoad.tracesPerBatch { spans += try await count(batch, trace, reader) }
            present[batch] = spans
        }
        let whole = TortureLoad.tracesPerBatch * TortureLoad.spansPerTrace
        let border = prunes ? Self.border(present, acknowledged) : Int.min
        for (batch, spans) in present where batch > border {
            guard spans == whole || spans == 0 && !acknowledged.contains(batch) else {
                let state = acknowledged.contains(batch) ? "acknowledged" : "unacknowledged"
                throw BrokenPromise(description: "of \(state) batch \(batch) \(spans) of \(whole) spans are there")
            }
        }
        let gone = acknowledged.filter { present[$0] ?? 0 < whole }
        pruned = gone.count
        for batch in pinned where try await count(batch, 0, reader) != TortureLoad.spansPerTrace {
            throw BrokenPromise(description: "the pinned trace of batch \(batch) is not whole")
        }
    }

    /// The last batch that retention may have touched. It goes by arrival: neighbours in number may have arrived in
    /// another order, as far apart as senders and one commit let them.
    private static func border(_ present: [Int: Int], _ acknowledged: Set<Int>) -> Int {
        let whole = TortureLoad.tracesPerBatch * TortureLoad.spansPerTrace
        let kept = acknowledged.filter { present[$0] == whole && !($0 % TortureLoad.pinEvery == 0) }.sorted()
        // The newest run without a gap is what retention has certainly not touched.
        let order = acknowledged.sorted()
        var border = Int.min
        for batch in order where present[batch] ?? 0 < whole { border = batch }
        guard border > Int.min else { return border }
        // Oldest first: hardly anything older than what is gone may still be there.
        let older = kept.filter { $0 < border }
        let isOldestFirst = older.count <= Self.disorder
        return isOldestFirst ? border : Int.min
    }

    /// Batches that may be kept although a later one is pruned: those of one merge, which arrived together and are pruned
    /// by block.
    private static let disorder = 1_700

    /// How many spans of a trace the API shows: each id once.
    private func count(_ batch: Int, _ trace: Int, _ reader: SQLiteReader) async throws -> Int {
        guard let found = try await reader.trace(TortureLoad.traceID(batch, trace)) else { return 0 }
        let ids = Set(found.spans.map(\.spanID))
        guard ids.count == found.spans.count else {
            throw BrokenPromise(description: "a span of batch \(batch) shows twice")
        }
        let wanted = Set((1...UInt64(TortureLoad.spansPerTrace)).map { SpanID(UInt64(batch) << 8 | $0) })
        guard ids.isSubset(of: wanted) else {
            throw BrokenPromise(description: "batch \(batch) has spans that nobody sent")
        }
        return ids.count
    }

    /// After all kills: the store opens for writing, settles, and its count is exact.
    func settleAndCount() async throws {
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: folder),
            logger: Logger(label: "torture") { _ in SwiftLogNoOpLogHandler() })
        await store.settle()
        var spans = 0
        for batch in tried {
            for trace in 0..<TortureLoad.tracesPerBatch {
                spans += try await store.trace(TortureLoad.traceID(batch, trace))?.spans.count ?? 0
            }
        }
        let counted = try await store.statistics().spans
        await store.close()
        guard counted == spans else {
            throw BrokenPromise(description: "statistics tell \(counted) spans, the traces hold \(spans)")
        }
    }
}
