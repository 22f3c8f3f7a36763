// SPDX-License-Identifier: Apache-2.0
// Prometheus's protobuf exposition: MetricFamily messages, each with its length before it. The one format in which
// Prometheus takes native histograms.
//
//   MetricFamily { 1 name, 2 help, 3 type, 4 metric…, 5 unit }
//   Metric       { 1 label…, 2 gauge | 3 counter | 7 histogram }
//   Histogram    { 1 count, 2 sum, 3 bucket…, 5 schema, 6 zero threshold, 7 zero count,
//                  9/10 negative spans/deltas, 12/13 positive spans/deltas, 16 exemplars }
//
// https://prometheus.io/docs/instrumenting/exposition_formats/#protobuf-format
// https://prometheus.io/docs/specs/native_histograms/#data-model

import SondeModel

/// Writes families one after the other.
package struct PrometheusProtobuf {
    package private(set) var bytes: [UInt8] = []
    private var family = ProtobufWriter(reservingCapacity: 4_096)

    package init() {}

    package mutating func append(_ points: MetricFamilyPoints) {
        family.bytes.removeAll(keepingCapacity: true)
        family.string(points.name, field: 1)
        family.string(points.help, field: 2)
        family.varint(Self.type(points.kind), field: 3)
        for series in points.series {
            family.message(field: 4) { metric in
                for label in series.labels { Self.write(label, field: 1, to: &metric) }
                Self.write(series.point, points.kind, to: &metric)
            }
        }
        if let unit = points.unit { family.string(unit, field: 5) }
        var length = ProtobufWriter()
        length.rawVarint(UInt64(family.bytes.count))
        bytes += length.bytes
        bytes += family.bytes
    }

    private static func type(_ kind: PrometheusText.Kind) -> UInt64 {
        switch kind {
        case .counter: 0
        case .gauge, .info: 1
        case .histogram: 4
        }
    }

    private static func write(_ label: (name: String, value: String), field: Int, to writer: inout ProtobufWriter) {
        writer.message(field: field) { pair in
            pair.string(label.name, field: 1)
            pair.string(label.value, field: 2)
        }
    }

    private static func write(_ point: MetricPoint, _ kind: PrometheusText.Kind, to metric: inout ProtobufWriter) {
        switch point {
        case .whole(let value, let exemplar): write(Double(value), exemplar, kind, to: &metric)
        case .number(let value, let exemplar): write(value, exemplar, kind, to: &metric)
        case .histogram(let histogram): metric.message(field: 7) { write(histogram, to: &$0) }
        case .exponential(let histogram): metric.message(field: 7) { write(histogram, to: &$0) }
        }
    }

    private static func write(
        _ value: Double, _ exemplar: MetricExemplar?, _ kind: PrometheusText.Kind, to metric: inout ProtobufWriter
    ) {
        metric.message(field: kind == .counter ? 3 : 2) { message in
            message.fixed64(value.bitPattern, field: 1)
            if kind == .counter, let exemplar { write(exemplar, field: 2, to: &message) }
        }
    }

    private static func write(_ histogram: HistogramPoint, to message: inout ProtobufWriter) {
        message.varint(histogram.count, field: 1)
        message.fixed64(histogram.sum.bitPattern, field: 2)
        var cumulative: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            cumulative &+= count
            let bound = index < histogram.bounds.count ? histogram.bounds[index] : .infinity
            let exemplar = histogram.exemplars.first { $0.bucket == index }?.exemplar
            write(bound, cumulative, exemplar, to: &message)
        }
    }

    private static func write(
        _ bound: Double, _ cumulative: UInt64, _ exemplar: MetricExemplar?, to message: inout ProtobufWriter
    ) {
        message.message(field: 3) { bucket in
            bucket.varint(cumulative, field: 1)
            bucket.fixed64(bound.bitPattern, field: 2)
            if let exemplar { write(exemplar, field: 3, to: &bucket) }
        }
    }

    private static func write(_ histogram: ExponentialPoint, to message: inout ProtobufWriter) {
        message.varint(histogram.count, field: 1)
        message.fixed64(histogram.sum.bitPattern, field: 2)
        // Prometheus before 2.50 looks for exemplars in the classic buckets alone.
        if let newest = histogram.exemplars.max(by: { $0.nanoseconds < $1.nanoseconds }) {
            write(.infinity, histogram.count, newest, to: &message)
        }
        message.varint(zigzag(Int64(histogram.schema)), field: 5)
        message.fixed64(histogram.zeroThreshold.bitPattern, field: 6)
        message.varint(histogram.zeroCount, field: 7)
        write(histogram.negative, spans: 9, deltas: 10, to: &message)
        write(histogram.positive, spans: 12, deltas: 13, to: &message)
        if histogram.positive.counts.isEmpty, histogram.negative.counts.isEmpty, histogram.zeroCount == 0 {
            // An empty span tells that it is a native histogram although it has no buckets yet.
            message.message(field: 12) { span in
                span.varint(0, field: 1)
                span.varint(0, field: 2)
            }
        }
        for exemplar in histogram.exemplars { write(exemplar, field: 16, to: &message) }
    }

    /// Buckets in a row become spans, without long runs of empty ones; counts become differences to the one before.
    private static func write(
        _ counts: ExponentialCounts, spans: Int, deltas: Int, to message: inout ProtobufWriter
    ) {
        let runs = runs(of: counts.counts)
        var end = 0
        for (place, run) in runs.enumerated() {
            let offset = place == 0 ? counts.low + run.lowerBound : run.lowerBound - end
            message.message(field: spans) { span in
                span.varint(zigzag(Int64(offset)), field: 1)
                span.varint(UInt64(run.count), field: 2)
            }
            end = run.upperBound
        }
        var before: Int64 = 0
        for run in runs {
            for count in counts.counts[run] {
                let count = Int64(truncatingIfNeeded: count)
                message.varint(zigzag(count &- before), field: deltas)
                before = count
            }
        }
    }

    /// Ranges of places that leave out more than two empty ones in a row.
    private static func runs(of counts: [UInt64]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for (place, count) in counts.enumerated() where count > 0 {
            if let last = runs.last, place - last.upperBound <= 2 {
                runs[runs.count - 1] = last.lowerBound..<(place + 1)
            } else {
                runs.append(place..<(place + 1))
            }
        }
        return runs
    }

    private static func write(_ exemplar: MetricExemplar, field: Int, to writer: inout ProtobufWriter) {
        writer.message(field: field) { message in
            write(("trace_id", exemplar.traceID.hex), field: 1, to: &message)
            write(("span_id", exemplar.spanID.hex), field: 1, to: &message)
            message.fixed64(exemplar.value.bitPattern, field: 2)
            message.message(field: 3) { time in
                time.varint(exemplar.nanoseconds / 1_000_000_000, field: 1)
                time.varint(exemplar.nanoseconds % 1_000_000_000, field: 2)
            }
        }
    }

    private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
}
