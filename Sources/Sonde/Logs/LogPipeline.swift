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

/// A file descriptor that takes whole lines.
final class LogFile: Sendable {
    private let descriptor: Int32
    private let turn = Mutex(())
    private let dropped = Atomic<UInt64>(0)

    init(descriptor: Int32) { self.descriptor = descriptor }

    var droppedCount: UInt64 { dropped.load(ordering: .relaxed) }

    /// Writes `line` with one call where the system takes it whole; lines of several threads never mix. A reader that
    /// does not read (a full non-blocking pipe) or is gone costs the line, not the service.
    func write(_ line: [UInt8]) {
        let isWritten = turn.withLock { _ in
            line.withUnsafeBytes { bytes in
                var rest = UnsafeRawBufferPointer(bytes)
                while let base = rest.baseAddress, !rest.isEmpty {
                    let count = systemWrite(descriptor, base, rest.count)
                    if count > 0 {
                        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                    } else if !canTryAgain() {
                        return false
                    }
                }
                return true
            }
        }
        if !isWritten { dropped.wrappingAdd(1, ordering: .relaxed) }
    }

    private func canTryAgain() -> Bool {
        switch errno {
        case EINTR: return true
        case EAGAIN:
            var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            return systemPoll(&poll, 1, Limits.logWriteMilliseconds) > 0
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
