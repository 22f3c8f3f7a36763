// SPDX-License-Identifier: Apache-2.0
// Halves of calls that wait for their other half, found by trace and span id. All wait equally long, so those that come
// first leave first; one that is met leaves a gap, and the gaps are closed now and then.
//
//   halves   ░░░░░░█░░██░█████     first ▸ the oldest that waits; ░ met
//   slots    hash of the key ▸ place in halves; with half of the hash, by which slots are also dealt out: most strangers
//            are told apart, and slots moved, without a look at the halves, of which each costs a miss of the cache

import SondeModel

/// One side of a call.
struct CallHalf {
    /// The span id that both sides know: the client's.
    var spanID: SpanID
    /// Its trace and own span, how long it took, and when it ended.
    var exemplar: SpanExemplar
    /// Its service by number.
    var service: Int32
    /// The other side's name by number, if the span tells it.
    var peer: Int32?
    var isServer: Bool
    var failed: Bool
    var isMessaging: Bool
}

struct WaitingHalves {
    /// A half as it waits, in 64 bytes.
    private struct Place {
        let exemplar: SpanExemplar
        let spanID: SpanID
        /// When its time is over, in nanoseconds since ``origin``.
        let until: Int64
        let service: Int32
        /// `number of the peer + 1 << 4`, and flags.
        private let peerAndFlags: UInt32
        private static let server: UInt32 = 1
        private static let failed: UInt32 = 2
        private static let messaging: UInt32 = 4

        init(_ half: CallHalf, until: Int64) {
            exemplar = half.exemplar
            spanID = half.spanID
            self.until = until
            service = half.service
            var word = half.peer.map { UInt32(bitPattern: $0) &+ 1 } ?? 0
            word <<= 4
            if half.isServer { word |= Self.server }
            if half.failed { word |= Self.failed }
            if half.isMessaging { word |= Self.messaging }
            peerAndFlags = word
        }

        var isServer: Bool { peerAndFlags & Self.server != 0 }

        var half: CallHalf {
            let peer = peerAndFlags >> 4
            return CallHalf(
                spanID: spanID, exemplar: exemplar, service: service,
                peer: peer == 0 ? nil : Int32(bitPattern: peer &- 1), isServer: isServer,
                failed: peerAndFlags & Self.failed != 0, isMessaging: peerAndFlags & Self.messaging != 0)
        }

        func isOf(_ other: CallHalf) -> Bool {
            spanID == other.spanID && exemplar.traceID == other.exemplar.traceID
        }
    }

    enum Meeting {
        case other(CallHalf)
        /// The same side of the call waits already.
        case same
        case nobody
    }

    private let seed = UInt64.random(in: .min ... .max)
    private var places: [Place] = []
    /// By place: whether it is met.
    private var gaps: [Bool] = []
    private var first = 0
    private(set) var count = 0
    /// Open addressing: upper half of the hash, then place + 1; 0 is free. At most half of them are taken.
    private var slots = [UInt64](repeating: 0, count: 1_024)
    private var mask: Int { slots.count &- 1 }
    private let origin = ContinuousClock.now
    /// The moment that was last asked for, which a whole batch has in common.
    private var latest: (moment: ContinuousClock.Instant, stamp: Int64)

    init() { latest = (origin, 0) }

    /// Looks where the other half of a call would be, and does nothing with it: where many looks follow one another, the
    /// misses of the cache are waited for together. Returns something that depends on all that was read.
    @inline(__always)
    func glance(_ id: TraceID, _ spanID: SpanID) -> UInt64 {
        let hash = hash(id, spanID)
        let slot = slots[home(hash)]
        guard slot != 0, (slot ^ hash) >> 32 == 0 else { return slot }
        return places[Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) &- 1].spanID.value
    }

    /// Takes out the other half of a call.
    mutating func meet(_ half: CallHalf) -> Meeting {
        let hash = hash(half.exemplar.traceID, half.spanID)
        var slot = home(hash)
        while slots[slot] != 0 {
            if (slots[slot] ^ hash) >> 32 == 0, places[place(in: slot)].isOf(half) {
                let place = place(in: slot)
                guard places[place].isServer != half.isServer else { return .same }
                return .other(takeOut(place, slot))
            }
            slot = (slot &+ 1) & mask
        }
        return .nobody
    }

    /// - Precondition: no half of the same call waits.
    mutating func add(_ half: CallHalf, until moment: ContinuousClock.Instant) {
        if (count + 1) * 2 > slots.count || places.count > 2 * count + Self.gapsToSpare { closeGaps() }
        places.append(Place(half, until: stamp(moment)))
        gaps.append(false)
        count += 1
        link(places.count - 1)
    }

    /// The oldest half whose time was over before `moment`.
    mutating func takeOverdue(_ moment: ContinuousClock.Instant) -> CallHalf? {
        while first < places.count, gaps[first] { first += 1 }
        guard first < places.count, places[first].until < stamp(moment) else { return nil }
        var slot = home(hash(places[first].exemplar.traceID, places[first].spanID))
        while place(in: slot) != first { slot = (slot &+ 1) & mask }
        return takeOut(first, slot)
    }

    private mutating func stamp(_ moment: ContinuousClock.Instant) -> Int64 {
        if moment != latest.moment {
            let (seconds, attoseconds) = origin.duration(to: moment).components
            latest = (moment, seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000)
        }
        return latest.stamp
    }

    // MARK: Slots

    /// So few gaps are not worth closing.
    private static let gapsToSpare = 1_024

    private mutating func closeGaps() {
        var kept = 0
        for place in first..<places.count where !gaps[place] {
            if kept != place { places[kept] = places[place] }
            kept += 1
        }
        places.removeLast(places.count - kept)
        gaps.removeAll(keepingCapacity: true)
        gaps.append(contentsOf: repeatElement(false, count: kept))
        first = 0
        var size = 1_024
        while size < (places.count + 1) * 2 { size *= 2 }
        slots = Array(repeating: 0, count: size)
        for place in places.indices { link(place) }
    }

    private mutating func link(_ place: Int) {
        let hash = hash(places[place].exemplar.traceID, places[place].spanID)
        var slot = home(hash)
        while slots[slot] != 0 { slot = (slot &+ 1) & mask }
        slots[slot] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(place + 1)
    }

    private func place(in slot: Int) -> Int { Int(truncatingIfNeeded: slots[slot] & 0xFFFF_FFFF) &- 1 }

    /// Where a hash, or what a slot keeps of it, belongs.
    private func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 32) & mask }

    private mutating func takeOut(_ place: Int, _ slot: Int) -> CallHalf {
        gaps[place] = true
        count -= 1
        // What follows moves up, as far as it does not pass its home.
        var hole = slot
        var next = (slot &+ 1) & mask
        while slots[next] != 0 {
            if (next &- home(slots[next])) & mask >= (next &- hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next &+ 1) & mask
        }
        slots[hole] = 0
        return places[place].half
    }

    /// One word after the other: of words that are mixed into each other first, senders could choose what they cancel.
    private func hash(_ id: TraceID, _ spanID: SpanID) -> UInt64 {
        Hash64.hash(Hash64.hash(id.low ^ seed, id.high), spanID.value)
    }
}
