// SPDX-License-Identifier: Apache-2.0
// Hashes in open addressing, without a hash of the hash.

/// Hashes seen before; zero is never one of them in practice and counts as new each time.
struct HashSet: ~Copyable {
    private var slots = Buffer<UInt64>()
    private var count = 0

    init() { slots.fill(0, count: 8_192) }

    /// Whether `hash` is new.
    @inline(__always)
    mutating func insert(_ hash: UInt64) -> Bool {
        let mask = slots.count &- 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots.base[place] != 0 {
            if slots.base[place] == hash { return false }
            place = (place &+ 1) & mask
        }
        slots.base[place] = hash
        count &+= 1
        if count * 2 > slots.count { grow() }
        return true
    }

    mutating func removeAll() {
        if count > 0 { slots.fill(0, count: slots.count) }
        count = 0
    }

    @inline(never)
    private mutating func grow() {
        let old = slots.array
        slots.fill(0, count: old.count * 4)
        for hash in old where hash != 0 {
            var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots.base[place] != 0 { place = (place + 1) & (slots.count - 1) }
            slots.base[place] = hash
        }
    }
}
