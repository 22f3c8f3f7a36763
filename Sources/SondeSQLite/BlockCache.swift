// SPDX-License-Identifier: Apache-2.0
// Decoded parts of blocks, shared by all readers of a file, within a bound of bytes.

import Synchronization

/// A decoded part that knows its size in memory.
protocol CachedPart: AnyObject, Sendable {
    var cost: Int { get }
}

final class BlockCache: Sendable {
    struct Key: Hashable {
        var table: BlobTable
        var block: Int64
        /// Number of the chunk; -1 for the directory.
        var part: Int
    }

    fileprivate struct State {
        var parts: [Key: (part: any CachedPart, used: UInt64)] = [:]
        var bytes = 0
        var clock: UInt64 = 0
        var hits = 0
        var misses = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    func part<Part: CachedPart>(_ key: Key, as: Part.Type) -> Part? {
        state.withLock { state in
            guard let found = state.parts[key]?.part as? Part else {
                state.misses += 1
                return nil
            }
            state.hits += 1
            state.clock += 1
            state.parts[key]?.used = state.clock
            return found
        }
    }

    /// What was found here so far, what was not, and what it takes in memory.
    var use: (hits: Int, misses: Int, bytes: Int) { state.withLock { ($0.hits, $0.misses, $0.bytes) } }

    func insert(_ part: any CachedPart, for key: Key) {
        state.withLock { state in
            state.clock += 1
            if let old = state.parts.updateValue((part, state.clock), forKey: key) { state.bytes -= old.part.cost }
            state.bytes += part.cost
            if state.bytes > capacity { state.evict(downTo: capacity * 3 / 4) }
        }
    }
}

extension BlockCache.State {
    /// Drops what has not been used for longest. Sorting is paid once for a quarter of the cache.
    fileprivate mutating func evict(downTo target: Int) {
        for (key, entry) in parts.sorted(by: { $0.value.used < $1.value.used }) {
            guard bytes > target else { return }
            parts[key] = nil
            bytes -= entry.part.cost
        }
    }
}
