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
    private var spans = TortureLedger("spans", pieces: TortureLoad.tracesPerBatch)
    private var logs = TortureLedger("logs", pieces: TortureLoad.logsPerBatch)
    private var pinned: Set<Int> = []
    /// Lines heard so far.
    private var moment = 0
    /// Acknowledged before the last kill and examined since.
    private var examined = 0
    private var pruned = 0

    /// - Throws: if there is something in the folder: what it holds would be counted as ours.
    init(folder: String, prunes: Bool) throws {
        self.folder = folder
        self.prunes = prunes
        let inside = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard inside.isEmpty else {
            throw BrokenPromise(description: "\(folder) is not empty; remove it or name another with --folder")
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// The first batch that nobody has tried yet.
    var next: Int { max(spans.tried.keys.max() ?? 0, logs.tried.keys.max() ?? 0) + 1 }

    /// Takes in what a victim said, lines like `ack logs 12`; whether it died inside its phase.
    mutating func hear(_ text: some StringProtocol) -> Bool {
        var isInside = false
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map { Substring($0) }
            if words.first == "inside" { isInside = true }
            guard words.count == 3, let number = Int(words[2]) else { continue }
            moment += 1
            switch (words[0], words[1]) {
            case ("pin", _): pinned.insert(number)
            case (let verb, "spans"): spans.hear(verb, number, at: moment)
            case (let verb, "logs"): logs.hear(verb, number, at: moment)
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
        guard !services.isEmpty || spans.acknowledged.isEmpty else {
            throw BrokenPromise(description: "nothing is stored")
        }
        let report = try StoreCheck.run(path: folder)
        guard report.isClean else {
            throw BrokenPromise(
                description: "the file is damaged:\n"
                    + report.findings.prefix(20).map(\.sentence).joined(separator: "\n"))
        }
        let gone = try await examineBatches(reader)
        await reader.close()
        let acknowledged = spans.acknowledged.count + logs.acknowledged.count
        tally.acknowledged += acknowledged - examined
        examined = acknowledged
        tally.pruned += gone - pruned
        pruned = gone
    }

    /// Returns how many acknowledged batches retention has taken.
    private func examineBatches(_ reader: SQLiteReader) async throws -> Int {
        let keptSpans = try await keptSpans(reader)
        let keptLogs = try await keptLogs(reader)
        for batch in pinned where !(keptSpans[batch]?.contains(0) ?? false) {
            throw BrokenPromise(description: "the pinned trace of batch \(batch) is not there")
        }
        guard prunes else {
            try spans.check(kept: keptSpans)
            try logs.check(kept: keptLogs)
            return 0
        }
        let goneSpans = try spans.checkOldestFirst(
            kept: keptSpans, mayBePinned: { batch, trace in trace == 0 && batch % TortureLoad.pinEvery == 0 },
            isResent: { $0 % TortureLoad.resendEvery == 0 })
        let goneLogs = try logs.checkOldestFirst(
            kept: keptLogs, mayBePinned: { _, _ in false }, isResent: { _ in false })
        return goneSpans + goneLogs
    }

    private func keptSpans(_ reader: SQLiteReader) async throws -> [Int: Set<Int>] {
        var kept: [Int: Set<Int>] = [:]
        for batch in spans.tried.keys {
            for trace in 0..<TortureLoad.tracesPerBatch {
                let count = try await count(batch, trace, reader)
                guard count > 0 else { continue }
                guard count == TortureLoad.spansPerTrace else {
                    throw BrokenPromise(description: "a trace of batch \(batch) has \(count) spans")
                }
                kept[batch, default: []].insert(trace)
            }
        }
        return kept
    }

    /// Every record that is there, read page by page; none may show twice.
    private func keptLogs(_ reader: SQLiteReader) async throws -> [Int: Set<Int>] {
        var kept: [Int: Set<Int>] = [:]
        var query = LogQuery()
        query.limit = LogQuery.maxLimit
        repeat {
            let page = try await reader.logs(query)
            for record in page.logs {
                guard let place = TortureLoad.place(ofLog: record.body), logs.tried[place.batch] != nil else {
                    throw BrokenPromise(description: "there is a log record that nobody sent: \(record.body)")
                }
                guard kept[place.batch, default: []].insert(place.record).inserted else {
                    throw BrokenPromise(description: "log record \(place.record) of batch \(place.batch) shows twice")
                }
            }
            query.cursor = page.next
        } while query.cursor != nil
        return kept
    }

    /// How many spans of a trace the API shows: each id once.
    private func count(_ batch: Int, _ trace: Int, _ reader: SQLiteReader) async throws -> Int {
        guard let found = try await reader.trace(TortureLoad.traceID(batch, trace)) else { return 0 }
        let ids = Set(found.spans.map(\.spanID))
        guard ids.count == found.spans.count else {
            throw BrokenPromise(description: "a span of batch \(batch) shows twice")
        }
        let wanted = Set((1...UInt64(TortureLoad.spansPerTrace)).map { SpanID(UInt64(batch) << 8 | $0) })
        guard found.spans.allSatisfy({ $0.name == TortureLoad.name(batch, $0.spanID.value & 0xFF) }) else {
            throw BrokenPromise(description: "a span of batch \(batch) has the name of another")
        }
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
        var found = 0
        for batch in spans.tried.keys {
            for trace in 0..<TortureLoad.tracesPerBatch {
                found += try await store.trace(TortureLoad.traceID(batch, trace))?.spans.count ?? 0
            }
        }
        let counted = try await store.statistics()
        await store.close()
        let reader = try await SQLiteReader.open(path: folder)
        let records = try await keptLogs(reader).values.reduce(0) { $0 + $1.count }
        await reader.close()
        guard counted.spans == found, counted.unmergedSpans == 0, counted.logs == records else {
            throw BrokenPromise(
                description:
                    "statistics tell \(counted.spans) spans and \(counted.logs) log records, there are \(found) "
                    + "and \(records); \(counted.unmergedSpans) spans are not merged")
        }
    }
}
