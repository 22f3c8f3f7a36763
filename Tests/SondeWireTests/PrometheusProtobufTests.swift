// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing

@testable import SondeWire

struct PrometheusProtobufTests {
    private static let accept = """
        application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,\
        application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,\
        text/plain;version=0.0.4;q=0.5,*/*;q=0.1
        """

    @Test func isChosenByNameOnly() {
        #expect(PrometheusFormat.preferred(accept: Self.accept) == .protobuf)
        #expect(PrometheusFormat.preferred(accept: "*/*") == .text)
        #expect(PrometheusFormat.preferred(accept: "application/vnd.google.protobuf") == .text)
    }

    @Test(arguments: [
        (nil, false), ("", false), ("gzip", true), ("deflate, gzip;q=1.0, *;q=0.5", true), ("gzip;q=0", false),
        ("*", true), ("*, gzip;q=0", false), ("identity", false), ("GZIP", true), ("x-gzip", true),
    ])
    func knowsWhoTakesGzip(header: String?, takes: Bool) {
        #expect(PrometheusFormat.acceptsGzip(header) == takes)
    }

    private func hex(_ points: MetricFamilyPoints) -> String {
        var protobuf = PrometheusProtobuf()
        protobuf.append(points)
        return protobuf.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func writesACounterWithItsLength() {
        let points = MetricFamilyPoints(
            name: "a_total", label: "a", kind: .counter, help: "A.", unit: nil,
            series: [([("x", "1")], .whole(2, exemplar: nil))])
        // 0a name, 12 help, 18 type, 22 metric { 0a label { 0a name, 12 value }, 1a counter { 09 value } }
        #expect(
            hex(points) == "24" + "0a07615f746f74616c" + "1202412e" + "1800" + "2213" + "0a060a01781201" + "31"
                + "1a09" + "090000000000000040")
    }

    @Test func writesNativeBucketsAsSpansAndDifferences() {
        let point = ExponentialPoint(
            schema: 1, zeroThreshold: 0, zeroCount: 3,
            positive: ExponentialCounts(low: -1, counts: [2, 0, 5, 0, 0, 0, 1]), negative: ExponentialCounts(), sum: 1,
            exemplars: [])
        let points = MetricFamilyPoints(
            name: "h", label: "h", kind: .histogram, help: "", unit: nil, series: [([], .exponential(point))])
        // 12 spans (offset -1, length 3) and (3, 1); deltas +2 -2 +5 -4.
        let expected = "6204" + "0801" + "1003" + "6204" + "0806" + "1001" + "6804" + "6803" + "680a" + "6807"
        #expect(hex(points).hasSuffix(expected), "\(hex(points))")
    }

    @Test func marksAnEmptyNativeHistogramAsOne() {
        let point = ExponentialPoint(
            schema: 8, zeroThreshold: 0, zeroCount: 0, positive: ExponentialCounts(), negative: ExponentialCounts(),
            sum: 0, exemplars: [])
        let points = MetricFamilyPoints(
            name: "h", label: "h", kind: .histogram, help: "", unit: nil, series: [([], .exponential(point))])
        #expect(hex(points).hasSuffix("620408001000"))
    }
}
