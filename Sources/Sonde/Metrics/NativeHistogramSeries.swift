// SPDX-License-Identifier: Apache-2.0
// One native histogram: exponential buckets that follow the values, without a lock and without bounds to choose.

import CoreMetrics
import SondeWire
import Synchronization

/// The value behind a histogram with exponential buckets. The text formats have no words for its buckets; there it shows
/// count and sum.
final class NativeHistogramSeries: DistributionSeries, @unchecked Sendable {
    /// Values this close to zero are counted as zero; the figure that Prometheus's own libraries use.
    static let zeroThreshold = 0x1p-128
    /// A stripe: the whole part of the sum, the bits of the rest, and the rest of the cache line.
    private static let stride = 8

    private let whole = Atomic<UInt64>(0)
    private let rest = Atomic<UInt64>(0)
    private let zeros = Atomic<UInt64>(0)
    private let stripes = Atomic<UInt>(0)
    private let positive: ExponentialBuckets
    private let negative: ExponentialBuckets
    private static let infinityTail = Array("le=\"+Inf\"} ".utf8)

    init(place: SeriesPlace, schema: Int, measuresTime: Bool, faults: MeasurementFaults, keepsExemplars: Bool) {
        let finest = min(max(schema, ExponentialScale.coarsest), ExponentialScale.finest)
        positive = ExponentialBuckets(finest: finest)
        negative = ExponentialBuckets(finest: finest)
        super.init(place: place, measuresTime: measuresTime, faults: faults, keepsExemplars: keepsExemplars)
    }

    deinit { ThreadStripes.uninstall(from: stripes, stride: Self.stride) }

    // MARK: Measuring

    override func record(_ value: Int64) {
        guard !measuresTime, value.magnitude < Limits.wholeMeasurement else { return record(Double(value)) }
        let isExemplarWanted = exemplars.isWanted
        count(Double(value))
        add(UInt64(bitPattern: value))
        if isExemplarWanted { exemplars.offer(Double(value), bucket: bucket(Double(value))) }
    }

    override func record(_ value: Double) {
        guard value.isFinite else { return faults.countIgnored() }
        let isExemplarWanted = exemplars.isWanted
        count(value)
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: Self.stride) {
            stripes.own[1].add(value)
        } else if !rest.add(value) {
            ThreadStripes.install(in: stripes, stride: Self.stride)
        }
        if isExemplarWanted { exemplars.offer(value, bucket: bucket(value)) }
    }

    override func recordNanoseconds(_ duration: Int64) {
        guard duration >= 0 else { return faults.countIgnored() }
        let seconds = Double(duration) / 1_000_000_000
        guard measuresTime, duration < Limits.wholeNanoseconds else { return record(seconds) }
        let isExemplarWanted = exemplars.isWanted
        count(seconds)
        add(UInt64(duration))
        if isExemplarWanted { exemplars.offer(seconds, bucket: bucket(seconds)) }
    }

    @inline(__always)
    private func count(_ value: Double) {
        if value > Self.zeroThreshold {
            positive.count(ExponentialScale.index(of: value))
        } else if value < -Self.zeroThreshold {
            negative.count(ExponentialScale.index(of: -value))
        } else {
            zeros.wrappingAdd(1, ordering: .relaxed)
        }
    }

    @inline(__always)
    private func add(_ amount: UInt64) {
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: Self.stride) {
            let own = stripes.own
            if own[0].addWhole(amount) { spill(own[0], to: own[1]) }
        } else {
            var isLarge = false
            if !whole.addAlone(amount, isLarge: &isLarge) { ThreadStripes.install(in: stripes, stride: Self.stride) }
            if isLarge { spill(whole, to: rest) }
        }
    }

    /// For exemplars alone: the doubling that the value lies in.
    private func bucket(_ value: Double) -> Int { value == 0 ? 0 : Int(value.magnitude.exponent) }

    // MARK: Reading

    private var sum: Double {
        var sum = whole.load(ordering: .relaxed)
        var fraction = rest.double
        if let stripes = ThreadStripes(stored: stripes.load(ordering: .acquiring), stride: Self.stride) {
            for index in 0..<ThreadStripes.count {
                sum &+= stripes[index][0].load(ordering: .relaxed)
                fraction += stripes[index][1].double
            }
        }
        let exact = Double(Int64(bitPattern: sum))
        return (measuresTime ? exact / 1e9 : exact) + fraction
    }

    var exponential: ExponentialPoint {
        let (above, below) = (positive.counted, negative.counted)
        let schema = min(above?.schema ?? ExponentialScale.finest, below?.schema ?? ExponentialScale.finest)
        return ExponentialPoint(
            schema: schema, zeroThreshold: Self.zeroThreshold, zeroCount: zeros.load(ordering: .relaxed),
            positive: above?.row(at: schema) ?? ExponentialCounts(),
            negative: below?.row(at: schema) ?? ExponentialCounts(), sum: sum,
            exemplars: exemplars.all.map(\.exemplar))
    }

    override var point: MetricPoint { .exponential(exponential) }

    override func write(to sink: inout PrometheusSink, format: PrometheusFormat) {
        let point = exponential
        writeBucket(Self.infinityTail, to: &sink)
        sink.append(point.count)
        if format.isOpenMetrics, let exemplar = point.exemplars.max(by: { $0.nanoseconds < $1.nanoseconds }) {
            sink.append(exemplar)
        }
        sink.append(byte: UInt8(ascii: "\n"))
        writePart("_sum", to: &sink)
        sink.append(point.sum)
        sink.append(byte: UInt8(ascii: "\n"))
        writePart("_count", to: &sink)
        sink.append(point.count)
        sink.append(byte: UInt8(ascii: "\n"))
    }
}
