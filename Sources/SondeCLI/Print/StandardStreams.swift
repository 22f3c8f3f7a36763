// SPDX-License-Identifier: Apache-2.0
// Standard output and error of this process: whole answers are written at once, and a reader who left is no error.

import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

enum StandardStreams {
    /// What became of everything that was written to standard output so far.
    enum Fate: UInt8, AtomicRepresentable {
        case whole
        /// The reader left before the end, as `head` does. Nothing more need be made.
        case unwanted
        /// A full disk, a closed descriptor: the answer is not where it should be.
        case lost
    }

    private static let output = Atomic(Fate.whole)

    static var outputFate: Fate { output.load(ordering: .relaxed) }

    /// Makes writing to a closed pipe return an error instead of ending the process.
    static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    static func write(_ text: String) {
        var text = text
        text.withUTF8 { write($0, to: STDOUT_FILENO) }
    }

    static func write(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { write($0, to: STDOUT_FILENO) } }

    static func writeError(_ text: String) {
        var text = text
        text.withUTF8 { write($0, to: STDERR_FILENO) }
    }

    /// All of standard input; nil if it has more bytes than `limit` or can't be read.
    static func readInput(atMost limit: Int) -> [UInt8]? {
        var input: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while input.count <= limit {
            let count = read(STDIN_FILENO, &piece, piece.count)
            if count == 0 { return input }
            if count > 0 {
                input += piece[..<count]
            } else if errno != EINTR {
                return nil
            }
        }
        return nil
    }

    /// Ends the process. Everything has been written by then: nothing here is buffered. An answer that could not be
    /// written is none, whatever else the command found.
    static func end(_ status: ExitStatus) -> Never {
        exit((status == .done && outputFate == .lost ? .sourceFailed : status).rawValue)
    }

    private static func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = systemWrite(descriptor, UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: rest)))
            if written > 0 {
                rest = rest.dropFirst(written)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN where waitForRoom(descriptor): continue
            case let error:
                if descriptor == STDOUT_FILENO { lose(error) }
                return
            }
        }
    }

    /// Waits for the reader of a non-blocking pipe. Answers are waited for as long as it takes, as every program does
    /// whose pipe blocks; what is said on the side is given up after a while.
    private static func waitForRoom(_ descriptor: Int32) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return systemPoll(&poll, descriptor == STDOUT_FILENO ? -1 : Limits.errorWriteMilliseconds) > 0 || errno == EINTR
    }

    private static func lose(_ error: Int32) {
        let fate: Fate = error == EPIPE ? .unwanted : .lost
        guard output.compareExchange(expected: .whole, desired: fate, ordering: .relaxed).exchanged else { return }
        // A reader that has left needs no words.
        guard fate == .lost else { return }
        let reason = error == ENOSPC ? "the disk is full" : String(cString: strerror(error))
        writeError("sonde: cannot write the answer: \(reason)\n")
    }

    private static func systemPoll(_ poll: UnsafeMutablePointer<pollfd>, _ milliseconds: Int32) -> Int32 {
        #if canImport(Darwin)
            Darwin.poll(poll, 1, milliseconds)
        #elseif canImport(Musl)
            Musl.poll(poll, 1, milliseconds)
        #else
            Glibc.poll(poll, 1, milliseconds)
        #endif
    }

    private static func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
