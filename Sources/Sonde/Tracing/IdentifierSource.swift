// SPDX-License-Identifier: Apache-2.0
// Random ids for traces and spans, without a system call or a lock each.

import SondeModel
import Synchronization

/// Three SplitMix64 sequences, each stepped by one atomic addition and seeded by the system's generator. Threads never
/// get the same number, and two processes meet only if all their seeds agree.
final class IdentifierSource: Sendable {
    private let high: Atomic<UInt64>
    private let low: Atomic<UInt64>
    private let span: Atomic<UInt64>

    init(seedingFrom generator: inout some RandomNumberGenerator) {
        high = Atomic(generator.next())
        low = Atomic(generator.next())
        span = Atomic(generator.next())
    }

    convenience init() {
        var generator = SystemRandomNumberGenerator()
        self.init(seedingFrom: &generator)
    }

    /// A new trace id; all of its bytes are random, as the W3C random flag promises.
    func nextTraceID() -> TraceID {
        let id = TraceID(high: Self.step(high), low: Self.step(low))
        return id.isValid ? id : nextTraceID()
    }

    func nextSpanID() -> SpanID {
        let id = SpanID(Self.step(span))
        return id.isValid ? id : nextSpanID()
    }

    private static func step(_ state: borrowing Atomic<UInt64>) -> UInt64 {
        var mixed = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Random ids for one user at a time: xoroshiro128++, begun at a random place of its 2^128 states.
///
/// https://prng.di.unimi.it/xoroshiro128plusplus.c
struct IdentifierSequence {
    private var first: UInt64
    private var second: UInt64

    init(_ source: IdentifierSource) {
        let seed = source.nextTraceID()
        first = seed.high
        second = seed.low
    }

    mutating func nextTraceID() -> TraceID {
        let id = TraceID(high: next(), low: next())
        return id.isValid ? id : nextTraceID()
    }

    mutating func nextSpanID() -> SpanID {
        let id = SpanID(next())
        return id.isValid ? id : nextSpanID()
    }

    @inline(__always)
    private mutating func next() -> UInt64 {
        let sum = first &+ second
        let result = (sum << 17 | sum >> 47) &+ first
        let mixed = first ^ second
        first = (first << 49 | first >> 15) ^ mixed ^ (mixed << 21)
        second = mixed << 28 | mixed >> 36
        return result
    }
}
