// SPDX-License-Identifier: Apache-2.0

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
        #if canImport(Glibc)
            #expect(readAll(ends[0]) == Array("line\n".utf8))
        #endif
        // A hundred at the same moment are not all.
        for _ in 0..<100 { file.put(Array("line\n".utf8), at: 10_000_000_000) }
        file.put(Array("last\n".utf8), at: 10_000_000_000, urgency: .last)
        #expect(file.flush(milliseconds: 60_000))
        #expect(readAll(ends[0]).count == 101 * 5)
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
