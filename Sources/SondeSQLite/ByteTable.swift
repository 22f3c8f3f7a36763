// SPDX-License-Identifier: Apache-2.0
// Byte strings numbered in order of first appearance: the dictionary behind every dictionary of the store. Strings of
// different tags are different. No String, no Dictionary, no allocation per entry.
//
// An entry can be let go: its number is spare, and is given to a later string.

import SondeModel

struct ByteTable: ~Copyable {
    struct Entry: BitwiseCopyable {
        var offset: UInt32
        var count: UInt32
        var tag: UInt32
    }

    private var arena = ByteBuffer(capacity: 4_096)
    private(set) var entries = Buffer<Entry>()
    /// Open addressing: upper half of the hash, then number + 1; 0 is free.
    private var slots = Buffer<UInt64>()
    private var used = 0
    /// Numbers that wait to be given again, and those that were given again since ``keepReused()``.
    private var spares: [Int] = []
    private(set) var reused: [Int] = []
    /// The tag of a spare entry, which no search asks for.
    static let spareTag = UInt32.max

    init() { slots.fill(0, count: 256) }

    var count: Int { entries.count }
    /// Entries that are not spare.
    var liveCount: Int { entries.count - spares.count }
    /// Of all texts together, and of those let go since ``compact()``.
    var byteCount: Int { arena.count }

    /// Where the entry's bytes lie until the table next changes.
    @inline(__always)
    func bytes(_ id: Int) -> UnsafeBufferPointer<UInt8> {
        let entry = entries[id]
        return UnsafeBufferPointer(start: arena.base + Int(entry.offset), count: Int(entry.count))
    }

    @inline(__always)
    func matches(_ id: Int, _ bytes: UnsafePointer<UInt8>, count: Int) -> Bool {
        let entry = entries[id]
        guard Int(entry.count) == count else { return false }
        return Self.equal(arena.base + Int(entry.offset), bytes, count)
    }

    /// The number of these bytes, which are added if they are new.
    @inline(__always)
    mutating func find(_ bytes: UnsafePointer<UInt8>, count: Int, tag: UInt32 = 0) -> Int {
        let hash = Hash64.hash(bytes, count: count, seed: UInt64(tag))
        let mark = hash & 0xFFFF_FFFF_0000_0000
        let mask = slots.count &- 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots.base[place]
            if slot == 0 { break }
            if slot & 0xFFFF_FFFF_0000_0000 == mark {
                let id = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1
                if entries.base[id].tag == tag, matches(id, bytes, count: count) { return id }
            }
            place = (place &+ 1) & mask
        }
        return insert(bytes, count: count, tag: tag, slot: place, mark: mark)
    }

    /// The number of these bytes; nil if they are new. Adds nothing.
    func known(_ bytes: UnsafePointer<UInt8>, count: Int, tag: UInt32 = 0) -> Int? {
        let hash = Hash64.hash(bytes, count: count, seed: UInt64(tag))
        let mark = hash & 0xFFFF_FFFF_0000_0000
        let mask = slots.count &- 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots.base[place] != 0 {
            let slot = slots.base[place]
            let id = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1
            if slot & 0xFFFF_FFFF_0000_0000 == mark, entries.base[id].tag == tag, matches(id, bytes, count: count) {
                return id
            }
            place = (place &+ 1) & mask
        }
        return nil
    }

    mutating func find(_ bytes: UnsafeRawBufferPointer, tag: UInt32 = 0) -> Int {
        guard let start = bytes.baseAddress else {
            var nothing: UInt8 = 0
            return find(&nothing, count: 0, tag: tag)
        }
        return find(start.assumingMemoryBound(to: UInt8.self), count: bytes.count, tag: tag)
    }

    @inline(never)
    private mutating func insert(
        _ bytes: UnsafePointer<UInt8>, count: Int, tag: UInt32, slot: Int, mark: UInt64
    ) -> Int {
        let id = place(bytes, count: count, tag: tag)
        slots.base[slot] = mark | UInt64(id + 1)
        used += 1
        if used * 2 > slots.count { rebuild(slotCount: slots.count * 4) }
        return id
    }

    private mutating func place(_ bytes: UnsafePointer<UInt8>, count: Int, tag: UInt32) -> Int {
        guard let id = spares.popLast() else { return append(bytes, count: count, tag: tag) }
        checkRoom(for: count)
        entries.base[id] = Entry(
            offset: UInt32(truncatingIfNeeded: arena.count), count: UInt32(truncatingIfNeeded: count), tag: tag)
        arena.append(bytes, count: count)
        reused.append(id)
        return id
    }

    /// Adds these bytes under a number of their own, which no later ``find(_:count:tag:)`` gives.
    @inline(__always)
    mutating func append(_ bytes: UnsafePointer<UInt8>, count: Int, tag: UInt32 = 0) -> Int {
        checkRoom(for: count)
        let offset = UInt32(truncatingIfNeeded: arena.count)
        arena.append(bytes, count: count)
        entries.append(Entry(offset: offset, count: UInt32(truncatingIfNeeded: count), tag: tag))
        return entries.count &- 1
    }

    /// Places are 32 bits: past them strings would be taken for others. Whoever fills a table keeps far below, see
    /// ``Limits/sessionBytesMost``.
    @inline(__always)
    private func checkRoom(for count: Int) {
        precondition(arena.count &+ count <= Int(UInt32.max), "a dictionary has outgrown 4 GiB")
    }

    /// Adds an entry without a string, which is to be released.
    mutating func appendSpare() -> Int {
        entries.append(Entry(offset: UInt32(truncatingIfNeeded: arena.count), count: 0, tag: Self.spareTag))
        return entries.count - 1
    }

    mutating func removeAll() {
        arena.removeAll()
        entries.removeAll()
        // Room for four times as many: what once was large must not be cleared for ever.
        var size = 256
        while size < used * 4 { size *= 2 }
        if used > 0 { slots.fill(0, count: min(size, slots.count)) }
        used = 0
        // Called for every commit and every block; hardly a table has any.
        guard !spares.isEmpty || !reused.isEmpty else { return }
        spares = []
        reused = []
    }

    /// Lets entries go: their strings are new when they come again, and their numbers are given to what comes first.
    mutating func release(_ ids: [Int]) {
        for id in ids { entries.base[id] = Entry(offset: 0, count: 0, tag: Self.spareTag) }
        spares += ids
    }

    /// Numbers given again so far stay given.
    mutating func keepReused() { reused = [] }

    /// Takes back the numbers that were given again.
    mutating func forgetReused() {
        release(reused)
        reused = []
    }

    /// Forgets the bytes of entries that were let go.
    mutating func compact() {
        var kept = ByteBuffer(capacity: max(1, arena.count))
        for id in 0..<entries.count {
            let bytes = bytes(id)
            entries.base[id].offset = UInt32(truncatingIfNeeded: kept.count)
            if let start = bytes.baseAddress { kept.append(start, count: bytes.count) }
        }
        swap(&arena, &kept)
        rebuild(slotCount: slots.count)
    }

    /// Forgets the entries from number `kept` on.
    mutating func truncate(to kept: Int) {
        guard kept < entries.count else { return }
        arena.truncate(to: Int(entries[kept].offset))
        for place in 0..<slots.count where Int(slots[place] & 0xFFFF_FFFF) > kept { slots[place] = 0 }
        entries.truncate(to: kept)
        rebuild(slotCount: slots.count)
    }

    private mutating func rebuild(slotCount: Int) {
        let old = slots.array
        slots.fill(0, count: slotCount)
        used = 0
        for slot in old where slot != 0 {
            let id = Int(slot & 0xFFFF_FFFF) - 1
            if entries[id].tag == Self.spareTag { continue }
            let hash = Hash64.hash(bytes(id), seed: UInt64(entries[id].tag))
            let entry = hash & 0xFFFF_FFFF_0000_0000 | UInt64(id + 1)
            var place = Int(truncatingIfNeeded: hash) & (slotCount - 1)
            // A number that was given again is met once more, where its former string stood.
            while slots.base[place] != 0, slots.base[place] != entry { place = (place + 1) & (slotCount - 1) }
            if slots.base[place] == entry { continue }
            slots.base[place] = entry
            used += 1
        }
    }

    /// Whether two runs are equal; short runs without a call.
    @inline(__always)
    private static func equal(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let a = UnsafeRawPointer(a)
        let b = UnsafeRawPointer(b)
        if count >= 8 {
            var offset = 0
            while offset &+ 8 <= count {
                if differ(a, b, offset, as: UInt64.self) { return false }
                offset &+= 8
            }
            // The rest, and some bytes once more.
            return offset == count || !differ(a, b, count &- 8, as: UInt64.self)
        }
        if count >= 4 { return !differ(a, b, 0, as: UInt32.self) && !differ(a, b, count &- 4, as: UInt32.self) }
        for offset in 0..<count where differ(a, b, offset, as: UInt8.self) { return false }
        return true
    }

    @inline(__always)
    private static func differ<T: FixedWidthInteger & BitwiseCopyable>(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ offset: Int, as type: T.Type
    ) -> Bool {
        a.loadUnaligned(fromByteOffset: offset, as: type) != b.loadUnaligned(fromByteOffset: offset, as: type)
    }
}
