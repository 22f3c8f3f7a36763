// SPDX-License-Identifier: Apache-2.0
// Takes rows out of a session before blocks are cut from it.

extension SpanSession {
    /// Takes out the rows that `isGone` names, and returns how many.
    mutating func drop(where isGone: (SpanRow, TraceWords) -> Bool) -> Int {
        var gone = 0
        for index in 0..<rows.count {
            let row = rows[index]
            guard row.trace != Self.dropped, isGone(row, traces[Int(row.trace)].id) else { continue }
            traces.base[Int(row.trace)].count -= 1
            rows.base[index].trace = Self.dropped
            gone += 1
        }
        if gone > 0 { recomputeStarts() }
        return gone
    }
}

/// What makes two spans the same one.
struct SpanKey: Hashable {
    var trace: TraceWords
    var span: UInt64
    var kind: UInt8
}

extension SpanSession {
    /// The spans of some traces.
    func keys(of wanted: Set<TraceWords>) -> Set<SpanKey> {
        var keys: Set<SpanKey> = []
        let isWanted = traces.elements.map { wanted.contains($0.id) }
        for row in rows.elements where row.trace != Self.dropped && isWanted[Int(row.trace)] {
            keys.insert(SpanKey(trace: traces[Int(row.trace)].id, span: row.spanID, kind: row.kind))
        }
        return keys
    }

    /// Hides all rows but these, as if the session held no others; returns what ``reveal(_:)`` needs.
    mutating func hide(allBut range: Range<Int>) -> [UInt32] {
        let all = rows.elements.map(\.trace)
        for index in 0..<rows.count where !range.contains(index) { rows.base[index].trace = Self.dropped }
        recount()
        return all
    }

    mutating func reveal(_ all: [UInt32]) {
        for index in 0..<rows.count { rows.base[index].trace = all[index] }
        recount()
    }

    /// Counts and first starts of traces, from the rows that are there.
    private mutating func recount() {
        for trace in 0..<traces.count { traces.base[trace].count = 0 }
        for row in rows.elements where row.trace != Self.dropped { traces.base[Int(row.trace)].count += 1 }
        recomputeStarts()
    }

    /// The fingerprints of its traces, as a coarse set and a fine one: nearly all of what a block holds fails the coarse
    /// one, which is a look into 128 kB.
    func fingerprintSieve() -> FingerprintSieve {
        var sieve = FingerprintSieve()
        for number in 0..<traces.count where traces[number].count > 0 {
            sieve.insert(traces[number].id.fingerprint)
        }
        return sieve
    }
}

struct FingerprintSieve {
    private var bits = [UInt64](repeating: 0, count: 1 << 14)
    private var all: Set<UInt32> = []

    mutating func insert(_ fingerprint: UInt32) {
        bits[Int(fingerprint >> 18)] |= 1 << UInt64(fingerprint >> 12 & 63)
        all.insert(fingerprint)
    }

    var isEmpty: Bool { all.isEmpty }

    func contains(_ fingerprint: UInt32) -> Bool {
        bits[Int(fingerprint >> 18)] >> UInt64(fingerprint >> 12 & 63) & 1 == 1 && all.contains(fingerprint)
    }

    /// Those of the given fingerprints that are in the sieve.
    func common(with fingerprints: [UInt32]) -> Set<UInt32> {
        var common: Set<UInt32> = []
        bits.withUnsafeBufferPointer { bits in
            for fingerprint in fingerprints {
                let word = bits[Int(fingerprint >> 18)]
                guard word >> UInt64(fingerprint >> 12 & 63) & 1 == 1, all.contains(fingerprint) else { continue }
                common.insert(fingerprint)
            }
        }
        return common
    }
}
