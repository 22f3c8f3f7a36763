// SPDX-License-Identifier: Apache-2.0
// Lets tables be read without a lock while others change them: what a reader might still see is freed once every reader
// who might have seen it is gone.
//
//   reader: enter → read the table → leave            two atomic additions on a counter of its own stripe
//   writer: put the new one in place → retire the old one → freed when each stripe was seen without readers since

import Synchronization

/// The readers of all tables of this process. Sections are short and never wait.
enum ReadSections {
    private static let stripes = Stripes()

    // Sendable although a pointer is inside: every word it leads to is atomic, and it is never freed.
    private struct Stripes: @unchecked Sendable {
        let words: UnsafeMutablePointer<Atomic<UInt64>>

        init() {
            let count = ThreadStripes.count * 8
            let raw = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
            words = raw.bindMemory(to: Atomic<UInt64>.self, capacity: count)
            for index in 0..<count { (words + index).initialize(to: Atomic(0)) }
        }
    }

    /// Runs `body`; whatever it finds in a table stays allocated until it returns.
    @inline(__always)
    static func read<Result>(_ body: () -> Result) -> Result {
        let word = stripes.words + ThreadStripes.ownIndex &* 8
        word.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { word.pointee.wrappingSubtract(1, ordering: .releasing) }
        return body()
    }

    /// Bit i is set while stripe i has readers.
    static var busy: UInt64 {
        var busy: UInt64 = 0
        for index in 0..<ThreadStripes.count
        where stripes.words[index * 8].load(ordering: .sequentiallyConsistent) > 0 {
            busy |= 1 << UInt64(index)
        }
        return busy
    }
}

/// What was taken out of a table and waits for its last reader. Used under the lock of the table's writers, and freed
/// outside of it: what an object captured may use the tables when it goes.
struct RetiredObjects {
    /// Objects that nobody can reach any more: whoever has them lets go of them.
    struct Unread: @unchecked Sendable {
        // Sendable although the objects may not be: there is no way to them but to drop the last reference.
        fileprivate var objects: [AnyObject] = []
    }

    private struct Entry {
        var object: AnyObject
        /// Stripes that had readers at every look since the object was retired.
        var busy: UInt64
    }

    private var entries: [Entry] = []

    /// Keeps `object` until nobody can be reading it. It MUST be out of reach of new readers.
    mutating func retire(_ object: AnyObject) {
        entries.append(Entry(object: object, busy: .max))
    }

    /// What nobody reads any more. It MUST be let go outside of the lock.
    mutating func takeUnread() -> Unread {
        var unread = Unread()
        guard !entries.isEmpty else { return unread }
        let busy = ReadSections.busy
        for index in entries.indices {
            entries[index].busy &= busy
            if entries[index].busy == 0 { unread.objects.append(entries[index].object) }
        }
        if !unread.objects.isEmpty { entries.removeAll { $0.busy == 0 } }
        return unread
    }
}
