// SPDX-License-Identifier: Apache-2.0
// Standard output and error of this process: whole answers are written at once, and a reader who left is no error.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

enum StandardStreams {
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

    /// Ends the process. Everything has been written by then: nothing here is buffered.
    static func end(_ status: ExitStatus) -> Never { exit(status.rawValue) }

    private static func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = systemWrite(descriptor, UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: rest)))
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written < 0 && errno != EINTR && errno != EAGAIN {
                // The reader has left, or the disk behind a redirection is full: only the latter needs words.
                if errno == ENOSPC, descriptor == STDOUT_FILENO {
                    writeError("sonde: cannot write: the disk is full\n")
                }
                return
            }
        }
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
