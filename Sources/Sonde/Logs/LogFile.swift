// SPDX-License-Identifier: Apache-2.0
// A file descriptor that takes whole lines without ever making a request wait for a disk or for whoever reads a pipe.
//
//   line ▸ quiet, and the system promises not to wait? ▸ written at once by the thread that logs
//        ▸ otherwise: copied to `waiting` (bounded) ▸ swapped and written by a thread of the file's own
//
// A line written at once survives a crash right behind it; but each costs a system call, and files promise nothing.
// What waits is written within `Limits.logLingerMilliseconds`: thousands of lines with one call.

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a line was not written.
enum LogDropReason: String, CaseIterable, Sendable {
    /// The reader of the pipe, or the disk, takes less than is logged.
    case bufferFull = "buffer_full"
    /// The descriptor is closed, or the disk full.
    case failed
    /// The line is longer than what may wait.
    case tooLong = "too_long"
    /// It was still waiting when the time to stop was over.
    case stopped
}

final class LogFile: Sendable {
    private let writer: LogFileWriter

    init(descriptor: Int32, bufferBytes: Int = Limits.logBufferBytes) {
        writer = LogFileWriter(descriptor: descriptor, bufferBytes: bufferBytes)
    }

    deinit { writer.close() }

    /// Lines given up, wholly or in part.
    func droppedCount(_ reason: LogDropReason) -> UInt64 { writer.drops[reason] }
    var droppedCount: UInt64 { LogDropReason.allCases.reduce(0) { $0 + droppedCount($1) } }

    /// Hands over `lines`, whole with their newlines: they are written or dropped together, and never mix with others.
    ///
    /// - Parameters:
    ///   - time: Nanoseconds since 1970.
    ///   - urgency: An urgent line is written without delay; after a last one the caller waits until it is written, for
    ///     at most ``Limits/logLastWaitMilliseconds``.
    func write(_ lines: UnsafeRawBufferPointer, at time: UInt64, urgency: LogUrgency = .none) {
        writer.write(lines, at: time, urgency: urgency)
    }

    /// Waits until all that was handed over is written, for at most so many milliseconds; returns whether it is.
    @discardableResult
    func flush(milliseconds: Int) -> Bool { writer.flush(milliseconds: milliseconds) }

    /// Gives up what still waits, and counts it; also what is being written to a reader that does not read.
    func abandon() { writer.abandon() }

    /// Whether lone lines are written by the thread that logs, as far as is known by now.
    var writesDirectly: Bool { writer.writesDirectly }
}

enum LogUrgency: Sendable {
    case none
    /// Errors: whoever logs them may not live long.
    case soon
    /// Critical: they are said before the end.
    case last
}

/// The part that the thread holds on to, so that the file can go while the last lines are written.
private final class LogFileWriter: @unchecked Sendable {  // `lock` protects every `var`.
    let drops = DropCounts<LogDropReason>()
    private let descriptor: Int32
    private let bufferBytes: Int
    private var directKind: DirectWrite
    private let lock: ThreadLock
    private var waiting = LineQueue()
    /// What the thread is writing. Only the thread touches its bytes, and only while `isWriting`.
    private var inHand = LineQueue()
    private var isWriting = false
    /// What was written last has no newline at its end: the rest of the line is still to come, or was lost.
    private var isMidLine = false
    private var isTorn = false
    /// Lines of `inHand` that were given up, and are not to be counted again.
    private var isInHandCounted = false
    /// The thread sleeps until a line comes, and must be woken; otherwise it looks by itself soon.
    private var isParked = true
    private var hasThread = false
    private var isClosed = false
    /// Time of the line before, and how many came close behind one another up to now.
    private var lastTime: UInt64 = 0
    private var burst = 0

    init(descriptor: Int32, bufferBytes: Int) {
        self.descriptor = descriptor
        self.bufferBytes = bufferBytes
        directKind = DirectWrite(descriptor: descriptor)
        lock = ThreadLock()
    }

    // MARK: Handing over

    func write(_ lines: UnsafeRawBufferPointer, at time: UInt64, urgency: LogUrgency) {
        lock.lock()
        let rest = writeDirectly(lines, at: time, urgency)
        if !rest.isEmpty { enqueue(rest, isUrgent: urgency != .none, isTail: rest.count < lines.count) }
        lock.unlock()
        if urgency == .last, !rest.isEmpty { _ = flush(milliseconds: Limits.logLastWaitMilliseconds) }
    }

    /// Writes by itself what the system takes without waiting, if nothing else waits and lines are few; returns the rest.
    private func writeDirectly(
        _ lines: UnsafeRawBufferPointer, at time: UInt64, _ urgency: LogUrgency
    ) -> UnsafeRawBufferPointer {
        let isClose = time < lastTime &+ Limits.logQuietNanoseconds
        burst = isClose ? burst &+ 1 : 0
        lastTime = time
        guard directKind.isPossible, waiting.isEmpty, !isWriting, !isTorn, !isClosed,
            burst < Limits.logDirectBurst || urgency != .none
        else { return lines }
        let count = directKind.write(lines, to: descriptor)
        isMidLine = count > 0 && count < lines.count
        return UnsafeRawBufferPointer(rebasing: lines[count...])
    }

    private func enqueue(_ lines: UnsafeRawBufferPointer, isUrgent: Bool, isTail: Bool) {
        // The rest of a line that was begun must come, however long.
        guard isTail || lines.count <= bufferBytes else { return drops.add(1, .tooLong) }
        guard !isClosed else { return drops.add(1, .stopped) }
        guard isTail || waiting.byteCount + lines.count <= bufferBytes else { return drops.add(1, .bufferFull) }
        waiting.append(lines)
        if !hasThread { startThread() }
        if isParked || isUrgent { lock.signal() }
    }

    // MARK: The thread

    private func startThread() {
        hasThread = true
        isParked = false
        LogFiles.add(self)
        guard ThreadStart.detached({ [self] in run() }) else {
            hasThread = false
            return giveUpWaiting(.failed)
        }
    }

    private func run() {
        var emptyRounds = 0
        lock.lock()
        while true {
            if waiting.isEmpty {
                lock.broadcastDone()
                if isClosed { break }
                emptyRounds += 1
                if emptyRounds > Limits.logEmptyRounds {
                    isParked = true
                    lock.wait()
                    isParked = false
                    emptyRounds = 0
                } else {
                    lock.wait(milliseconds: Limits.logLingerMilliseconds)
                }
                continue
            }
            emptyRounds = 0
            swap(&waiting, &inHand)
            isWriting = true
            let wasTorn = isTorn
            lock.unlock()
            let canWrite = !wasTorn || endLine()
            let written = canWrite ? writeAll(inHand.bytes) : 0
            lock.lock()
            if wasTorn, canWrite { isMidLine = false }
            if written > 0 { isMidLine = !inHand.endsLine(at: written) }
            isTorn = isMidLine
            if written < inHand.byteCount, !isInHandCounted { drops.add(inHand.lines(after: written), .failed) }
            isInHandCounted = false
            inHand.clear()
            isWriting = false
            // Lines that come now wait a little for others, unless somebody is waiting for them.
            if waiting.isEmpty { lock.broadcastDone() }
            if !isClosed { lock.wait(milliseconds: Limits.logLingerMilliseconds) }
        }
        lock.unlock()
        LogFiles.remove(self)
    }

    /// Waits as long as it takes: this thread has nothing else to do. Returns how many bytes were written.
    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Int {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let count = systemWrite(descriptor, base, rest.count)
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN {
                // A pipe that somebody made non-blocking. A while without any progress, and its reader is given up.
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                if systemPoll(&poll, milliseconds: Limits.logStuckMilliseconds) <= 0 { break }
            } else if errno != EINTR {
                break
            }
        }
        return bytes.count - rest.count
    }

    /// Ends a torn line, so that the next one begins anew.
    private func endLine() -> Bool {
        withUnsafeBytes(of: UInt8(ascii: "\n")) { writeAll($0) } == 1
    }

    // MARK: The end

    func flush(milliseconds: Int) -> Bool {
        let deadline = LogClock.monotonic &+ UInt64(max(0, milliseconds)) &* 1_000_000
        lock.lock()
        defer { lock.unlock() }
        while !waiting.isEmpty || isWriting {
            let now = LogClock.monotonic
            guard now < deadline, hasThread else { return false }
            lock.signal()
            lock.waitDone(milliseconds: Int((deadline - now) / 1_000_000) + 1)
        }
        return true
    }

    func close() {
        lock.lock()
        isClosed = true
        lock.signal()
        lock.unlock()
    }

    func abandon() {
        lock.lock()
        giveUpWaiting(.stopped)
        // How much of these a pipe has taken is not known while it takes them: they are told as lost rather than not.
        if isWriting, !isInHandCounted {
            isInHandCounted = true
            drops.add(inHand.lines(after: 0), .stopped)
        }
        lock.unlock()
    }

    private func giveUpWaiting(_ reason: LogDropReason) {
        drops.add(waiting.removeAll(), reason)
        // The rest of a line that was begun may have been among it; while the thread writes, it finds out itself.
        if !isWriting { isTorn = isMidLine }
    }

    var writesDirectly: Bool {
        lock.lock()
        defer { lock.unlock() }
        return directKind.isPossible
    }
}

/// Lines one behind the other, and where each ends, so that it is known how many were lost.
private struct LineQueue: ~Copyable {
    private var buffer = LogBuffer(capacity: Limits.logScratchBytes)

    var isEmpty: Bool { buffer.count == 0 }
    var byteCount: Int { buffer.count }
    var bytes: UnsafeRawBufferPointer { buffer.bytes }

    mutating func append(_ lines: UnsafeRawBufferPointer) { buffer.append(lines.assumingMemoryBound(to: UInt8.self)) }
    mutating func clear() { buffer.clear(keepingAtMost: 2 * Limits.logBufferBytes) }

    mutating func removeAll() -> Int {
        defer { clear() }
        return lines(after: 0)
    }

    /// Whether the byte before `count` ends a line.
    func endsLine(at count: Int) -> Bool { bytes[count - 1] == UInt8(ascii: "\n") }

    /// Lines that end behind the first `count` bytes.
    func lines(after count: Int) -> Int {
        bytes[count...].reduce(into: 0) { if $1 == UInt8(ascii: "\n") { $0 += 1 } }
    }
}

/// Files whose threads are alive. What waits when the program exits is written then.
private enum LogFiles {
    private static let alive = Mutex<[ObjectIdentifier: LogFileWriter]>([:])
    private static let registersExit: Bool = atexit { LogFiles.flush() } == 0

    static func add(_ file: LogFileWriter) {
        _ = registersExit
        alive.withLock { $0[ObjectIdentifier(file)] = file }
    }

    static func remove(_ file: LogFileWriter) {
        alive.withLock { $0[ObjectIdentifier(file)] = nil }
    }

    private static func flush() {
        for file in alive.withLock({ Array($0.values) }) {
            _ = file.flush(milliseconds: Limits.logExitMilliseconds)
        }
    }
}
