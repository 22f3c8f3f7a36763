// SPDX-License-Identifier: Apache-2.0
// The time of day, asked for once at each end of a span.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

enum SpanClock {
    /// Nanoseconds since 1970 UTC. On Linux without a system call; the call is most of what an empty span costs.
    @inline(__always)
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
