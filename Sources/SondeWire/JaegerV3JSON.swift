// SPDX-License-Identifier: Apache-2.0
// Answers in the JSON of Jaeger's third query API: OTLP inside a `result`, ids in hex, no envelope.
//
// https://github.com/jaegertracing/jaeger-idl/blob/main/proto/api_v3/query_service.proto

package import SondeModel

package enum JaegerV3JSON {
    package static func services(_ names: [String]) -> [UInt8] {
        NativeJSON.object { json in
            json.key("services")
            json.array(names) { $0.string($1) }
        }
    }

    /// A span of no kind counts as internal here.
    package static func operations(_ operations: [OperationSummary]) -> [UInt8] {
        NativeJSON.object { json in
            json.key("operations")
            json.array(operations) { json, operation in
                json.beginObject()
                json.member("name", JaegerNames.operation(operation.name))
                json.member("spanKind", (operation.kind == .unspecified ? .internal : operation.kind).name)
                json.endObject()
            }
        }
    }

    /// The body of every refusal.
    package static func error(code: Int, message: String) -> [UInt8] {
        NativeJSON.object { json in
            json.key("error")
            json.beginObject()
            json.member("httpCode", code)
            json.member("message", message)
            json.endObject()
        }
    }

    /// Traces one after the other in a single `result`.
    package struct Result: Sendable {
        private var bytes = Array(#"{"result":{"resourceSpans":["#.utf8)
        private var isEmpty = true

        package init() {}

        /// The length of the answer so far.
        package var byteCount: Int { bytes.count }

        /// - Parameter adjustments: nanoseconds by which each span is shown later than its sender said; none if empty.
        package mutating func append(_ trace: Trace, adjustments: [Int64] = []) {
            // `{"resourceSpans":[…]}`; what is between the brackets is taken over.
            let message = OTLPJSON.traces(Self.shown(trace, adjustments))
            let envelopes = message.dropFirst(#"{"resourceSpans":["#.utf8.count).dropLast("]}".utf8.count)
            guard !envelopes.isEmpty else { return }
            if !isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: envelopes)
            isEmpty = false
        }

        /// Jaeger tells of what it did to a span in an attribute of this name.
        private static func shown(_ trace: Trace, _ adjustments: [Int64]) -> [SpanRecord] {
            guard adjustments.contains(where: { $0 != 0 }) else { return trace.spans }
            return zip(trace.spans, adjustments).map { span, adjustment in
                guard adjustment != 0 else { return span }
                var moved = span.moved(byNanoseconds: adjustment)
                let warning = AttributeValue.string(SpanRecord.adjustmentWarning(adjustment))
                moved.attributes.append(Attribute("@jaeger@warnings", .array([warning])))
                return moved
            }
        }

        package consuming func finished() -> [UInt8] {
            bytes.append(contentsOf: "]}}".utf8)
            return bytes
        }
    }

    /// What a list of traces shows of one.
    package struct Summary: Hashable, Sendable {
        package var trace: TraceSummary
        /// Spans whose parent has not arrived.
        package var orphanSpanCount: Int

        package init(_ trace: TraceSummary, orphanSpanCount: Int) {
            self.trace = trace
            self.orphanSpanCount = orphanSpanCount
        }
    }

    package static func summaries(_ summaries: [Summary]) -> [UInt8] {
        NativeJSON.object { json in
            json.key("summaries")
            json.array(summaries) { $0.jaegerSummary($1) }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func jaegerSummary(_ summary: JaegerV3JSON.Summary) {
        let trace = summary.trace
        let (end, overflow) = trace.start.nanoseconds.addingReportingOverflow(trace.durationNanoseconds)
        beginObject()
        key("traceId")
        id(trace.traceID)
        member("rootServiceName", JaegerNames.service(trace.rootService))
        member("rootOperationName", JaegerNames.operation(trace.rootOperation))
        key("minStartTimeUnixNano")
        quoted { $0.appendDecimal(trace.start.nanoseconds) }
        key("maxEndTimeUnixNano")
        quoted { $0.appendDecimal(overflow ? .max : end) }
        member("spanCount", trace.spanCount)
        member("errorSpanCount", trace.errorCount)
        member("orphanSpanCount", summary.orphanSpanCount)
        key("services")
        array(trace.services) { json, service in
            json.beginObject()
            json.member("name", JaegerNames.service(service.name))
            json.member("spanCount", service.spanCount)
            json.member("errorSpanCount", service.errorCount)
            json.endObject()
        }
        endObject()
    }
}
