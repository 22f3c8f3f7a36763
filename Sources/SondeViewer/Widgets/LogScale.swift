// SPDX-License-Identifier: Apache-2.0
// Durations on a logarithmic scale: what takes a millisecond and what takes a minute stand in one picture.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

struct LogScale: Hashable, Sendable {
    private let floor: Double
    private let height: Double

    /// Zero stands where one nanosecond stands.
    init(from least: UInt64, to largest: UInt64) {
        floor = log(Double(max(1, least)))
        height = log(Double(max(1, largest))) - floor
    }

    /// 0 at the lower end, 1 at the upper; a half if both are the same. Held between them.
    func share(of nanoseconds: UInt64) -> Double {
        guard height > 0 else { return 0.5 }
        return min(max(0, (log(Double(max(1, nanoseconds))) - floor) / height), 1)
    }

    func nanoseconds(at share: Double) -> UInt64 {
        let value = exp(floor + height * share)
        return value < 0x1p63 ? UInt64(value.rounded()) : UInt64(1) << 63
    }
}
