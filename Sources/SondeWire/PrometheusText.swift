// SPDX-License-Identifier: Apache-2.0
// The two text formats that Prometheus scrapes: its own 0.0.4 and OpenMetrics 1.0.0, as an append-only writer.
//
//   # HELP name text                      # HELP name text
//   # TYPE name_total counter             # TYPE name counter
//   name_total{label="value"} 1           name_total{label="value"} 1
//                                         # EOF
//
// https://prometheus.io/docs/instrumenting/exposition_formats/
// https://prometheus.io/docs/specs/om/open_metrics_spec/

/// Writes families and their samples. Families and series come out in the order in which they are written.
package struct PrometheusText: Sendable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram, info
    }

    package let format: PrometheusFormat
    package private(set) var bytes: [UInt8]

    package init(format: PrometheusFormat, reservingCapacity capacity: Int = 4_096) {
        self.format = format
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Goes on behind families that somebody else has written.
    package init(format: PrometheusFormat, following bytes: [UInt8]) {
        self.format = format
        self.bytes = bytes
    }

    /// The lines that begin a family.
    package static func header(
        _ name: String, kind: Kind, help: String, unit: String?, format: PrometheusFormat
    ) -> [UInt8] {
        var text = PrometheusText(format: format, reservingCapacity: 256)
        text.family(name, kind: kind, help: help, unit: unit)
        return text.bytes
    }

    /// Begins a family. `name` is the name of its samples: a counter's ends in `_total`, an info's in `_info`.
    package mutating func family(_ name: String, kind: Kind, help: String, unit: String? = nil) {
        let family = Self.familyName(name, kind: kind, format: format)
        append("# HELP ", family, " ")
        appendHelp(help)
        append("\n# TYPE ", family, " ", format == .text && kind == .info ? "gauge" : kind.rawValue, "\n")
        if format.isOpenMetrics, let unit, family.hasSuffix("_" + unit) { append("# UNIT ", family, " ", unit, "\n") }
    }

    /// One sample. `labels` is what ``labels(_:reserved:)`` rendered, or empty.
    package mutating func sample(_ name: String, labels: String, value: Double) {
        append(name)
        appendBraced(labels)
        append(value)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// One sample with a whole number, exact beyond 2^53.
    package mutating func sample(_ name: String, labels: String, value: UInt64) {
        append(name)
        appendBraced(labels)
        append(value)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A bucket of a histogram; `bound` is what ``boundText(_:)`` rendered.
    package mutating func bucket(
        _ name: String, labels: String, bound: String, cumulativeCount: UInt64, exemplar: Exemplar? = nil
    ) {
        append(name, "_bucket{", labels)
        append(labels.isEmpty ? "le=\"" : ",le=\"")
        append(bound, "\"} ")
        append(cumulativeCount)
        if format.isOpenMetrics, let exemplar { append(exemplar) }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Ends the exposition and returns it.
    package mutating func finish() -> [UInt8] {
        if format.isOpenMetrics { append("# EOF\n") }
        return bytes
    }

    /// The text of a bucket's upper bound: OpenMetrics wants `1.0` where the older format has `1`.
    package func boundText(_ bound: Double) -> String {
        let text = Self.text(bound)
        guard format.isOpenMetrics, bound.isFinite, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2D })
        else { return text }
        return text + ".0"
    }

    /// A number as both formats write it.
    package static func text(_ value: Double) -> String {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    /// What the header calls the family of these samples: OpenMetrics leaves out `_total` and `_info`. Never empty.
    package static func familyName(_ name: String, kind: Kind, format: PrometheusFormat) -> String {
        guard format.isOpenMetrics else { return name }
        let suffix =
            switch kind {
            case .counter: "_total"
            case .info: "_info"
            case .gauge, .histogram: ""
            }
        guard name.hasSuffix(suffix) else { return name }
        let stem = name.dropLast(suffix.utf8.count)
        return stem.isEmpty ? "_" : String(stem)
    }

    private mutating func append(_ exemplar: Exemplar) {
        append(" # {trace_id=\"", exemplar.traceID, "\",span_id=\"", exemplar.spanID)
        append("\"} ")
        append(exemplar.value)
        append(" ")
        append("\(exemplar.seconds)")
    }

    private mutating func appendBraced(_ labels: String) {
        if labels.isEmpty {
            bytes.append(UInt8(ascii: " "))
        } else {
            append("{", labels, "} ")
        }
    }

    private mutating func append(_ a: String, _ b: String = "", _ c: String = "", _ d: String = "", _ e: String = "") {
        bytes.append(contentsOf: a.utf8)
        bytes.append(contentsOf: b.utf8)
        bytes.append(contentsOf: c.utf8)
        bytes.append(contentsOf: d.utf8)
        bytes.append(contentsOf: e.utf8)
    }

    private mutating func append(_ value: Double) {
        if value >= 0, value < 9_007_199_254_740_992, value == value.rounded(.towardZero) {
            append(UInt64(value))
        } else {
            append(Self.text(value))
        }
    }

    private mutating func append(_ value: UInt64) {
        var rest = value
        let start = bytes.count
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: rest % 10) + 0x30)
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func appendHelp(_ help: String) {
        for byte in help.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\""): append(format.isOpenMetrics ? "\\\"" : "\"")
            default: bytes.append(byte)
            }
        }
    }
}

extension PrometheusText {
    /// One observation with the span in which it was made; only OpenMetrics shows it.
    package struct Exemplar: Hashable, Sendable {
        package var traceID: String
        package var spanID: String
        package var value: Double
        /// Seconds since 1970.
        package var seconds: Double

        package init(traceID: String, spanID: String, value: Double, seconds: Double) {
            self.traceID = traceID
            self.spanID = spanID
            self.value = value
            self.seconds = seconds
        }
    }
}
