// SPDX-License-Identifier: Apache-2.0
// One counter or up-down counter: whole and fractional increments of the same series, without a lock.

import CoreMetrics
import SondeWire
import Synchronization

/// The value behind a `Counter` and a `FloatingPointCounter` of the same name and labels, and behind an up-down counter.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler, @unchecked Sendable {
    /// Words of a stripe: the whole part and the bits of the fraction.
    private static let words = 2

    private let stripes = Atomic<UInt>(0)
    private let whole = Atomic<UInt64>(0)
    /// Bits of a Double; apart from ``whole`` so that counting by one is a single instruction and exact beyond 2^53.
    private let fraction = Atomic<UInt64>(0)
    /// Whether it only rises.
    let isMonotonic: Bool

    init(place: SeriesPlace, faults: MeasurementFaults, isMonotonic: Bool = true, keepsExemplars: Bool = false) {
        self.isMonotonic = isMonotonic
        super.init(place: place, faults: faults, keepsExemplars: keepsExemplars)
    }

    deinit { ThreadStripes.uninstall(from: stripes, words: Self.words) }

    func increment(by amount: Int64) {
        guard amount >= 0 || !isMonotonic else { return faults.countIgnored() }
        add(UInt64(bitPattern: amount))
        if exemplars.isWanted { exemplars.offer(Double(amount), bucket: 0) }
    }

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
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), words: Self.words) {
            stripes.own[0].wrappingAdd(amount, ordering: .relaxed)
        } else if !whole.addAlone(amount) {
            ThreadStripes.install(in: stripes, words: Self.words)
        }
    }

    private func add(_ amount: Double) {
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), words: Self.words) {
            stripes.own[1].add(amount)
        } else if !fraction.add(amount) {
            ThreadStripes.install(in: stripes, words: Self.words)
        }
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0, ordering: .relaxed)
        guard let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), words: Self.words) else { return }
        for index in 0..<ThreadStripes.count {
            stripes[index][0].store(0, ordering: .relaxed)
            stripes[index][1].store(0, ordering: .relaxed)
        }
    }

    /// The whole part, two's complement if it may fall, and what is to be added to it.
    var value: (whole: UInt64, fraction: Double) {
        var sum = whole.load(ordering: .relaxed)
        var rest = fraction.double
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), words: Self.words) {
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
        if format == .openMetrics, isMonotonic, let exemplar = exemplars.newest(bucket: 0) { sink.append(exemplar) }
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
