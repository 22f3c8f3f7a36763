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

/// The rows of a session, by the number of their trace.
struct RowsByTrace: ~Copyable {
    private var numbers = Buffer<UInt32>()
    /// Where each trace's begin; the last is where all end.
    private var first = Buffer<UInt32>()

    init(_ session: borrowing SpanSession) {
        first.fill(0, count: session.traces.count + 1)
        for row in session.rows.elements where row.trace != SpanSession.dropped { first.base[Int(row.trace)] += 1 }
        // Each begins where the ones before it end; while they are filled, they move to where the next begins.
        var total: UInt32 = 0
        for trace in 0..<first.count {
            total += first.base[trace]
            first.base[trace] = total
        }
        numbers.fill(0, count: Int(total))
        for row in stride(from: session.rows.count - 1, through: 0, by: -1) {
            let trace = session.rows.base[row].trace
            guard trace != SpanSession.dropped else { continue }
            first.base[Int(trace)] -= 1
            numbers.base[Int(first.base[Int(trace)])] = UInt32(truncatingIfNeeded: row)
        }
    }

    subscript(trace: Int) -> UnsafeBufferPointer<UInt32> {
        UnsafeBufferPointer(
            start: numbers.base + Int(first[trace]), count: Int(first[trace + 1]) - Int(first[trace]))
    }
}

extension SpanSession {
    /// The spans of a trace; `rows` are those of the session.
    func keys(of trace: Int, in rows: borrowing RowsByTrace) -> Set<SpanKey> {
        var keys: Set<SpanKey> = []
        for number in rows[trace] {
            let row = self.rows[Int(number)]
            keys.insert(SpanKey(trace: traces[trace].id, span: row.spanID, kind: row.kind))
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
