// SPDX-License-Identifier: Apache-2.0
// Lean spans that have begun and not ended. What is said about such a span is written without a lock into memory that only
// its owner may touch, so what another thread can report of it is a copy of its beginning: ids, name, kind and start.

import SondeModel
import Synchronization

/// A bounded table of the beginnings of lean spans, in stripes that threads rarely meet at.
final class OpenLeanSpans: Sendable {
    private struct Place: Sendable {
        /// Zero for a place that is free.
        var spanID = SpanID.zero
        var start: UInt64 = 0
        /// The span as it began, as fields of a `Span` message. The memory stays for the next span.
        var beginning: [UInt8] = []
    }

    private struct Table: Sendable {
        var places: [Place] = []
        var free: [Int32] = []

        mutating func vacate(_ place: Int32) {
            places[Int(place)].spanID = .zero
            // What one span with a huge name needed is given back.
            if places[Int(place)].beginning.capacity > Limits.keptBeginningBytes { places[Int(place)].beginning = [] }
            free.append(place)
        }

        /// nil if all places are taken.
        mutating func place() -> Int32? {
            if let place = free.popLast() { return place }
            guard places.count < Limits.openLeanSpansPerStripe else { return nil }
            places.append(Place())
            return Int32(places.count - 1)
        }
    }

    private final class Stripe: Sendable {
        let table = Mutex(Table())
        let untracked = Atomic<UInt64>(0)
    }

    private let stripes = (0..<Limits.openLeanStripes).map { _ in Stripe() }

    /// Spans that found no room and are not watched.
    var untrackedCount: UInt64 { stripes.reduce(0) { $0 + $1.untracked.load(ordering: .relaxed) } }

    /// Where the span is from now on; -1 if there is no room.
    ///
    /// - Parameter beginning: Fields of the span that will not change.
    @inline(never)
    func add(_ spanID: SpanID, start: UInt64, beginning: UnsafeRawBufferPointer) -> Int32 {
        let stripe = stripe(of: spanID)
        let found: Int32? = stripe.table.withLock { table in
            guard let place = table.place() else { return nil }
            table.places[Int(place)].spanID = spanID
            table.places[Int(place)].start = start
            table.places[Int(place)].beginning.removeAll(keepingCapacity: true)
            table.places[Int(place)].beginning.append(contentsOf: beginning)
            return place
        }
        if found == nil { stripe.untracked.wrappingAdd(1, ordering: .relaxed) }
        return found ?? -1
    }

    /// The span ends: once this has returned it is not reported. Nothing happens if it was reported and is gone.
    @inline(never)
    func remove(_ spanID: SpanID, at place: Int32) {
        stripe(of: spanID).table.withLock { table in
            guard table.places[Int(place)].spanID == spanID else { return }
            table.vacate(place)
        }
    }

    /// Takes out the spans that began at `start` or before and queues them, as unfinished. The stripe stays locked
    /// meanwhile: the end of a span must not be queued before the report that it replaces.
    func report(startedUntil start: UInt64, to queue: ExportQueue) {
        var buffer = EntryBuffer(capacity: Limits.scratchBytes)
        for stripe in stripes {
            stripe.table.withLock { table in
                for place in table.places.indices
                where table.places[place].spanID.isValid && table.places[place].start <= start {
                    table.places[place].beginning.withUnsafeBytes { Self.queue($0, to: queue, using: &buffer) }
                    table.vacate(Int32(place))
                }
            }
        }
        buffer.free()
    }

    private static func queue(
        _ beginning: UnsafeRawBufferPointer, to queue: ExportQueue, using buffer: inout EntryBuffer
    ) {
        buffer.clear()
        buffer.fields(beginning)
        buffer.fixed64(0, field: 8)
        buffer.message(field: 9) { $0.unfinishedMark() }
        queue.append(buffer.framed(field: 2))
    }

    /// The high bits: they are as random as the others, and ``OpenSpans`` goes by the lowest.
    private func stripe(of spanID: SpanID) -> Stripe {
        stripes[Int(truncatingIfNeeded: spanID.value >> 40) & (Limits.openLeanStripes - 1)]
    }
}
