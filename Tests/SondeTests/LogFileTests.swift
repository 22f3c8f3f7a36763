// SPDX-License-Identifier: Apache-2.0

import Logging
import Testing

@testable import Sonde

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct LogFileTests {
    @Test func aReaderThatStopsReadingCostsLinesAndNoTime() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let file = LogFile(descriptor: ends[1], bufferBytes: 64 << 10)
        // Longer than a page, so that the pipe takes parts of it.
        let line = Array(repeating: UInt8(ascii: "x"), count: 9_999) + [UInt8(ascii: "\n")]
        for _ in 0..<100 { file.put(line) }
        #expect(file.droppedCount(.bufferFull) > 70 && file.droppedCount < 100)
        #expect(!file.flush(milliseconds: 1))
        let dropped = file.droppedCount
        // From here on somebody reads.
        let reader = Reader(ends[0])
        #expect(file.flush(milliseconds: 60_000))
        file.put(Array("after\n".utf8))
        #expect(file.flush(milliseconds: 60_000))
        close(ends[1])
        let lines = reader.lines()
        #expect(lines.last == "after" && lines.count == 101 - Int(dropped))
        #expect(lines.dropLast().allSatisfy { $0.utf8.count == 9_999 })
        #expect(file.droppedCount == dropped)
    }

    @Test func aNonBlockingReaderThatIsStuckIsGivenUpAndTheNextLineIsWhole() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        let file = LogFile(descriptor: ends[1], bufferBytes: 64 << 10)
        let line = Array(repeating: UInt8(ascii: "x"), count: 9_999) + [UInt8(ascii: "\n")]
        for _ in 0..<12 { file.put(line) }
        #expect(file.flush(milliseconds: 60_000))
        #expect(file.droppedCount(.failed) + file.droppedCount(.bufferFull) > 4)
        _ = fcntl(ends[0], F_SETFL, 0)
        let reader = Reader(ends[0])
        file.put(Array("after\n".utf8))
        #expect(file.flush(milliseconds: 60_000))
        close(ends[1])
        let lines = reader.lines()
        #expect(lines.last == "after")
        #expect(lines.dropLast(2).allSatisfy { $0.utf8.count == 9_999 })
    }

    @Test func aReaderThatIsGoneCostsLinesAndNotTheProcess() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let file = LogFile(descriptor: ends[1])
        close(ends[0])
        for _ in 0..<100 { file.put(Array("line\n".utf8)) }
        #expect(file.flush(milliseconds: 60_000))
        #expect(file.droppedCount(.failed) == 100)
        close(ends[1])
    }

    @Test func aClosedOutputCostsLinesAndNothingElse() {
        let file = LogFile(descriptor: -1)
        file.put(Array("line\n".utf8))
        #expect(file.flush(milliseconds: 60_000))
        #expect(file.droppedCount(.failed) == 1)
    }

    @Test func aLineThatCanNeverFitIsDropped() throws {
        let file = LogFile(descriptor: -1, bufferBytes: 100)
        file.put(Array(repeating: UInt8(ascii: "x"), count: 101))
        #expect(file.droppedCount(.tooLong) == 1)
    }

    @Test func aLoneLineIsInThePipeWhenTheCallReturns() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let file = LogFile(descriptor: ends[1])
        file.put(Array("line\n".utf8), at: 10_000_000_000)
        // Not every system promises for pipes not to wait: Linux does from 6.4 on.
        let isDirect = file.writesDirectly
        if isDirect { #expect(readAll(ends[0]) == Array("line\n".utf8)) }
        // A hundred at the same moment are not all.
        for _ in 0..<100 { file.put(Array("line\n".utf8), at: 10_000_000_000) }
        file.put(Array("last\n".utf8), at: 10_000_000_000, urgency: .last)
        #expect(file.flush(milliseconds: 60_000))
        #expect(readAll(ends[0]).count == (isDirect ? 101 : 102) * 5)
    }

    #if canImport(Glibc)
        @Test func aSystemThatCannotPromiseNotToWaitIsAskedOnce() throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            // Answers EOPNOTSUPP to a write that must not wait, as the pipes of older kernels do.
            let other = open("/proc/self/comm", O_WRONLY)
            try #require(other >= 0)
            defer { for descriptor in ends + [other] { close(descriptor) } }
            var direct = DirectWrite(descriptor: ends[1])
            try #require(direct.isPossible)
            let bytes = [UInt8](repeating: 1, count: 8)
            #expect(bytes.withUnsafeBytes { direct.write($0, to: other) } == 0)
            #expect(!direct.isPossible)
            #expect(bytes.withUnsafeBytes { direct.write($0, to: ends[1]) } == 0)
        }
    #endif

    @Test func whatIsGivenUpIsCountedAndTheNextLineIsWhole() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let file = LogFile(descriptor: ends[1])
        // Filled but for a part of a line, which is then begun and does not end.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let filling = [UInt8](repeating: UInt8(ascii: "\n"), count: 4_096)
        while systemWrite(ends[1], filling, filling.count) > 0 {}
        _ = fcntl(ends[1], F_SETFL, 0)
        var page = [UInt8](repeating: 0, count: 4_096)
        try #require(read(ends[0], &page, page.count) == page.count)
        let line = Array(repeating: UInt8(ascii: "x"), count: 9_999) + [UInt8(ascii: "\n")]
        for _ in 0..<20 { file.put(line, at: 10_000_000_000) }
        #expect(!file.flush(milliseconds: 1))
        file.abandon()
        file.abandon()
        #expect(file.droppedCount(.stopped) == 20 && file.droppedCount == 20)
        let reader = Reader(ends[0])
        file.put(Array("after\n".utf8), at: 20_000_000_000)
        #expect(file.flush(milliseconds: 60_000))
        close(ends[1])
        #expect(reader.lines().last == "after")
        #expect(file.droppedCount == 20)
    }

    @Test func aLineWhoseRestIsGivenUpIsEndedBeforeTheNext() throws {
        let line = Array(repeating: UInt8(ascii: "x"), count: 299_999) + [UInt8(ascii: "\n")]
        for _ in 0..<20 {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            let file = LogFile(descriptor: ends[1])
            // The pipe takes a part at once; the rest is given up, mostly before the thread has it in hand.
            file.put(line, at: 10_000_000_000)
            file.abandon()
            try #require(file.droppedCount(.stopped) == 1)
            let reader = Reader(ends[0])
            file.put(Array("after\n".utf8), at: 20_000_000_000)
            try #require(file.flush(milliseconds: 60_000))
            close(ends[1])
            let lines = reader.lines()
            try #require(lines.last == "after" && lines.count <= 2)
        }
    }

    @Test func linesThatNobodyReadsAreToldWhenTheServiceStops() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.logOutput = .descriptor(ends[1])
        configuration.exportsTraces = false
        configuration.exportsLogs = false
        let telemetry = try Telemetry(configuration)
        let logger = telemetry.logger(label: "orders")
        let text = String(repeating: "x", count: 1_000)
        for _ in 0..<200 { logger.info("\(text)") }
        let service = Task { try await telemetry.run() }
        service.cancel()
        _ = await service.result
        #expect(telemetry.losses.keys.sorted() == ["log_lines.stopped"])
        let reader = Reader(ends[0])
        #expect(telemetry.flushLogs(within: .seconds(60)))
        close(ends[1])
        #expect(reader.lines().allSatisfy { $0.hasSuffix("}") })
    }

    @Test func linesOfAFileThatIsGoneAreStillWritten() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        do {
            let file = LogFile(descriptor: ends[1])
            for _ in 0..<50 { file.put(Array("line\n".utf8), at: 10_000_000_000) }
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1_000)
        while bytes.count < 250, case let count = read(ends[0], &part, part.count), count > 0 {
            bytes += part[..<count]
        }
        #expect(bytes.count == 250)
        for end in ends { close(end) }
    }
}

extension LogFile {
    fileprivate func put(_ line: [UInt8], at time: UInt64 = LogClock.now, urgency: LogUrgency = .none) {
        line.withUnsafeBytes { write($0, at: time, urgency: urgency) }
    }
}

private func readAll(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = read(descriptor, &part, part.count), count > 0 { bytes += part[..<count] }
    return bytes
}

/// Reads a pipe to its end on a thread of its own.
private final class Reader: Sendable {
    private let done = ThreadLock()
    nonisolated(unsafe) private var bytes: [UInt8] = []  // Protected by `done`.
    nonisolated(unsafe) private var hasEnded = false  // Protected by `done`.

    init(_ descriptor: Int32) {
        _ = ThreadStart.detached { [self] in
            let all = readAll(descriptor)
            close(descriptor)
            done.lock()
            bytes = all
            hasEnded = true
            done.broadcastDone()
            done.unlock()
        }
    }

    func lines() -> [String] {
        done.lock()
        defer { done.unlock() }
        while !hasEnded { done.waitDone(milliseconds: 1_000) }
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}
