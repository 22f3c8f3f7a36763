// SPDX-License-Identifier: Apache-2.0
// One histogram with explicit buckets: a count per bucket and the sum, without a lock.
//
//   [ bucket 0 | bucket 1 | … | bucket n (+Inf) | sum, whole part | sum, bits of the rest ]
//
// The sum of times is kept in whole nanoseconds and the sum of whole numbers as such: one addition, exact. Only
// fractions are added up as Doubles.

import CoreMetrics
import SondeWire
import Synchronization

/// The value behind a `Timer` (in seconds) and a `Recorder` that aggregates.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler, @unchecked Sendable {
    let bounds: BucketBounds
    /// Whether it measures times, so that the whole part of the sum counts nanoseconds.
    let measuresTime: Bool
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let stripes = Atomic<UInt>(0)
    private let words: Int

    init(
        place: SeriesPlace, bounds: BucketBounds, measuresTime: Bool, faults: MeasurementFaults, keepsExemplars: Bool
    ) {
        self.bounds = bounds
        self.measuresTime = measuresTime
        words = bounds.values.count + 3
        cells = .allocate(capacity: words)
        for index in 0..<words { (cells + index).initialize(to: Atomic(0)) }
        super.init(place: place, faults: faults, keepsExemplars: keepsExemplars)
    }

    deinit {
        cells.deallocate()
        ThreadStripes.uninstall(from: stripes, words: words)
    }

    // MARK: Measuring

    func record(_ value: Int64) {
        guard !measuresTime, value.magnitude < Limits.wholeMeasurement else { return record(Double(value)) }
        add(UInt64(bitPattern: value), bucket: bounds.bucket(of: Double(value)))
        if exemplars.isWanted { exemplars.offer(Double(value), bucket: bounds.bucket(of: Double(value))) }
    }

    func record(_ value: Double) {
        guard value.isFinite else { return faults.countIgnored() }
        let bucket = bounds.bucket(of: value)
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), words: words) {
            let own = stripes.own
            own[bucket].wrappingAdd(1, ordering: .relaxed)
            own[words &- 1].add(value)
        } else {
            cells[bucket].wrappingAdd(1, ordering: .relaxed)
            if !cells[words &- 1].add(value) { ThreadStripes.install(in: stripes, words: words) }
        }
        if exemplars.isWanted { exemplars.offer(value, bucket: bucket) }
    }

    func recordNanoseconds(_ duration: Int64) {
        guard duration >= 0 else { return faults.countIgnored() }
        guard measuresTime else { return record(Double(duration) / 1_000_000_000) }
        let bucket = bounds.bucket(ofNanoseconds: duration)
        add(UInt64(duration), bucket: bucket)
        if exemplars.isWanted { exemplars.offer(Double(duration) / 1_000_000_000, bucket: bucket) }
    }

    @inline(__always)
    private func add(_ amount: UInt64, bucket: Int) {
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), words: words) {
            let own = stripes.own
            own[bucket].wrappingAdd(1, ordering: .relaxed)
            own[words &- 2].wrappingAdd(amount, ordering: .relaxed)
        } else {
            cells[bucket].wrappingAdd(1, ordering: .relaxed)
            if !cells[words &- 2].addAlone(amount) { ThreadStripes.install(in: stripes, words: words) }
        }
    }

    // MARK: Reading

    /// Measurements in one bucket.
    private func count(_ bucket: Int) -> UInt64 {
        var count = cells[bucket].load(ordering: .relaxed)
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), words: words) {
            for index in 0..<ThreadStripes.count { count &+= stripes[index][bucket].load(ordering: .relaxed) }
        }
        return count
    }

    /// The whole part of the sum (nanoseconds, or the measurements' unit) and the rest.
    private var sum: (whole: Int64, rest: Double) {
        var whole = cells[words - 2].load(ordering: .relaxed)
        var rest = cells[words - 1].double
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), words: words) {
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
            if format == .openMetrics, let exemplar = exemplars.newest(bucket: index) { sink.append(exemplar) }
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
