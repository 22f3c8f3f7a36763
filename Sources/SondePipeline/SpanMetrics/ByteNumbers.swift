// SPDX-License-Identifier: Apache-2.0
// Byte strings, each leading to a number: a lookup costs one hash and one comparison and allocates nothing.

import SondeModel

struct ByteNumbers {
    private struct Entry {
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

    func number(of key: UnsafeBufferPointer<UInt8>) -> Int? {
        let hash = Hash64.hash(key, seed: seed)
        var place = Int(truncatingIfNeeded: hash) & (slots.count &- 1)
        while slots[place] != 0 {
            if (slots[place] ^ hash) >> 32 == 0 {
                let entry = entries[Int(truncatingIfNeeded: slots[place] & 0xFFFF_FFFF) &- 1]
                if entry.count == key.count, matches(entry, key) { return entry.number }
            }
            place = (place &+ 1) & (slots.count &- 1)
        }
        return nil
    }

    func number(of key: [UInt8]) -> Int? { key.withUnsafeBufferPointer { number(of: $0) } }

    /// Adds a key that is not here yet.
    mutating func add(_ key: some Collection<UInt8>, _ number: Int) {
        entries.append(Entry(offset: arena.count, count: key.count, number: number))
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
            add(old.arena[entry.offset..<entry.offset + entry.count], number)
        }
    }

    private mutating func link(_ index: Int) {
        let entry = entries[index]
        let hash = arena.withUnsafeBufferPointer {
            Hash64.hash(UnsafeBufferPointer(rebasing: $0[entry.offset..<entry.offset + entry.count]), seed: seed)
        }
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(index + 1)
    }

    private func matches(_ entry: Entry, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        arena.withUnsafeBufferPointer { arena in
            guard let a = arena.baseAddress, let b = key.baseAddress else { return entry.count == 0 }
            let kept = UnsafeRawBufferPointer(start: a + entry.offset, count: entry.count)
            return kept.elementsEqual(UnsafeRawBufferPointer(start: b, count: entry.count))
        }
    }
}
