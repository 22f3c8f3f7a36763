// SPDX-License-Identifier: Apache-2.0
// What only the operating system knows: whether a terminal is there, how wide it is, where its clock hangs. Only this
// folder of the room calls the C library.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

package enum Device {
    package enum Stream: Int32, Sendable { case output = 1, error = 2 }

    package static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

    /// Columns of the terminal behind a stream; nil for a pipe or file, 0 for a terminal that doesn't say.
    static func columns(of stream: Stream) -> Int? {
        guard isTerminal(stream) else { return nil }
        var size = winsize()
        guard ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0 else { return 0 }
        return Int(size.ws_col)
    }

    /// Lines of the terminal behind a stream; nil for a pipe or file, or for a terminal that doesn't say.
    package static func rows(of stream: Stream) -> Int? {
        var size = winsize()
        guard ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return nil }
        return Int(size.ws_row)
    }

    /// Seconds by which local time is ahead of UTC at a moment.
    static func localOffsetSeconds(at secondsSince1970: Int64) -> Int {
        var moment = time_t(secondsSince1970)
        var parts = tm()
        guard localtime_r(&moment, &parts) != nil else { return 0 }
        return parts.tm_gmtoff
    }
}
