// SPDX-License-Identifier: Apache-2.0
// The time of day from the system.

package import SondeModel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

package enum SystemClock {
    package static let now: @Sendable () -> Timestamp = {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return Timestamp(nanoseconds: UInt64(moment.tv_sec) * 1_000_000_000 + UInt64(moment.tv_nsec))
    }
}
