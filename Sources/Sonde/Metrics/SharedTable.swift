// SPDX-License-Identifier: Apache-2.0
// A hash table that many threads read without a lock while one changes it.
//
//   [ hash | object ] [ hash | object ] …      open addressing; object 0: free, 1: taken out

import Synchronization

/// Finds objects by a hash and a comparison. It does not keep them: whoever inserts does, until it has retired them.
final class SharedTable<Element: AnyObject>: @unchecked Sendable {
    // Sendable although `count` and `used` are plain: they are touched under the writers' lock only.

    // Sendable although a pointer is inside: it never changes and every word it leads to is atomic.
    private final class Slots: @unchecked Sendable {
        let mask: Int
        let words: UnsafeMutablePointer<Atomic<UInt64>>

        init(capacity: Int) {
            mask = capacity - 1
            words = .allocate(capacity: capacity * 2)
            for index in 0..<(capacity * 2) { (words + index).initialize(to: Atomic(0)) }
        }

        deinit { words.deallocate() }
    }

    private static var takenOut: UInt64 { 1 }

    /// ``slots``, for readers.
    private let current: Atomic<UInt>
    private var slots: Slots
    /// Slots with an object, and those that are not free.
    private(set) var count = 0
    private var used = 0

    init() {
        slots = Slots(capacity: 4)
        current = Atomic(UInt(bitPattern: Unmanaged.passUnretained(slots).toOpaque()))
    }

    /// The object of this hash that `matches`. MUST be called inside of ``ReadSections`` or under the writers' lock.
    @inline(__always)
    func find(_ hash: UInt64, where matches: (Element) -> Bool) -> Element? {
        guard let raw = UnsafeRawPointer(bitPattern: current.load(ordering: .sequentiallyConsistent)) else {
            return nil
        }
        return Unmanaged<Slots>.fromOpaque(raw)._withUnsafeGuaranteedRef { slots in
            let words = slots.words
            let mask = slots.mask
            var place = Int(truncatingIfNeeded: hash) & mask
            while true {
                let object = words[place &* 2 &+ 1].load(ordering: .sequentiallyConsistent)
                if object == 0 { return nil }
                if object != Self.takenOut, words[place &* 2].load(ordering: .relaxed) == hash,
                    let pointer = UnsafeRawPointer(bitPattern: UInt(object))
                {
                    let element = Unmanaged<Element>.fromOpaque(pointer)
                    if element._withUnsafeGuaranteedRef(matches) { return element.takeUnretainedValue() }
                }
                place = (place &+ 1) & mask
            }
        }
    }

    // MARK: Under the writers' lock

    /// Adds an object that is not in it. At most three quarters of the slots are used, so that searching ends.
    func insert(_ element: Element, hash: UInt64, retired: inout RetiredObjects) {
        if (used + 1) * 4 > (slots.mask + 1) * 3 { rebuild(&retired) }
        Self.put(UInt64(UInt(bitPattern: Unmanaged.passUnretained(element).toOpaque())), hash, slots)
        count += 1
        used += 1
    }

    /// Takes an object out. The caller retires it.
    func remove(_ element: Element, hash: UInt64) {
        let bits = UInt64(UInt(bitPattern: Unmanaged.passUnretained(element).toOpaque()))
        var place = Int(truncatingIfNeeded: hash) & slots.mask
        while true {
            let found = slots.words[place * 2 + 1].load(ordering: .relaxed)
            if found == 0 { return }
            if found == bits {
                slots.words[place * 2 + 1].store(Self.takenOut, ordering: .sequentiallyConsistent)
                count -= 1
                return
            }
            place = (place + 1) & slots.mask
        }
    }

    private func rebuild(_ retired: inout RetiredObjects) {
        var capacity = 4
        while (count + 1) * 2 > capacity { capacity *= 2 }
        let fresh = Slots(capacity: capacity)
        for place in 0...slots.mask {
            let object = slots.words[place * 2 + 1].load(ordering: .relaxed)
            guard object > Self.takenOut else { continue }
            Self.put(object, slots.words[place * 2].load(ordering: .relaxed), fresh)
        }
        let old = slots
        slots = fresh
        used = count
        current.store(
            UInt(bitPattern: Unmanaged.passUnretained(fresh).toOpaque()), ordering: .sequentiallyConsistent)
        retired.retire(old)
    }

    private static func put(_ object: UInt64, _ hash: UInt64, _ slots: Slots) {
        var place = Int(truncatingIfNeeded: hash) & slots.mask
        while slots.words[place * 2 + 1].load(ordering: .relaxed) != 0 { place = (place + 1) & slots.mask }
        slots.words[place * 2].store(hash, ordering: .relaxed)
        slots.words[place * 2 + 1].store(object, ordering: .releasing)
    }
}
