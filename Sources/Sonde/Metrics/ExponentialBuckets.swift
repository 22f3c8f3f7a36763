// SPDX-License-Identifier: Apache-2.0
// The buckets of a native histogram on one side of zero: counted without a lock while values fall into the window, and
// moved or coarsened under one when they do not.
//
//   grid 0: schema 8, buckets -80…79          no longer written, or only by whoever read it a moment ago
//   grid 1: schema 3, buckets -130…29         the current one
//
// A grid is never emptied into the next one: readers add all of them up at the coarsest schema, so that no count is lost
// or seen twice however threads meet. Each grid covers at least the values of the one before and at least twice as much
// after a few, hence there are few of them.

import SondeWire
import Synchronization

/// A window of buckets of one schema.
final class ExponentialGrid: @unchecked Sendable {
    // Sendable although a pointer is inside: it never changes and every word it leads to is atomic.
    let schema: Int
    /// The bucket of the first cell.
    let low: Int
    let cells: UnsafeMutablePointer<Atomic<UInt64>>

    init(schema: Int, low: Int) {
        self.schema = schema
        self.low = low
        cells = .allocate(capacity: Limits.exponentialBuckets)
        for index in 0..<Limits.exponentialBuckets { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit { cells.deallocate() }

    /// Counts a value by its bucket at the finest schema; false if it is outside the window.
    @inline(__always)
    func count(_ finest: Int) -> Bool {
        let place = ExponentialScale.index(finest, at: schema) &- low
        guard UInt(bitPattern: place) < UInt(Limits.exponentialBuckets) else { return false }
        cells[place].wrappingAdd(1, ordering: .relaxed)
        return true
    }

    /// The buckets that hold something.
    var occupied: ClosedRange<Int>? {
        let places = (0..<Limits.exponentialBuckets).filter { cells[$0].load(ordering: .relaxed) > 0 }
        guard let first = places.first, let last = places.last else { return nil }
        return (low + first)...(low + last)
    }
}

/// One side of zero.
struct ExponentialBuckets: ~Copyable, Sendable {
    /// An ``ExponentialGrid`` that ``grids`` keeps; 0 before the first value.
    private let current = Atomic<UInt>(0)
    private let grids = Mutex<[ExponentialGrid]>([])
    private let finest: Int

    init(finest: Int) { self.finest = finest }

    /// Counts a value by its bucket at the finest schema there is.
    @inline(__always)
    func count(_ index: Int) {
        if let grid = UnsafeRawPointer(bitPattern: current.load(ordering: .acquiring)),
            Unmanaged<ExponentialGrid>.fromOpaque(grid)._withUnsafeGuaranteedRef({ $0.count(index) })
        {
            return
        }
        countOutside(index)
    }

    private func countOutside(_ index: Int) {
        grids.withLock { grids in
            if let last = grids.last, last.count(index) { return }
            let grid = Self.grid(covering: index, after: grids, finest: finest)
            _ = grid.count(index)
            grids.append(grid)
            current.store(UInt(bitPattern: Unmanaged.passUnretained(grid).toOpaque()), ordering: .releasing)
        }
    }

    /// A grid for all that was counted and `index`, at the finest schema that has room, with room left on both sides.
    private static func grid(covering index: Int, after grids: [ExponentialGrid], finest: Int) -> ExponentialGrid {
        var schema = grids.last?.schema ?? finest
        var range = ExponentialScale.index(index, at: schema)...ExponentialScale.index(index, at: schema)
        for grid in grids {
            guard let occupied = grid.occupied else { continue }
            let low = coarsened(occupied.lowerBound, from: grid.schema, to: schema)
            let high = coarsened(occupied.upperBound, from: grid.schema, to: schema)
            range = min(low, range.lowerBound)...max(high, range.upperBound)
        }
        while range.count > Limits.exponentialBuckets, schema > ExponentialScale.coarsest {
            schema -= 1
            range = coarsened(range.lowerBound, from: 1, to: 0)...coarsened(range.upperBound, from: 1, to: 0)
        }
        let room = (Limits.exponentialBuckets - range.count) / 2
        return ExponentialGrid(schema: schema, low: range.lowerBound - max(0, room))
    }

    /// The bucket of a coarser schema that holds bucket `index` of a finer one.
    static func coarsened(_ index: Int, from fine: Int, to coarse: Int) -> Int { ((index - 1) >> (fine - coarse)) + 1 }

    /// What was counted, at the schema of the coarsest grid; nil if nothing was. Both are read under one lock: a grid
    /// that comes a moment later may be coarser.
    var counted: CountedBuckets? {
        grids.withLock { grids in
            guard let schema = grids.last?.schema else { return nil }
            var counted = CountedBuckets(schema: schema)
            for grid in grids {
                for place in 0..<Limits.exponentialBuckets {
                    let count = grid.cells[place].load(ordering: .relaxed)
                    guard count > 0 else { continue }
                    counted.add(count, Self.coarsened(grid.low + place, from: grid.schema, to: schema))
                }
            }
            return counted
        }
    }
}

/// Counts of one side of zero by their buckets, as they were at one moment.
struct CountedBuckets {
    let schema: Int
    private var counts: [Int: UInt64] = [:]

    init(schema: Int) { self.schema = schema }

    mutating func add(_ count: UInt64, _ bucket: Int) { counts[bucket, default: 0] += count }

    /// All buckets from the first to the last that hold something, at a schema that is no finer than ``schema``.
    func row(at coarse: Int) -> ExponentialCounts {
        guard coarse >= schema else {
            var coarsened = CountedBuckets(schema: coarse)
            for (bucket, count) in counts {
                coarsened.add(count, ExponentialBuckets.coarsened(bucket, from: schema, to: coarse))
            }
            return coarsened.row(at: coarse)
        }
        guard let low = counts.keys.min(), let high = counts.keys.max() else { return ExponentialCounts() }
        return ExponentialCounts(low: low, counts: (low...high).map { counts[$0] ?? 0 })
    }
}
