// SPDX-License-Identifier: Apache-2.0
// One counter or up-down counter: whole and fractional increments of the same series, without a lock.

public import CoreMetrics
import SondeWire
import Synchronization

/// The value behind a `Counter` and a `FloatingPointCounter` of the same name and labels, and behind an up-down counter.
@usableFromInline
// Sendable although its superclass is not final: it adds constants and atomics only.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler, @unchecked Sendable {
    /// A stripe: the whole part, the bits of the fraction, and the rest of the cache line.
    private static let stride = 8

    private let stripes = Atomic<UInt>(0)
    private let whole = Atomic<UInt64>(0)
    /// Bits of a Double; apart from ``whole`` so that counting by one is a single instruction and exact beyond 2^53.
    private let fraction = Atomic<UInt64>(0)
    /// The stripe of the thread that counted last. Whoever takes over looks whether another writes at the same moment;
    /// who goes on need not.
    private let home = Atomic<UInt32>(0)
    /// Whether it only rises.
    let isMonotonic: Bool

    init(place: SeriesPlace, faults: MeasurementFaults, isMonotonic: Bool = true, keepsExemplars: Bool = false) {
        self.isMonotonic = isMonotonic
        super.init(place: place, faults: faults, keepsExemplars: keepsExemplars)
    }

    deinit { ThreadStripes.uninstall(from: stripes, stride: Self.stride) }

    @usableFromInline
    func increment(by amount: Int64) {
        guard amount >= 0 || !isMonotonic else { return faults.countIgnored() }
        // Asked first: behind an atomic addition even a read has to wait for it.
        let isExemplarWanted = exemplars.isWanted
        add(UInt64(bitPattern: amount))
        if isExemplarWanted { exemplars.offer(Double(amount), bucket: 0) }
    }

    @usableFromInline
    func increment(by amount: Double) {
        guard amount.isFinite, amount >= 0 || !isMonotonic else { return faults.countIgnored() }
        if amount.magnitude < 9_007_199_254_740_992, let amount = Int64(exactly: amount) {
            add(UInt64(bitPattern: amount))
        } else {
            add(amount)
        }
        if exemplars.isWanted { exemplars.offer(amount, bucket: 0) }
    }

    @inline(__always)
    private func add(_ amount: UInt64) {
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: Self.stride) {
            stripes.own[0].wrappingAdd(amount, ordering: .relaxed)
            return
        }
        let thread = UInt32(truncatingIfNeeded: ThreadStripes.ownIndex)
        if home.load(ordering: .relaxed) == thread {
            whole.wrappingAdd(amount, ordering: .relaxed)
        } else {
            home.store(thread, ordering: .relaxed)
            if !whole.addAlone(amount) { ThreadStripes.install(in: stripes, stride: Self.stride) }
        }
    }

    private func add(_ amount: Double) {
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: Self.stride) {
            stripes.own[1].add(amount)
        } else if !fraction.add(amount) {
            ThreadStripes.install(in: stripes, stride: Self.stride)
        }
    }

    @usableFromInline
    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0, ordering: .relaxed)
        guard let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: Self.stride) else {
            return
        }
        for index in 0..<ThreadStripes.count {
            stripes[index][0].store(0, ordering: .relaxed)
            stripes[index][1].store(0, ordering: .relaxed)
        }
    }

    /// The whole part, two's complement if it may fall, and what is to be added to it.
    var value: (whole: UInt64, fraction: Double) {
        var sum = whole.load(ordering: .relaxed)
        var rest = fraction.double
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: Self.stride) {
            for index in 0..<ThreadStripes.count {
                sum &+= stripes[index][0].load(ordering: .relaxed)
                rest += stripes[index][1].double
            }
        }
        return (sum, rest)
    }

    override func write(to sink: inout PrometheusSink, format: PrometheusFormat) {
        sink.append(padded: text.start, text.count)
        let (whole, fraction) = value
        if fraction != 0 {
            sink.append((isMonotonic ? Double(whole) : Double(Int64(bitPattern: whole))) + fraction)
        } else if isMonotonic {
            sink.append(whole)
        } else {
            sink.append(Int64(bitPattern: whole))
        }
        if format.isOpenMetrics, isMonotonic, let exemplar = exemplars.newest(bucket: 0) { sink.append(exemplar) }
        sink.append(byte: UInt8(ascii: "\n"))
    }

    override var point: MetricPoint {
        let (whole, fraction) = value
        let exemplar = exemplars.newest(bucket: 0)
        if fraction == 0, let exact = isMonotonic ? Int64(exactly: whole) : Int64(bitPattern: whole) {
            return .whole(exact, exemplar: exemplar)
        }
        return .number(
            (isMonotonic ? Double(whole) : Double(Int64(bitPattern: whole))) + fraction, exemplar: exemplar)
    }
}
