// SPDX-License-Identifier: Apache-2.0
// Byte strings, each leading to a number: a lookup costs one hash and one comparison and allocates nothing. Strings of
// different tags are different.

import SondeModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct ByteNumbers {
    private struct Entry {
        var tag: UInt64
        var offset: Int
        var count: Int
        var number: Int
    }

    /// Senders choose what is hashed: where it falls is not for them to know.
    private let seed = UInt64.random(in: .min ... .max)
    private var arena: [UInt8] = []
    private var entries: [Entry] = []
    /// Open addressing: upper half of the hash, then place in `entries` + 1; 0 is free. At most half of them are taken.
    private var slots = [UInt64](repeating: 0, count: 256)

    var count: Int { entries.count }

    func number(of key: UnsafeBufferPointer<UInt8>, tag: UInt64 = 0) -> Int? {
        let hash = hashed(key, tag)
        let mask = slots.count &- 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots[place] != 0 {
            if (slots[place] ^ hash) >> 32 == 0 {
                let index = Int(truncatingIfNeeded: slots[place] & 0xFFFF_FFFF) &- 1
                if matches(index, key, tag) { return entries[index].number }
            }
            place = (place &+ 1) & mask
        }
        return nil
    }

    func number(of key: [UInt8], tag: UInt64 = 0) -> Int? {
        key.withUnsafeBufferPointer { number(of: $0, tag: tag) }
    }

    /// Adds a key that is not here yet.
    mutating func add(_ key: some Collection<UInt8>, tag: UInt64 = 0, _ number: Int) {
        entries.append(Entry(tag: tag, offset: arena.count, count: key.count, number: number))
        arena.append(contentsOf: key)
        guard entries.count * 2 > slots.count else { return link(entries.count - 1) }
        slots = Array(repeating: 0, count: slots.count * 4)
        for place in entries.indices { link(place) }
    }

    mutating func removeAll() {
        arena.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        for place in slots.indices { slots[place] = 0 }
    }

    /// Gives each string the number that `change` makes of its own; forgets those of which it makes none.
    mutating func renumber(_ change: (Int) -> Int?) {
        let old = self
        removeAll()
        for entry in old.entries {
            guard let number = change(entry.number) else { continue }
            add(old.arena[entry.offset..<entry.offset + entry.count], tag: entry.tag, number)
        }
    }

    private mutating func link(_ index: Int) {
        let entry = entries[index]
        let hash = arena.withUnsafeBufferPointer {
            hashed(UnsafeBufferPointer(rebasing: $0[entry.offset..<entry.offset + entry.count]), entry.tag)
        }
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(index + 1)
    }

    @inline(__always)
    private func hashed(_ key: UnsafeBufferPointer<UInt8>, _ tag: UInt64) -> UInt64 {
        Hash64.hash(key, seed: Hash64.hash(seed, tag))
    }

    private func matches(_ index: Int, _ key: UnsafeBufferPointer<UInt8>, _ tag: UInt64) -> Bool {
        entries.withUnsafeBufferPointer { entries in
            guard entries[index].tag == tag, entries[index].count == key.count else { return false }
            guard let bytes = key.baseAddress else { return true }
            return arena.withUnsafeBufferPointer { arena in
                guard let kept = arena.baseAddress else { return key.isEmpty }
                return memcmp(kept + entries[index].offset, bytes, key.count) == 0
            }
        }
    }
}
