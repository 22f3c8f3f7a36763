// SPDX-License-Identifier: Apache-2.0
// One histogram with explicit buckets: a count per bucket and the sum, without a lock.
//
//   [ bucket 0 | bucket 1 | … | bucket n (+Inf) | sum, whole part | sum, bits of the rest ]
//
// The sum of times is kept in whole nanoseconds and the sum of whole numbers as such: one addition, exact. Only
// fractions are added up as Doubles.

public import CoreMetrics
import SondeWire
import Synchronization

/// The value behind a `Timer` (in seconds) and a `Recorder` that aggregates.
@usableFromInline
// Sendable although it is not final: subclasses hold constants and atomics only.
class DistributionSeries: MetricSeries, RecorderHandler, TimerHandler, @unchecked Sendable {
    /// Whether it measures times, so that the whole part of the sum counts nanoseconds.
    let measuresTime: Bool

    init(place: SeriesPlace, measuresTime: Bool, faults: MeasurementFaults, keepsExemplars: Bool) {
        self.measuresTime = measuresTime
        super.init(place: place, faults: faults, keepsExemplars: keepsExemplars)
    }

    /// Moves a whole sum that has grown large to the rest, so that it never wraps; from then on the sum is a Double's.
    /// A scrape between the two steps shows a smaller sum: once in decades, which is cheaper than a lock.
    @inline(never)
    func spill(_ whole: borrowing Atomic<UInt64>, to rest: borrowing Atomic<UInt64>) {
        let moved = Double(Int64(bitPattern: whole.exchange(0, ordering: .relaxed)))
        rest.add(measuresTime ? moved / 1e9 : moved)
    }

    @usableFromInline
    func record(_ value: Int64) {}
    @usableFromInline
    func record(_ value: Double) {}
    @usableFromInline
    func recordNanoseconds(_ duration: Int64) {}
}

/// One that counts in buckets with bounds that somebody chose.
final class HistogramSeries: DistributionSeries, @unchecked Sendable {
    let bounds: BucketBounds
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let stripes = Atomic<UInt>(0)
    private let words: Int
    private let stride: Int

    init(
        place: SeriesPlace, bounds: BucketBounds, measuresTime: Bool, faults: MeasurementFaults, keepsExemplars: Bool
    ) {
        self.bounds = bounds
        words = bounds.values.count + 3
        stride = ThreadStripes.stride(words)
        cells = .allocate(capacity: words)
        for index in 0..<words { (cells + index).initialize(to: Atomic(0)) }
        super.init(place: place, measuresTime: measuresTime, faults: faults, keepsExemplars: keepsExemplars)
    }

    deinit {
        cells.deallocate()
        ThreadStripes.uninstall(from: stripes, stride: stride)
    }

    // MARK: Measuring

    override func record(_ value: Int64) {
        guard !measuresTime, value.magnitude < Limits.wholeMeasurement else { return record(Double(value)) }
        let isExemplarWanted = exemplars.isWanted
        let bucket = bounds.bucket(of: Double(value))
        add(UInt64(bitPattern: value), bucket: bucket)
        if isExemplarWanted { exemplars.offer(Double(value), bucket: bucket) }
    }

    override func record(_ value: Double) {
        guard value.isFinite else { return faults.countIgnored() }
        // Asked first: behind an atomic addition even a read has to wait for it.
        let isExemplarWanted = exemplars.isWanted
        let bucket = bounds.bucket(of: value)
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: stride) {
            let own = stripes.own
            own[bucket].wrappingAdd(1, ordering: .relaxed)
            own[words &- 1].add(value)
        } else {
            cells[bucket].wrappingAdd(1, ordering: .relaxed)
            if !cells[words &- 1].add(value) { ThreadStripes.install(in: stripes, stride: stride) }
        }
        if isExemplarWanted { exemplars.offer(value, bucket: bucket) }
    }

    override func recordNanoseconds(_ duration: Int64) {
        guard duration >= 0 else { return faults.countIgnored() }
        guard measuresTime, duration < Limits.wholeNanoseconds else {
            return record(Double(duration) / 1_000_000_000)
        }
        let isExemplarWanted = exemplars.isWanted
        let bucket = bounds.bucket(ofNanoseconds: duration)
        add(UInt64(duration), bucket: bucket)
        if isExemplarWanted { exemplars.offer(Double(duration) / 1_000_000_000, bucket: bucket) }
    }

    @inline(__always)
    private func add(_ amount: UInt64, bucket: Int) {
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: stride) {
            let own = stripes.own
            own[bucket].wrappingAdd(1, ordering: .relaxed)
            if own[words &- 2].addWhole(amount) { spill(own[words &- 2], to: own[words &- 1]) }
        } else {
            cells[bucket].wrappingAdd(1, ordering: .relaxed)
            var isLarge = false
            if !cells[words &- 2].addAlone(amount, isLarge: &isLarge) {
                ThreadStripes.install(in: stripes, stride: stride)
            }
            if isLarge { spill(cells[words &- 2], to: cells[words &- 1]) }
        }
    }

    // MARK: Reading

    /// Measurements in one bucket.
    private func count(_ bucket: Int) -> UInt64 {
        var count = cells[bucket].load(ordering: .relaxed)
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: stride) {
            for index in 0..<ThreadStripes.count { count &+= stripes[index][bucket].load(ordering: .relaxed) }
        }
        return count
    }

    /// The whole part of the sum (nanoseconds, or the measurements' unit) and the rest.
    private var sum: (whole: Int64, rest: Double) {
        var whole = cells[words - 2].load(ordering: .relaxed)
        var rest = cells[words - 1].double
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: stride) {
            for index in 0..<ThreadStripes.count {
                whole &+= stripes[index][words - 2].load(ordering: .relaxed)
                rest += stripes[index][words - 1].double
            }
        }
        return (Int64(bitPattern: whole), rest)
    }

    /// Counts per bucket, not cumulative, the last one for +Inf; and the sum of all values. Measurements that are being
    /// taken meanwhile may be in one and not yet in the other.
    override var point: MetricPoint {
        let (whole, rest) = sum
        return .histogram(
            HistogramPoint(
                bounds: bounds.values, counts: (0...bounds.values.count).map(count),
                sum: (measuresTime ? Double(whole) / 1e9 : Double(whole)) + rest, exemplars: exemplars.all))
    }

    override func write(to sink: inout PrometheusSink, format: PrometheusFormat) {
        var cumulative: UInt64 = 0
        for index in 0...bounds.values.count {
            cumulative &+= count(index)
            writeBucket(bounds.tail(index, format), to: &sink)
            sink.append(cumulative)
            if format.isOpenMetrics, let exemplar = exemplars.newest(bucket: index) { sink.append(exemplar) }
            sink.append(byte: UInt8(ascii: "\n"))
        }
        writePart("_sum", to: &sink)
        let (whole, rest) = sum
        if measuresTime, rest == 0, whole >= 0 {
            sink.append(secondsOf: UInt64(whole))
        } else {
            sink.append((measuresTime ? Double(whole) / 1e9 : Double(whole)) + rest)
        }
        sink.append(byte: UInt8(ascii: "\n"))
        writePart("_count", to: &sink)
        sink.append(cumulative)
        sink.append(byte: UInt8(ascii: "\n"))
    }
}

extension MetricSeries {
    /// `name_bucket{labels,` and `tail`.
    func writeBucket(_ tail: [UInt8], to sink: inout PrometheusSink) {
        sink.append(padded: text.start, nameLength)
        sink.append("_bucket{")
        if text.count > nameLength + 1 {
            // Without the `} ` that ends the labels.
            sink.append(padded: text.start + nameLength + 1, text.count - nameLength - 3)
            sink.append(byte: UInt8(ascii: ","))
        }
        sink.append(tail)
    }

    /// The name with a suffix, and the labels.
    func writePart(_ suffix: StaticString, to sink: inout PrometheusSink) {
        sink.append(padded: text.start, nameLength)
        sink.append(suffix)
        sink.append(padded: text.start + nameLength, text.count - nameLength)
    }
}
