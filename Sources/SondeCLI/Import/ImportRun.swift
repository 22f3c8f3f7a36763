// SPDX-License-Identifier: Apache-2.0
// One import: pieces of files are decoded, gathered into batches of a size that a store likes, and stored. What can't be
// read is named and counted, and costs nothing else.

import SondeModel
import SondePipeline
import SondeStorage
import SondeTerminal
import SondeWire

struct ImportRun {
    private let target: any ImportTarget
    private let format: TelemetryFormat?
    private let isStrict: Bool
    private(set) var report = ImportReport()
    private var spans = ImportBatch(signal: .spans)
    private var logs = ImportBatch(signal: .logs)
    private var progress = ProgressLine()
    /// Spans and log records read, stored or not yet.
    private var readCount = 0
    private var hasToldWaiting = false
    /// Whether the file under way has had log lines.
    private var hasSeenLogs = false
    private var bytesBefore = 0
    private let bytesInAll: Int?

    init(target: any ImportTarget, format: TelemetryFormat?, isStrict: Bool, files: [InputFile]) {
        self.target = target
        self.format = format
        self.isStrict = isStrict
        let sizes = files.compactMap(\.size)
        bytesInAll = sizes.count == files.count ? sizes.reduce(0, +) : nil
    }

    /// Everything that a file holds.
    mutating func take(_ file: InputFile) async throws(CommandFailure) {
        defer {
            progress.clear()
            bytesBefore += file.bytesRead
        }
        report.files += 1
        hasSeenLogs = false
        do throws(CommandFailure) {
            try await takePieces(of: file)
        } catch {
            // What was read before it went wrong is as good as before.
            try await flush()
            throw error
        }
        try await flush()
    }

    private mutating func takePieces(of file: InputFile) async throws(CommandFailure) {
        var pieces = TelemetryPieces(format: format)
        while true {
            switch pieces.next() {
            case .piece(let piece): try await take(piece, of: file)
            case .flaw(let flaw): try refusePiece(file, flaw.place, flaw.reason)
            case .needsMore:
                if let bytes = try file.next() { pieces.append(bytes) } else { pieces.finish() }
                draw(file)
            case .end: return
            }
        }
    }

    private mutating func take(_ piece: TelemetryPiece, of file: InputFile) async throws(CommandFailure) {
        let decoded: DecodedTelemetry
        do throws(DecodeError) { decoded = try piece.decoded() } catch {
            return try refusePiece(file, piece.place, error.message)
        }
        readCount += decoded.spans.batch.count + decoded.logs.batch.count
        await lookForRepetition(decoded.logs.batch, in: file)
        try await add(decoded)
        let place = "\(file.name), \(piece.place)"
        try refuse(decoded.spans.rejectedCount, decoded.spans.rejectionReason, place)
        try refuse(decoded.logs.rejectedCount, decoded.logs.rejectionReason, place)
        try refuse(decoded.metricPoints, "metrics are not stored; let Prometheus scrape the service", place)
    }

    // MARK: Into the store

    private mutating func add(_ decoded: DecodedTelemetry) async throws(CommandFailure) {
        let spanParts = ImportBatch.parts(of: decoded.spans, OTLPEncoder.traces) { batch throws(MalformedProtobuf) in
            try batch.records()
        }
        for part in spanParts {
            if !spans.hasRoom(for: part) { try await store(spans.take()) }
            spans.add(part)
        }
        let logParts = ImportBatch.parts(of: decoded.logs, OTLPEncoder.logs) { batch throws(MalformedProtobuf) in
            try batch.records()
        }
        for part in logParts {
            if !logs.hasRoom(for: part) { try await store(logs.take()) }
            logs.add(part)
        }
    }

    private mutating func flush() async throws(CommandFailure) {
        try await store(spans.take())
        try await store(logs.take())
    }

    private mutating func store(_ batch: ImportBatch) async throws(CommandFailure) {
        guard batch.count > 0 else { return }
        let refused: Int
        let reason: String
        do throws(SinkError) {
            (refused, reason) = try await storePatiently(batch)
        } catch .rejected(let why) {
            (refused, reason) = (batch.count, why)
        } catch {
            throw CommandFailure(.sourceFailed, "\(target.name) can't store: \(error.reason)")
        }
        switch batch.signal {
        case .logs: report.logs += batch.count - refused
        case .spans, .metrics: report.spans += batch.count - refused
        }
        try refuse(refused, reason, target.name)
    }

    /// Repeats what the store is too busy for, for a while, and says so.
    private mutating func storePatiently(
        _ batch: ImportBatch
    ) async throws(SinkError) -> (rejected: Int, reason: String) {
        let deadline = ContinuousClock.now + Limits.importPatience
        while true {
            do throws(SinkError) {
                return try await target.store(batch.bytes, as: batch.signal)
            } catch {
                guard case .busy(let reason, let delay) = error, ContinuousClock.now + delay < deadline else {
                    throw error
                }
                tellWaiting(reason)
                do { try await Task.sleep(for: delay) } catch { throw .failed(reason: "the import was given up") }
            }
        }
    }

    /// Log lines have no identity. Whoever imports a file a second time is told by its first line that all will stand
    /// there twice.
    private mutating func lookForRepetition(_ batch: LogBatch, in file: InputFile) async {
        guard !hasSeenLogs, !batch.isEmpty, let first = try? batch.records().first else { return }
        hasSeenLogs = true
        guard await target.holds(first) else { return }
        progress.clear()
        StandardStreams.writeError(
            "sonde: \(file.name): its first log line is stored already; log lines have no identity and are added again\n"
        )
    }

    // MARK: Telling

    private mutating func refuse(_ count: Int, _ reason: String?, _ place: String) throws(CommandFailure) {
        guard count > 0 else { return }
        try tell(report.refuse(items: count, place, reason ?? "invalid"))
    }

    private mutating func refusePiece(
        _ file: InputFile, _ place: TelemetryPlace, _ reason: String
    ) throws(CommandFailure) {
        try tell(report.refusePiece("\(file.name), \(place)", reason))
    }

    private mutating func tell(_ sentence: String?) throws(CommandFailure) {
        if let sentence {
            progress.clear()
            StandardStreams.writeError(sentence)
        }
        if isStrict {
            throw CommandFailure(.nothingFound, "stopped at the first thing that can't be imported, as --strict asks")
        }
    }

    private mutating func tellWaiting(_ reason: String) {
        guard !hasToldWaiting else { return }
        hasToldWaiting = true
        progress.clear()
        let seconds = Limits.importPatience.components.seconds
        StandardStreams.writeError("sonde: trying again for up to \(seconds) s: \(reason)\n")
    }

    private mutating func draw(_ file: InputFile) {
        let read = bytesBefore + file.bytesRead
        let items = readCount
        let part = bytesInAll.map { Double(read) / Double(max(1, $0)) }
        progress.update(part: part) { seconds in
            "\(Quantity.size(bytes: read)) · \(Quantity.count(items)) spans and log lines · "
                + "\(Quantity.count(Int(Double(items) / max(seconds, 0.001))))/s"
        }
    }
}
