// SPDX-License-Identifier: Apache-2.0
// Halves of calls that wait for their other half, found by trace and span id. All wait equally long, so those that come
// first leave first; one that is met leaves a gap, and the gaps are closed now and then.
//
//   halves   ░░░░░░█░░██░█████     first ▸ the oldest that waits; ░ met
//   slots    hash of the key ▸ place in halves; with half of the hash, so that one look tells most strangers apart

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

    fileprivate func isOf(_ other: CallHalf) -> Bool {
        spanID == other.spanID && exemplar.traceID == other.exemplar.traceID
    }
}

struct WaitingHalves {
    private struct Place {
        var half: CallHalf
        var until: ContinuousClock.Instant
        var isMet = false
    }

    enum Meeting {
        case other(CallHalf)
        /// The same side of the call waits already.
        case same
        case nobody
    }

    private let seed = UInt64.random(in: .min ... .max)
    private var places: [Place] = []
    private var first = 0
    private(set) var count = 0
    /// Open addressing: upper half of the hash, then place + 1; 0 is free. At most half of them are taken.
    private var slots = [UInt64](repeating: 0, count: 1_024)
    private var mask: Int { slots.count &- 1 }

    /// Takes out the other half of a call.
    mutating func meet(_ half: CallHalf) -> Meeting {
        let hash = hash(half)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            if (slots[slot] ^ hash) >> 32 == 0, places[place(in: slot)].half.isOf(half) {
                let place = place(in: slot)
                guard places[place].half.isServer != half.isServer else { return .same }
                return .other(takeOut(place, slot))
            }
            slot = (slot &+ 1) & mask
        }
        return .nobody
    }

    /// - Precondition: no half of the same call waits.
    mutating func add(_ half: CallHalf, until moment: ContinuousClock.Instant) {
        if (count + 1) * 2 > slots.count || places.count > 2 * count + Self.gapsToSpare { closeGaps() }
        places.append(Place(half: half, until: moment))
        count += 1
        link(places.count - 1)
    }

    /// The oldest half whose time was over before `moment`.
    mutating func takeOverdue(_ moment: ContinuousClock.Instant) -> CallHalf? {
        while first < places.count, places[first].isMet { first += 1 }
        guard first < places.count, places[first].until < moment else { return nil }
        var slot = Int(truncatingIfNeeded: hash(places[first].half)) & mask
        while place(in: slot) != first { slot = (slot &+ 1) & mask }
        return takeOut(first, slot)
    }

    // MARK: Slots

    /// So few gaps are not worth closing.
    private static let gapsToSpare = 1_024

    private mutating func closeGaps() {
        places.removeAll { $0.isMet }
        first = 0
        var size = 1_024
        while size < (places.count + 1) * 2 { size *= 2 }
        slots = Array(repeating: 0, count: size)
        for place in places.indices { link(place) }
    }

    private mutating func link(_ place: Int) {
        let hash = hash(places[place].half)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 { slot = (slot &+ 1) & mask }
        slots[slot] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(place + 1)
    }

    private func place(in slot: Int) -> Int { Int(truncatingIfNeeded: slots[slot] & 0xFFFF_FFFF) &- 1 }

    private mutating func takeOut(_ place: Int, _ slot: Int) -> CallHalf {
        places[place].isMet = true
        count -= 1
        // What follows moves up, as far as it does not pass its home.
        var hole = slot
        var next = (slot &+ 1) & mask
        while slots[next] != 0 {
            let home = Int(truncatingIfNeeded: hash(places[self.place(in: next)].half)) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next &+ 1) & mask
        }
        slots[hole] = 0
        return places[place].half
    }

    /// One word after the other: of words that are mixed into each other first, senders could choose what they cancel.
    private func hash(_ half: CallHalf) -> UInt64 {
        let id = half.exemplar.traceID
        return Hash64.hash(Hash64.hash(id.low ^ seed, id.high), half.spanID.value)
    }
}
