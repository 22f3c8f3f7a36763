// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SondeWire

struct PrometheusTextTests {
    static let prometheus = """
        application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,\
        text/plain;version=0.0.4;q=0.4,*/*;q=0.3
        """

    @Test(arguments: [
        (nil, PrometheusFormat.text), ("", .text), ("*/*", .text), ("text/plain", .text), ("image/png", .text),
        (prometheus, .openMetrics), ("application/openmetrics-text", .openMetrics),
        ("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", .openMetrics),
        ("application/openmetrics-text;version=0.0.1", .text), ("application/openmetrics-text;q=0", .text),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.9", .text),
        ("application/openmetrics-text;q=0.2, */*;q=0.9", .text),
        ("APPLICATION/OPENMETRICS-TEXT;Q=0.9,text/plain;q=0.8", .openMetrics),
        ("application/openmetrics-text;q=abc,*/*", .text),
    ])
    func choosesTheFormatByQuality(accept: String?, format: PrometheusFormat) {
        #expect(PrometheusFormat.preferred(accept: accept) == format)
    }

    @Test(arguments: [
        ("http.server.duration", "http_server_duration"), ("5xx", "_5xx"), ("", "_"), ("größe", "gr_e"),
        ("a--b", "a_b"),
        ("a:b", "a_b"), ("a__b", "a__b"), ("ok_name", "ok_name"),
    ])
    func makesNamesFit(raw: String, name: String) {
        #expect(PrometheusText.metricName(raw) == name)
    }

    @Test func sortsAndEscapesLabels() {
        let labels = [("path", "a\"b\\c\nd"), ("code", "200"), ("empty", ""), ("__name__", "x"), ("1st", "y")]
        #expect(PrometheusText.labels(labels) == #"_1st="y",_name__="x",code="200",path="a\"b\\c\nd""#)
    }

    @Test func joinsLabelsWhoseNamesBecomeTheSame() {
        #expect(PrometheusText.labels([("a.b", "2"), ("a-b", "1")]) == #"a_b="1;2""#)
    }

    @Test func keepsReservedLabelsApart() {
        #expect(PrometheusText.labels([("le", "1")], reserved: "le") == #"exported_le="1""#)
    }

    @Test(arguments: [
        (0, "0"), (1, "1"), (-2, "-2"), (0.005, "0.005"), (1e300, "1e+300"),
        (9_007_199_254_740_992, "9007199254740992.0"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func printsNumbers(value: Double, text: String) {
        #expect(PrometheusText.text(value) == text)
    }

    @Test(arguments: [
        ("jobs_total", PrometheusText.Kind.counter, "jobs"), ("_total", .counter, "_"), ("jobs", .counter, "jobs"),
        ("target_info", .info, "target"), ("_info", .info, "_"), ("a_total", .gauge, "a_total"),
        ("a_info", .histogram, "a_info"),
    ])
    func namesTheFamilyOfSamples(name: String, kind: PrometheusText.Kind, family: String) {
        #expect(PrometheusText.familyName(name, kind: kind, format: .openMetrics) == family)
        #expect(PrometheusText.familyName(name, kind: kind, format: .text) == name)
    }

    private func exposition(_ format: PrometheusFormat) -> String {
        var text = PrometheusText(format: format)
        text.family("jobs_total", kind: .counter, help: "Jobs \"done\"\nso far\\ever.")
        text.sample("jobs_total", labels: #"kind="a""#, value: UInt64.max)
        text.family("wait_seconds", kind: .histogram, help: "Waits.", unit: "seconds")
        text.bucket("wait_seconds", labels: "", bound: text.boundText(1), cumulativeCount: 2)
        text.bucket(
            "wait_seconds", labels: "", bound: text.boundText(.infinity), cumulativeCount: 3,
            exemplar: .init(traceID: "4bf9", spanID: "00f0", value: 1.5, seconds: 1_700_000_000.25))
        text.sample("wait_seconds_sum", labels: "", value: 2.5)
        text.sample("wait_seconds_count", labels: "", value: UInt64(3))
        text.family("target_info", kind: .info, help: "Who.")
        text.sample("target_info", labels: #"a="b""#, value: 1.0)
        return String(decoding: text.finish(), as: UTF8.self)
    }

    @Test func writesPrometheusText() {
        #expect(
            exposition(.text) == #"""
                # HELP jobs_total Jobs "done"\nso far\\ever.
                # TYPE jobs_total counter
                jobs_total{kind="a"} 18446744073709551615
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="1"} 2
                wait_seconds_bucket{le="+Inf"} 3
                wait_seconds_sum 2.5
                wait_seconds_count 3
                # HELP target_info Who.
                # TYPE target_info gauge
                target_info{a="b"} 1

                """#)
    }

    @Test func writesOpenMetrics() {
        #expect(
            exposition(.openMetrics) == #"""
                # HELP jobs Jobs \"done\"\nso far\\ever.
                # TYPE jobs counter
                jobs_total{kind="a"} 18446744073709551615
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                # UNIT wait_seconds seconds
                wait_seconds_bucket{le="1.0"} 2
                wait_seconds_bucket{le="+Inf"} 3 # {trace_id="4bf9",span_id="00f0"} 1.5 1700000000.25
                wait_seconds_sum 2.5
                wait_seconds_count 3
                # HELP target Who.
                # TYPE target info
                target_info{a="b"} 1
                # EOF

                """#)
    }
}
