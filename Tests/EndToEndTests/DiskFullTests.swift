// SPDX-License-Identifier: Apache-2.0
// Story: the disk is full. Senders are told to wait, questions are answered, the oldest goes, and ingest resumes by
// itself.

import Foundation
import NIOHTTP1
import SondeModel
import SondeTestKit
import SondeWire
import Testing

@Suite("A full disk", .serialized)
struct DiskFullTests {
    private static let spansPerBatch = 200
    private static let diskMegabytes = 24
    /// Without a batch taken for so long, ingest counts as stuck. Not a bound on the whole: a machine at work on other
    /// tests may take a minute for what takes seconds alone.
    private static let patience = Duration.seconds(180)

    @Test func sendersWaitQuestionsGoOnAndIngestResumesByItself() async throws {
        let disk = try SmallDisk(megabytes: Self.diskMegabytes)
        let collector = try await RunningCollector(in: disk.scratch, data: disk.folder, shell: disk.shell)
        var acknowledged: [UInt64] = []
        var refusals = 0
        var resumed = 0
        var trace: UInt64 = 1
        var lastTaken = ContinuousClock.now
        var isPruned = false
        while resumed < 10 || !isPruned {
            try #require(
                lastTaken.duration(to: .now) < Self.patience,
                "ingest has not resumed: \(acknowledged.count) batches taken, \(refusals) refused, \(collector.run.account)"
            )
            let answer = try await Self.send(trace, to: collector)
            switch answer.status {
            case 200:
                acknowledged.append(trace)
                lastTaken = .now
                trace += 1
                if refusals > 0 { resumed += 1 }
            case 503:
                refusals += 1
                let wait = answer.headers.first(name: "retry-after").flatMap { Int($0) } ?? 0
                #expect(wait > 0, "503 without Retry-After")
                // Questions are answered meanwhile.
                let newest = try #require(acknowledged.last, "nothing was taken: \(answer.text)")
                let tree = try await Self.tree(newest, collector)
                #expect(tree?.trace.spanTotal == Self.spansPerBatch)
                // Emptying the log may be room enough for a while.
                isPruned = try await Self.prunedSpans(collector) > 0
            default:
                Issue.record("status \(answer.status): \(answer.text)")
                return
            }
        }
        #expect(refusals > 0 && resumed >= 10 && isPruned)
        try await Self.checkOldestFirst(acknowledged, collector)
        #expect(try await collector.stop() == 0)
    }

    /// Spans that were let go of for want of room, as the collector tells itself.
    private static func prunedSpans(_ collector: RunningCollector) async throws -> Double {
        let metrics = try await HTTPProbe.get(collector.queryURL + "/metrics").text
        let line = metrics.split(separator: "\n").first {
            $0.hasPrefix("sonde_store_pruned_records_total") && $0.contains("disk_full") && $0.contains("spans")
        }
        return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
    }

    /// What is missing is older than all that is there.
    private static func checkOldestFirst(_ acknowledged: [UInt64], _ collector: RunningCollector) async throws {
        var isKept = false
        var kept = 0
        for trace in acknowledged {
            let total = try await tree(trace, collector)?.trace.spanTotal ?? 0
            #expect(total == 0 || total == spansPerBatch, "trace \(trace) has \(total) spans")
            #expect(total > 0 || !isKept, "trace \(trace) is gone, an older one is not")
            if total > 0 {
                isKept = true
                kept += 1
            }
        }
        #expect(kept > 10 && kept < acknowledged.count)
    }

    private static func tree(_ trace: UInt64, _ collector: RunningCollector) async throws -> TreeAnswer? {
        let url = "\(collector.queryURL)/sonde/v1/traces/\(TraceID.sample(trace).hex)?flat=1"
        let answer = try await HTTPProbe.get(url)
        switch answer.status {
        case 200: return try answer.json(TreeAnswer.self)
        case 404: return nil
        default: throw UnexpectedAnswer(description: "GET \(url) answered \(answer.status): \(answer.text)")
        }
    }

    /// About half a megabyte that no compressor makes smaller.
    private static func send(_ trace: UInt64, to collector: RunningCollector) async throws -> HTTPAnswer {
        var state = trace
        let spans = (1...UInt64(spansPerBatch)).map { id in
            // Made the quick way: the test must not spend its time here.
            let noise = [UInt8](unsafeUninitializedCapacity: 2_400) { bytes, count in
                for place in stride(from: 0, to: 2_400, by: 8) {
                    state = (state ^ state >> 31 &+ id) &* 0x9E37_79B9_7F4A_7C15 &+ 0xD1B5_4A32_D192_ED03
                    UnsafeMutableRawBufferPointer(bytes).storeBytes(of: state, toByteOffset: place, as: UInt64.self)
                }
                count = 2_400
            }
            return SpanRecord.sample(
                trace: trace, id, start: Int64(trace), attributes: [Attribute("noise", .bytes(noise))])
        }
        return try await HTTPProbe.send(
            "POST", collector.otlpURL + "/v1/traces", headers: [("Content-Type", "application/x-protobuf")],
            body: OTLPEncoder.traces(spans))
    }

    // At the start.

    @Test func serveSaysThatTheDiskIsFullAndEndsWithFive() async throws {
        let scratch = try ScratchFolder("full")
        // The device that is always full, and a disk that has no byte left, are told apart by nobody.
        let shell = "ulimit -f 8; trap '' XFSZ; exec"
        let run = try ProgramRun(
            "/bin/sh",
            ["-c", "\(shell) \"$0\" \"$@\"", Program.sonde, "serve", "--data", scratch.file("data")]
                + ["--otlp-http", "127.0.0.1:0", "--query", "127.0.0.1:0", "--otlp-grpc", "off", "--zipkin", "off"],
            in: scratch)
        #expect(try await run.exitStatus() == 5)
        #expect(run.standardError.contains("cannot open"), "\(run.account)")
        #expect(run.standardError.contains(scratch.file("data")), "\(run.account)")
    }

    @Test func serveSaysThatItMayNotWriteThereAndEndsWithFive() async throws {
        let scratch = try ScratchFolder("forbidden")
        // Not even root may make folders here.
        let run = try ProgramRun(
            Program.sonde,
            ["serve", "--data", "/sys/sonde", "--otlp-http", "127.0.0.1:0", "--query", "127.0.0.1:0"], in: scratch)
        #expect(try await run.exitStatus() == 5)
        #expect(run.standardError.contains("cannot create the data folder /sys/sonde"), "\(run.account)")
        #expect(run.standardError.contains("--data FOLDER"), "\(run.account)")
    }
}

/// A file system of a few megabytes; where none may be mounted, a bound on the size of files, which the store meets as an
/// error of the same kind.
final class SmallDisk {
    let scratch: ScratchFolder
    /// The data folder, below that of the test.
    let folder = "disk"
    /// What a shell says before it becomes the program; nil where a disk was mounted.
    let shell: String?

    init(megabytes: Int) throws {
        scratch = try ScratchFolder("disk")
        let path = scratch.file(folder)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let isMounted = mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0
        // The bound is on each file; the log takes a part of what the disk would have.
        shell = isMounted ? nil : "ulimit -f \(megabytes * 2_048 * 2 / 3); trap '' XFSZ; exec"
        if !isMounted { print("no disk may be mounted here: the size of files is bounded instead") }
    }

    deinit { if shell == nil { umount2(scratch.file(folder), Int32(MNT_DETACH)) } }
}
