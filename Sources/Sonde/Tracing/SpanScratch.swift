// SPDX-License-Identifier: Apache-2.0
// The memory of a span of the lean API while it is open, and of any span while it is encoded. It comes from a bounded
// pool, so that a span costs no allocation once the service is warm.

import SondeModel
import SondeWire
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Everything a lean span needs until it ends. It lives in raw memory: properties of a class would cost an exclusivity
/// check with every attribute.
struct SpanScratch {
    var buffer = EntryBuffer(capacity: Limits.scratchBytes)
    /// Where each attribute of the span begins in `buffer`, to find a key that is set twice.
    let attributeOffsets = UnsafeMutablePointer<UInt32>.allocate(capacity: Limits.scratchAttributes)
    /// Makes the ids of lean spans: this memory has one user at a time, so that nothing atomic is needed.
    var sequence: IdentifierSequence
    /// Of the tracer whose pool this is.
    let limits: SpanLimits
    /// Retained while a lean span is open; nil otherwise. Unmanaged, or every attribute would retain and release it.
    var core: Unmanaged<TracerCore>?
    var trace = TraceContext.none
    var hold: TraceHold?
    var start: UInt64 = 0
    var parentIsRemote = false
    var isRecording = false
    var isLocalRoot = false
    /// Where the span stands in the table of open lean spans; -1 if it is not watched.
    var openPlace: Int32 = -1
    var attributeCount = 0
    /// Of how many the offset is known: those beyond it can't be replaced.
    var knownCount = 0
    var eventCount = 0
    var linkCount = 0
    var droppedAttributes: UInt32 = 0
    var droppedEvents: UInt32 = 0
    var droppedLinks: UInt32 = 0
    var status = SondeModel.SpanStatus()

    init(_ identifiers: IdentifierSource, _ limits: SpanLimits) {
        sequence = IdentifierSequence(identifiers)
        self.limits = limits
    }

    /// Back to how it was made, except for the memory it has.
    mutating func clear() {
        buffer.clear()
        core = nil
        openPlace = -1
        if hold != nil { hold = nil }
        if !trace.state.isEmpty { trace = .none }
        attributeCount = 0
        knownCount = 0
        eventCount = 0
        linkCount = 0
        droppedAttributes = 0
        droppedEvents = 0
        droppedLinks = 0
        if status.code != .unset { status = SondeModel.SpanStatus() }
    }
}

/// Scratches that are not in use: a table of slots, each taken and given back with one atomic exchange. A thread begins
/// at a slot of its own, so that two threads rarely meet.
final class ScratchPool: Sendable {
    /// A cache line, or threads would slow each other down by their neighbours' slots.
    private struct Slot: ~Copyable {
        let address = Atomic<UInt>(0)
        private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
    }

    /// Only its atomics are touched between init and deinit.
    private nonisolated(unsafe) let slots: UnsafeMutablePointer<Slot>
    private static let mask = Limits.pooledScratches - 1

    private let identifiers: IdentifierSource
    private let limits: SpanLimits

    init(identifiers: IdentifierSource, limits: SpanLimits) {
        self.identifiers = identifiers
        self.limits = limits
        slots = .allocate(capacity: Limits.pooledScratches)
        for index in 0..<Limits.pooledScratches { (slots + index).initialize(to: Slot()) }
    }

    deinit {
        for index in 0..<Limits.pooledScratches {
            if let scratch = Self.scratch(slots[index].address.load(ordering: .acquiring)) { Self.destroy(scratch) }
        }
        slots.deinitialize(count: Limits.pooledScratches)
        slots.deallocate()
    }

    /// A cleared scratch; the caller owns it until `give`.
    func take() -> UnsafeMutablePointer<SpanScratch> {
        let first = Self.place
        for probe in 0..<Limits.scratchProbes {
            let slot = (first &+ probe) & Self.mask
            guard slots[slot].address.load(ordering: .relaxed) != 0 else { continue }
            if let scratch = Self.scratch(slots[slot].address.exchange(0, ordering: .acquiring)) { return scratch }
        }
        let scratch = UnsafeMutablePointer<SpanScratch>.allocate(capacity: 1)
        scratch.initialize(to: SpanScratch(identifiers, limits))
        return scratch
    }

    /// Takes back what is no longer used. Memory that grew large, or finds no free slot, goes back to the system.
    func give(_ scratch: UnsafeMutablePointer<SpanScratch>) {
        scratch.pointee.clear()
        guard scratch.pointee.buffer.capacity <= Limits.pooledScratchBytes else { return Self.destroy(scratch) }
        let first = Self.place
        for probe in 0..<Limits.scratchProbes {
            let slot = (first &+ probe) & Self.mask
            guard slots[slot].address.load(ordering: .relaxed) == 0 else { continue }
            let exchange = slots[slot].address.compareExchange(
                expected: 0, desired: UInt(bitPattern: scratch), ordering: .releasing)
            if exchange.exchanged { return }
        }
        Self.destroy(scratch)
    }

    private static func scratch(_ address: UInt) -> UnsafeMutablePointer<SpanScratch>? {
        UnsafeMutablePointer(bitPattern: address)
    }

    private static func destroy(_ scratch: UnsafeMutablePointer<SpanScratch>) {
        scratch.pointee.buffer.free()
        scratch.pointee.attributeOffsets.deallocate()
        scratch.deinitialize(count: 1)
        scratch.deallocate()
    }

    /// The slot at which this thread begins. Thread descriptors lie whole stacks apart; multiplying spreads them.
    private static var place: Int {
        #if canImport(Darwin)
            let thread = UInt(bitPattern: pthread_self())
        #else
            let thread = UInt(pthread_self())
        #endif
        return Int(truncatingIfNeeded: (thread &* 0x9E37_79B9_7F4A_7C15) >> 40)
    }
}
