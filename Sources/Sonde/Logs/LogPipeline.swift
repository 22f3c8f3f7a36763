// SPDX-License-Identifier: Apache-2.0
// Where log records go: as a line to standard error or output, and encoded to the export queue.

import Logging
import SondeModel
import SondeWire
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Shared by all log handlers of one `Telemetry`.
final class LogPipeline: Sendable {
    private let serviceName: String
    private let output: LogFile?
    private let queue: ExportQueue?

    init(serviceName: String, output: LogFile?, queue: ExportQueue?) {
        self.serviceName = serviceName
        self.output = output
        self.queue = queue
    }

    var droppedLineCount: UInt64 { output?.droppedCount ?? 0 }

    func write(_ line: LogLine, isExported: Bool) {
        if let output {
            var writer = JSONWriter(reservingCapacity: 512)
            writer.logLine(line, serviceName: serviceName)
            output.write(writer.bytes)
        }
        if isExported { queue?.append(scope: line.label) { $0.log(line) } }
    }
}

extension LogPipeline {
    /// A line in a form of the caller's own.
    func writeLine(_ line: [UInt8]) { output?.write(line) }
}

/// A file descriptor that takes whole lines.
final class LogFile: Sendable {
    private let descriptor: Int32
    private let turn = Mutex(State())
    private let dropped = Atomic<UInt64>(0)

    private struct State {
        /// The reader let a line wait for its time-out and has taken nothing since.
        var isStuck = false
        /// What was written last has no newline at its end.
        var isTorn = false
    }

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Lines given up, wholly or in part.
    var droppedCount: UInt64 { dropped.load(ordering: .relaxed) }

    /// Writes `line`, its newline included, with one call where the system takes it whole; lines of several threads
    /// never mix. A reader that does not read (a full non-blocking pipe) or is gone costs the line, not the service: it
    /// is waited for once, and not again until it has taken something. The line after one that was torn begins anew.
    func write(_ line: [UInt8]) {
        let isWritten = turn.withLock { state in
            let rest = line.withUnsafeBytes { write(&state, $0) }
            if rest == 0 { return true }
            state.isTorn = state.isTorn || rest < line.count
            return false
        }
        if !isWritten { dropped.wrappingAdd(1, ordering: .relaxed) }
    }

    /// Returns how many bytes could not be written.
    private func write(_ state: inout State, _ line: UnsafeRawBufferPointer) -> Int {
        if state.isTorn {
            guard Self.lineEnd.withUnsafeBytes({ writeAll($0, &state) }) == 0 else { return line.count }
            state.isTorn = false
        }
        return writeAll(line, &state)
    }

    private static let lineEnd = [UInt8(ascii: "\n")]

    private func writeAll(_ bytes: UnsafeRawBufferPointer, _ state: inout State) -> Int {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let count = systemWrite(descriptor, base, rest.count)
            if count > 0 {
                state.isStuck = false
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if !canTryAgain(&state) {
                break
            }
        }
        return rest.count
    }

    private func canTryAgain(_ state: inout State) -> Bool {
        switch errno {
        case EINTR: return true
        case EAGAIN:
            var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let isReady = systemPoll(&poll, 1, state.isStuck ? 0 : Limits.logWriteMilliseconds) > 0
            state.isStuck = !isReady
            return isReady
        default: return false
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

private func systemPoll(_ poll: UnsafeMutablePointer<pollfd>, _ count: UInt, _ milliseconds: Int32) -> Int32 {
    #if canImport(Glibc)
        Glibc.poll(poll, nfds_t(count), milliseconds)
    #elseif canImport(Musl)
        Musl.poll(poll, nfds_t(count), milliseconds)
    #else
        Darwin.poll(poll, nfds_t(count), milliseconds)
    #endif
}
