// SPDX-License-Identifier: Apache-2.0
// Which format a scraper gets, by its Accept header.
//
// https://prometheus.io/docs/instrumenting/content_negotiation/

/// A format that Prometheus scrapes.
package enum PrometheusFormat: Sendable, CaseIterable {
    case text
    case openMetrics
    case protobuf

    /// Asked for with every sample, where `==` of another module would be a call.
    @inlinable
    @inline(__always)
    package var isOpenMetrics: Bool {
        if case .openMetrics = self { true } else { false }
    }

    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        case .protobuf:
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
        }
    }

    /// The best by the `Accept` header's q-values; of equal ones the one that tells more. OpenMetrics and protobuf must be
    /// asked for by name; whoever accepts nothing of ours still gets text, which tells more than a 406.
    package static func preferred(accept: String?) -> PrometheusFormat {
        guard let accept else { return .text }
        var qualities: [PrometheusFormat: Double] = [:]
        var wildcard = 0.0
        for range in accept.split(separator: ",").map(MediaRange.init) {
            if let format = range.format {
                qualities[format] = max(qualities[format] ?? 0, range.quality)
            } else if range.type == "text/*" || range.type == "*/*" {
                wildcard = max(wildcard, range.quality)
            }
        }
        let plain = qualities[.text].flatMap { $0 > 0 ? $0 : nil } ?? wildcard
        let openMetrics = qualities[.openMetrics] ?? 0
        let protobuf = qualities[.protobuf] ?? 0
        if protobuf > 0, protobuf >= openMetrics, protobuf >= plain { return .protobuf }
        return openMetrics > 0 && openMetrics >= plain ? .openMetrics : .text
    }

    /// Whether `gzip` is among what an `Accept-Encoding` header takes.
    package static func acceptsGzip(_ acceptEncoding: String?) -> Bool {
        guard let acceptEncoding else { return false }
        var isNamed: Bool?
        var isWild = false
        for coding in acceptEncoding.split(separator: ",").map(MediaRange.init) {
            if coding.type == "gzip" || coding.type == "x-gzip" { isNamed = coding.quality > 0 }
            if coding.type == "*" { isWild = coding.quality > 0 }
        }
        return isNamed ?? isWild
    }

    private struct MediaRange {
        var type: String
        var parameters: [String: String] = [:]
        var quality = 1.0

        init(_ text: Substring) {
            let parts = text.split(separator: ";").map { TraceState.trimmed($0) }
            type = parts.first?.lowercased() ?? ""
            for parameter in parts.dropFirst() {
                let pair = parameter.split(separator: "=", maxSplits: 1).map { TraceState.trimmed($0) }
                guard pair.count == 2 else { continue }
                let value = pair[1].filter { $0 != "\"" }
                if pair[0].lowercased() == "q" {
                    quality = Double(value).map { min(max($0, 0), 1) } ?? 0
                } else {
                    parameters[pair[0].lowercased()] = value
                }
            }
        }

        var format: PrometheusFormat? {
            switch (type, parameters["version"]) {
            case ("application/openmetrics-text", nil), ("application/openmetrics-text", "1.0.0"): .openMetrics
            case ("text/plain", nil), ("text/plain", "0.0.4"): .text
            case ("application/vnd.google.protobuf", _)
            where parameters["proto"] == "io.prometheus.client.MetricFamily" && parameters["encoding"] == "delimited":
                .protobuf
            default: nil
            }
        }
    }
}
