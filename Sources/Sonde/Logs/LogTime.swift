// SPDX-License-Identifier: Apache-2.0
// The time of a log line as text. A second is formatted once; the lines that follow in it only add their fraction.

import SondeModel
import SondeWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

enum LogClock {
    /// Nanoseconds since 1970.
    @inline(__always)
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
    }

    /// Nanoseconds of a clock that nobody sets.
    static var monotonic: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
    }
}

/// `2026-01-02T03:04:05.` of the second asked for last.
struct SecondText {
    private var second = UInt64.max
    private var text: [UInt8] = []

    /// Appends `2026-01-02T03:04:05.123456789Z`.
    @inline(__always)
    mutating func append(_ nanoseconds: UInt64, to buffer: inout LogBuffer) {
        let (second, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if second != self.second { format(second) }
        buffer.append(text)
        buffer.appendPadded(Int(fraction), digits: 9)
        buffer.append(UInt8(ascii: "Z"))
    }

    private mutating func format(_ second: UInt64) {
        self.second = second
        text = Array(RFC3339.text(Timestamp(nanoseconds: second &* 1_000_000_000)).utf8.prefix(20))
    }
}

/// `03:04:05.` in local time, of the second asked for last.
struct LocalSecondText {
    private var second = UInt64.max
    private var text: [UInt8] = []

    /// Appends `03:04:05.123`.
    mutating func append(_ nanoseconds: UInt64, to buffer: inout LogBuffer) {
        let (second, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if second != self.second { format(second) }
        buffer.append(text)
        buffer.appendPadded(Int(fraction / 1_000_000), digits: 3)
    }

    private mutating func format(_ second: UInt64) {
        self.second = second
        var moment = time_t(second)
        var parts = tm()
        localtime_r(&moment, &parts)
        var buffer = LogBuffer(capacity: 16)
        for (part, mark) in [(parts.tm_hour, ":"), (parts.tm_min, ":"), (parts.tm_sec, ".")] as [(Int32, StaticString)]
        {
            buffer.appendPadded(Int(part), digits: 2)
            buffer.append(mark)
        }
        text = Array(buffer.bytes)
    }
}
