// SPDX-License-Identifier: Apache-2.0
// Which bucket of an exponential (native) histogram a value falls into. Schema s divides each doubling into 2^s buckets:
// bucket i holds the values in (2^((i-1)/2^s), 2^(i/2^s)].
//
// https://prometheus.io/docs/specs/native_histograms/#schema
// https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

enum ExponentialScale {
    /// The finest schema: 256 buckets a doubling, each 0.27 % wide.
    static let finest = 8
    /// The coarsest one that Prometheus knows: a bucket of sixteen doublings.
    static let coarsest = -4
    private static let steps = 1 << finest

    /// The bucket of a positive, finite value at the finest schema.
    ///
    /// The first bits of the significand tell a bucket that is right or one too low; one comparison tells which.
    @inline(__always)
    static func index(of value: Double) -> Int {
        let bits = value.bitPattern
        let biased = Int(truncatingIfNeeded: bits >> 52)
        guard biased > 0 else { return subnormalIndex(value) }
        let significand = bits & 0x000F_FFFF_FFFF_FFFF
        let guess = tables.guesses[Int(truncatingIfNeeded: significand >> 42)]
        let step = Int(guess) &+ (significand > tables.bounds[Int(guess)] ? 1 : 0)
        return (biased &- 1_023) &* steps &+ step
    }

    private static func subnormalIndex(_ value: Double) -> Int {
        index(of: value * 0x1p64) - 64 * steps
    }

    /// The same value's bucket at a coarser schema.
    @inline(__always)
    static func index(_ finest: Int, at schema: Int) -> Int {
        let shift = Self.finest &- schema
        return ((finest &- 1) >> shift) &+ 1
    }

    // Sendable although pointers are inside: what they lead to is written once, here, and never freed.
    private struct Tables: @unchecked Sendable {
        /// For the first ten bits of a significand: the bucket of the smallest one.
        let guesses: UnsafePointer<UInt16>
        /// Significand bits of 2^(i/256), the inclusive upper bound of bucket i; the last is above all.
        let bounds: UnsafePointer<UInt64>

        init() {
            let bounds = UnsafeMutablePointer<UInt64>.allocate(capacity: steps + 2)
            for step in 0..<steps {
                bounds[step] = pow(2, Double(step) / Double(steps)).bitPattern & 0x000F_FFFF_FFFF_FFFF
            }
            bounds[steps] = .max
            bounds[steps + 1] = .max
            let guesses = UnsafeMutablePointer<UInt16>.allocate(capacity: 1_024)
            for first in 0..<1_024 {
                let significand = UInt64(first) << 42
                guesses[first] = UInt16((0...steps).first { significand <= bounds[$0] } ?? steps)
            }
            self.bounds = UnsafePointer(bounds)
            self.guesses = UnsafePointer(guesses)
        }
    }

    private static let tables = Tables()

    /// The upper bound of a bucket.
    static func bound(_ index: Int, schema: Int) -> Double {
        schema >= 0 ? exp2(Double(index) / Double(1 << schema)) : exp2(Double(index) * Double(1 << -schema))
    }
}
