// SPDX-License-Identifier: Apache-2.0
// Copies of a hot number, one a group of threads, so that cores do not pass one cache line back and forth.
//
//   stripe 0: [ word 0 | word 1 | … | padding to a cache line ]     threads 0, 8, 16, …
//   stripe 1: …                                                      threads 1, 9, 17, …
//
// A series has none until two threads were seen to collide on it: most series of a service never need them, and a
// hundred thousand of them must stay small.

import Synchronization

/// Atomic words, `words` of them in each of ``ThreadStripes/count`` stripes.
struct ThreadStripes {
    static let count = 8
    private static let wordsPerLine = 8

    let base: UnsafeMutablePointer<Atomic<UInt64>>
    /// Words from one stripe to the next.
    let stride: Int

    /// From what a series stored in a word. Nothing else may be stored there.
    @inline(__always)
    init?(stored: UInt, stride: Int) {
        guard let base = UnsafeMutablePointer<Atomic<UInt64>>(bitPattern: stored) else { return nil }
        self.base = base
        self.stride = stride
    }

    /// The words of stripe `index`.
    @inline(__always)
    subscript(index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> { base + index &* stride }

    /// The words of the calling thread's stripe.
    @inline(__always)
    var own: UnsafeMutablePointer<Atomic<UInt64>> { self[Self.ownIndex] }

    /// Which stripe the calling thread writes: told by where its stack lies. Stacks are megabytes apart, one behind the
    /// other, so that neighbours get different stripes, and an address costs nothing where asking for the thread costs
    /// two nanoseconds. It is a hint: a wrong one costs time, never a count. Unprotected, because nothing is written
    /// through the pointer and a guard of the stack would cost as much as the addition.
    @inline(__always)
    static var ownIndex: Int {
        var anchor: UInt8 = 0
        return _withUnprotectedUnsafeMutablePointer(to: &anchor) { anchor in
            Int(truncatingIfNeeded: UInt(bitPattern: anchor) >> stackShift) & (count &- 1)
        }
    }

    #if canImport(Glibc)
        private static let stackShift: UInt = 23
    #elseif canImport(Musl)
        private static let stackShift: UInt = 17
    #else
        private static let stackShift: UInt = 19
    #endif

    /// Words from one stripe of `words` to the next: whole cache lines.
    static func stride(_ words: Int) -> Int { (words + wordsPerLine - 1) / wordsPerLine * wordsPerLine }

    // MARK: Life

    /// Memory that all stripes of the process use, bytes.
    private static let used = Atomic<Int>(0)

    /// Puts stripes of zeros into `store`, unless they are there or ``Limits/stripeBytes`` is used up.
    static func install(in store: borrowing Atomic<UInt>, stride: Int) {
        let total = stride * count
        let bytes = total * MemoryLayout<UInt64>.size
        guard store.load(ordering: .relaxed) == 0 else { return }
        guard used.wrappingAdd(bytes, ordering: .relaxed).newValue <= Limits.stripeBytes else {
            used.wrappingSubtract(bytes, ordering: .relaxed)
            return
        }
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        let words = raw.bindMemory(to: Atomic<UInt64>.self, capacity: total)
        for index in 0..<total { (words + index).initialize(to: Atomic(0)) }
        let isOurs = store.compareExchange(
            expected: 0, desired: UInt(bitPattern: raw), ordering: .acquiringAndReleasing
        ).exchanged
        if !isOurs { free(raw, bytes) }
    }

    static func uninstall(from store: borrowing Atomic<UInt>, stride: Int) {
        guard let raw = UnsafeMutableRawPointer(bitPattern: store.exchange(0, ordering: .acquiringAndReleasing)) else {
            return
        }
        free(raw, stride * count * MemoryLayout<UInt64>.size)
    }

    private static func free(_ raw: UnsafeMutableRawPointer, _ bytes: Int) {
        raw.deallocate()
        used.wrappingSubtract(bytes, ordering: .relaxed)
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to the Double whose bits are stored. False if another thread wrote in the same instant; it is added anyway.
    @discardableResult
    @inline(__always)
    borrowing func add(_ amount: Double) -> Bool {
        var seen = load(ordering: .relaxed)
        var isAlone = true
        while true {
            let sum = (Double(bitPattern: seen) + amount).bitPattern
            let (exchanged, original) = compareExchange(expected: seen, desired: sum, ordering: .relaxed)
            if exchanged { return isAlone }
            isAlone = false
            seen = original
        }
    }

    /// Adds to a whole number. False if another thread wrote in the same instant; it is added anyway.
    @inline(__always)
    borrowing func addAlone(_ amount: UInt64) -> Bool {
        let seen = load(ordering: .relaxed)
        if compareExchange(expected: seen, desired: seen &+ amount, ordering: .relaxed).exchanged { return true }
        wrappingAdd(amount, ordering: .relaxed)
        return false
    }

    /// The same for a number that is read as signed. `isLarge` becomes true if it is to be moved elsewhere soon.
    @inline(__always)
    borrowing func addAlone(_ amount: UInt64, isLarge: inout Bool) -> Bool {
        let seen = load(ordering: .relaxed)
        isLarge = Self.isLarge(seen &+ amount)
        if compareExchange(expected: seen, desired: seen &+ amount, ordering: .relaxed).exchanged { return true }
        wrappingAdd(amount, ordering: .relaxed)
        return false
    }

    /// Adds to a whole number that is read as signed. True if it is to be moved elsewhere soon.
    @inline(__always)
    borrowing func addWhole(_ amount: UInt64) -> Bool {
        Self.isLarge(wrappingAdd(amount, ordering: .relaxed).newValue)
    }

    @inline(__always)
    private static func isLarge(_ sum: UInt64) -> Bool { sum &+ Limits.wholeSum >= 2 * Limits.wholeSum }

    /// The Double whose bits are stored.
    @inline(__always)
    var double: Double { Double(bitPattern: load(ordering: .relaxed)) }
}
