// SPDX-License-Identifier: Apache-2.0
// The headers in which Zipkin's and Jaeger's instrumentation, and parents of processes, carry a span's identity.
//
//   b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90     trace-span[-sampled[-parent]]
//   X-B3-TraceId, X-B3-SpanId, X-B3-ParentSpanId, X-B3-Sampled (1 or 0), X-B3-Flags (1: debug)
//   uber-trace-id: 80f198ee56343ba8:e457b5a2e4d86bd1:0:1                         trace:span:parent:flags (bit 0 sampled)
//
// Trace ids of 64 bits are padded with zeros on the left. An absent decision leaves the trace unsampled, as W3C's flags
// can't say "undecided".
//
// https://github.com/openzipkin/b3-propagation
// https://www.jaegertracing.io/docs/1.76/sdk-migration/#propagation-format
// https://opentelemetry.io/docs/specs/otel/context/env-carriers/

import SondeModel

/// Zipkin's headers. Who receives names in another case must make them equal first; HTTP does.
package enum B3 {
    package static let singleHeader = "b3"
    package static let traceIDHeader = "X-B3-TraceId"
    package static let spanIDHeader = "X-B3-SpanId"
    package static let sampledHeader = "X-B3-Sampled"
    package static let flagsHeader = "X-B3-Flags"

    /// Reads the single header; nil if it names no span. "0" alone, which only says "do not sample", names none.
    package static func parse(_ header: some StringProtocol) -> TraceParent? {
        let parts = TraceState.trimmed(Substring(header)).split(separator: "-", omittingEmptySubsequences: false)
        guard (2...4).contains(parts.count) else { return nil }
        if parts.count == 4, SpanID(hex: parts[3]) == nil { return nil }
        let isSampled: Bool
        switch parts.count > 2 ? parts[2] : "" {
        case "1", "d", "true": isSampled = true
        case "0", "", "false": isSampled = false
        default: return nil
        }
        return parent(trace: parts[0], span: parts[1], isSampled: isSampled)
    }

    /// Reads the headers that `header` knows by name.
    package static func parse(header: (String) -> String?) -> TraceParent? {
        guard let trace = header(traceIDHeader), let span = header(spanIDHeader) else { return nil }
        let sampled = header(sampledHeader)
        let isDebug = header(flagsHeader) == "1"
        return parent(
            trace: TraceState.trimmed(Substring(trace)), span: TraceState.trimmed(Substring(span)),
            isSampled: isDebug || sampled == "1" || sampled == "true")
    }

    package static func single(_ parent: TraceParent) -> String {
        "\(parent.traceID.hex)-\(parent.spanID.hex)-\(decision(parent))"
    }

    package static func multi(_ parent: TraceParent) -> [(name: String, value: String)] {
        [
            (traceIDHeader, parent.traceID.hex), (spanIDHeader, parent.spanID.hex), (sampledHeader, decision(parent)),
        ]
    }

    private static func decision(_ parent: TraceParent) -> String { parent.flags.contains(.sampled) ? "1" : "0" }

    private static func parent(trace: Substring, span: Substring, isSampled: Bool) -> TraceParent? {
        guard trace.utf8.count == 16 || trace.utf8.count == 32, let traceID = TraceID(padding: trace),
            let spanID = SpanID(hex: span), traceID.isValid, spanID.isValid
        else { return nil }
        return TraceParent(traceID: traceID, spanID: spanID, flags: isSampled ? .sampled : [])
    }
}

/// Jaeger's header.
package enum JaegerHeader {
    package static let name = "uber-trace-id"

    /// Reads the header, percent-encoded as Jaeger's clients may send it; ids may lack leading zeros.
    package static func parse(_ header: some StringProtocol) -> TraceParent? {
        let text = PercentEncoding.decoded(TraceState.trimmed(Substring(header)))
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, let traceID = TraceID(padding: parts[0]), traceID.isValid,
            (1...16).contains(parts[1].utf8.count), let span = Hex.value(of: parts[1].utf8), span != 0,
            (1...2).contains(parts[3].utf8.count), let flags = Hex.value(of: parts[3].utf8)
        else { return nil }
        return TraceParent(traceID: traceID, spanID: SpanID(span), flags: flags & 1 == 1 ? .sampled : [])
    }

    package static func text(_ parent: TraceParent) -> String {
        "\(parent.traceID.hex):\(parent.spanID.hex):0:\(parent.flags.contains(.sampled) ? "1" : "0")"
    }
}

/// Names of headers as names of environment variables.
package enum EnvironmentNames {
    /// `traceparent` → `TRACEPARENT`, `X-B3-TraceId` → `X_B3_TRACEID`.
    package static func variable(for key: String) -> String {
        String(
            decoding: key.utf8.map { byte -> UInt8 in
                switch byte {
                case 0x61...0x7A: byte - 0x20
                case 0x41...0x5A, 0x30...0x39: byte
                default: UInt8(ascii: "_")
                }
            }, as: UTF8.self)
    }
}
