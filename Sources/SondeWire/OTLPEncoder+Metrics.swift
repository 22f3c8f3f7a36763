// SPDX-License-Identifier: Apache-2.0
// Metrics as OTLP: cumulative sums, gauges, histograms and exponential histograms.
//
//   Metric { 1 name, 2 description, 3 unit, 5 gauge | 7 sum | 9 histogram | 10 exponential histogram }
//
// https://opentelemetry.io/docs/specs/otel/metrics/data-model/

import SondeModel

extension OTLPEncoder {
    /// When the points of a push began to count and when they were read, nanoseconds since 1970.
    package struct MetricTimes: Sendable {
        package var start: UInt64
        package var now: UInt64

        package init(start: UInt64, now: UInt64) {
            self.start = start
            self.now = now
        }
    }

    /// A `Metric` as an entry of `ScopeMetrics`.
    package static func metric(
        _ family: MetricFamilyPoints, times: MetricTimes, into writer: inout ProtobufWriter
    ) {
        writer.message(field: 2) { metric in
            metric.string(family.label, field: 1)
            metric.string(family.help, field: 2)
            if let unit = family.unit { metric.string(ucum(unit), field: 3) }
            switch family.kind {
            case .gauge where !family.isSum, .info: metric.message(field: 5) { numbers(family, times, into: &$0) }
            case .counter, .gauge:
                metric.message(field: 7) { sum in
                    numbers(family, times, into: &sum)
                    sum.varint(cumulative, field: 2)
                    if family.kind == .counter { sum.varint(1, field: 3) }
                }
            case .histogram: histograms(family, times, into: &metric)
            }
        }
    }

    /// AGGREGATION_TEMPORALITY_CUMULATIVE.
    private static let cumulative: UInt64 = 2

    /// OpenTelemetry writes units as UCUM does.
    private static func ucum(_ unit: String) -> String {
        ["seconds": "s", "milliseconds": "ms", "bytes": "By", "ratio": "1"][unit] ?? "{\(unit)}"
    }

    private static func numbers(
        _ family: MetricFamilyPoints, _ times: MetricTimes, into writer: inout ProtobufWriter
    ) {
        for series in family.series {
            writer.message(field: 1) { point in
                point.fixed64(times.start, field: 2)
                point.fixed64(times.now, field: 3)
                switch series.point {
                case .whole(let value, let exemplar):
                    if let exemplar { self.exemplar(exemplar, field: 5, into: &point) }
                    point.fixed64(UInt64(bitPattern: value), field: 6)
                case .number(let value, let exemplar):
                    point.fixed64(value.bitPattern, field: 4)
                    if let exemplar { self.exemplar(exemplar, field: 5, into: &point) }
                case .histogram, .exponential: break
                }
                labels(series.labels, field: 7, into: &point)
            }
        }
    }

    /// A name has one sort of buckets, unless they were changed while it ran: then the points are of two metrics.
    private static func histograms(
        _ family: MetricFamilyPoints, _ times: MetricTimes, into metric: inout ProtobufWriter
    ) {
        let isExponential = family.series.contains { if case .exponential = $0.point { true } else { false } }
        metric.message(field: isExponential ? 10 : 9) { writer in
            for series in family.series {
                switch series.point {
                case .histogram(let point) where !isExponential:
                    writer.message(field: 1) { histogram(point, series.labels, times, into: &$0) }
                case .exponential(let point):
                    writer.message(field: 1) { exponential(point, series.labels, times, into: &$0) }
                default: continue
                }
            }
            writer.varint(cumulative, field: 2)
        }
    }

    private static func histogram(
        _ point: HistogramPoint, _ labels: [(name: String, value: String)], _ times: MetricTimes,
        into writer: inout ProtobufWriter
    ) {
        writer.fixed64(times.start, field: 2)
        writer.fixed64(times.now, field: 3)
        writer.fixed64(point.count, field: 4)
        writer.fixed64(point.sum.bitPattern, field: 5)
        writer.bytes(point.counts.flatMap(littleEndian), field: 6)
        writer.bytes(point.bounds.flatMap { littleEndian($0.bitPattern) }, field: 7)
        for exemplar in point.exemplars { self.exemplar(exemplar.exemplar, field: 8, into: &writer) }
        self.labels(labels, field: 9, into: &writer)
    }

    private static func exponential(
        _ point: ExponentialPoint, _ labels: [(name: String, value: String)], _ times: MetricTimes,
        into writer: inout ProtobufWriter
    ) {
        self.labels(labels, field: 1, into: &writer)
        writer.fixed64(times.start, field: 2)
        writer.fixed64(times.now, field: 3)
        writer.fixed64(point.count, field: 4)
        writer.fixed64(point.sum.bitPattern, field: 5)
        writer.varint(zigzag(Int64(point.schema)), field: 6)
        writer.fixed64(point.zeroCount, field: 7)
        writer.message(field: 8) { buckets(point.positive, into: &$0) }
        writer.message(field: 9) { buckets(point.negative, into: &$0) }
        for exemplar in point.exemplars { self.exemplar(exemplar, field: 11, into: &writer) }
        writer.fixed64(point.zeroThreshold.bitPattern, field: 14)
    }

    /// OTLP's bucket i is Prometheus's i + 1.
    private static func buckets(_ counts: ExponentialCounts, into writer: inout ProtobufWriter) {
        guard !counts.counts.isEmpty else { return }
        writer.varint(zigzag(Int64(counts.low - 1)), field: 1)
        var packed = ProtobufWriter()
        for count in counts.counts { packed.rawVarint(count) }
        writer.bytes(packed.bytes, field: 2)
    }

    private static func exemplar(_ exemplar: MetricExemplar, field: Int, into writer: inout ProtobufWriter) {
        writer.message(field: field) { message in
            message.fixed64(exemplar.nanoseconds, field: 2)
            message.fixed64(exemplar.value.bitPattern, field: 3)
            message.spanID(exemplar.spanID, field: 4)
            message.traceID(exemplar.traceID, field: 5)
        }
    }

    private static func labels(
        _ labels: [(name: String, value: String)], field: Int, into writer: inout ProtobufWriter
    ) {
        attributes(labels.map { Attribute($0.name, .string($0.value)) }, field: field, into: &writer)
    }

    private static func littleEndian(_ value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
}
