// SPDX-License-Identifier: Apache-2.0
// One trace in Jaeger's model. What OTLP has fields for and Jaeger has not becomes tags with well-known names:
//
//   kind ▸ span.kind      status ▸ otel.status_code, error, otel.status_description      trace state ▸ w3c.tracestate
//   scope ▸ otel.scope.name, otel.scope.version      parent ▸ CHILD_OF      link ▸ FOLLOWS_FROM      event ▸ log
//   resource ▸ process, shared by all spans whose resources say the same
//
// https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/

import SondeModel

extension JSONWriter {
    mutating func jaeger(_ trace: Trace, adjustments: [Int64]) {
        var processes = Processes()
        beginObject()
        key("traceID")
        id(trace.id)
        key("spans")
        beginArray()
        for (index, span) in trace.spans.enumerated() {
            let adjustment = adjustments.isEmpty ? 0 : adjustments[index]
            jaeger(
                adjustment == 0 ? span : span.moved(byNanoseconds: adjustment),
                process: processes.number(of: span.resource), adjustment: adjustment)
        }
        endArray()
        key("processes")
        beginObject()
        for (index, attributes) in processes.known.enumerated() {
            key("p\(index + 1)")
            jaegerProcess(Resource(attributes: attributes))
        }
        endObject()
        key("warnings")
        null()
        endObject()
    }

    // MARK: Spans

    private mutating func jaeger(_ span: SpanRecord, process: Int, adjustment: Int64) {
        beginObject()
        key("traceID")
        id(span.traceID)
        key("spanID")
        id(span.spanID)
        // The other flags of W3C mean something else in Jaeger.
        memberIfPresent("flags", span.flags & 1)
        member("operationName", JaegerNames.operation(span.name))
        jaegerReferences(span)
        member("startTime", span.start.nanoseconds / 1000)
        // One that ends before it starts is held to be 1 ns long: in whole microseconds, nothing.
        member("duration", span.durationNanoseconds / 1000)
        key("tags")
        jaegerTags(span)
        key("logs")
        array(span.events) { $0.jaeger($1) }
        member("processID", "p\(process)")
        jaegerWarnings(span, adjustment: adjustment)
        endObject()
    }

    private mutating func jaegerReferences(_ span: SpanRecord) {
        key("references")
        beginArray()
        if span.parentSpanID.isValid { jaegerReference("CHILD_OF", span.traceID, span.parentSpanID) }
        for link in span.links {
            let isChild = link.attributes["opentracing.ref_type"] == .string("child_of")
            jaegerReference(isChild ? "CHILD_OF" : "FOLLOWS_FROM", link.traceID, link.spanID)
        }
        endArray()
    }

    private mutating func jaegerReference(_ type: String, _ trace: TraceID, _ span: SpanID) {
        beginObject()
        member("refType", type)
        key("traceID")
        id(trace)
        key("spanID")
        id(span)
        endObject()
    }

    private mutating func jaegerWarnings(_ span: SpanRecord, adjustment: Int64) {
        var warnings: [String] = []
        if span.isUnfinished {
            warnings.append("the span has not ended")
        } else if span.end < span.start {
            warnings.append("the span ends before it starts; it is shown as 1 ns long")
        }
        if adjustment != 0 { warnings.append(SpanRecord.adjustmentWarning(adjustment)) }
        key("warnings")
        if warnings.isEmpty { null() } else { array(warnings) { $0.string($1) } }
    }

    private mutating func jaeger(_ event: SpanEvent) {
        beginObject()
        member("timestamp", event.time.nanoseconds / 1000)
        key("fields")
        beginArray()
        if !event.name.isEmpty, event.attributes["event"] == nil { jaegerTag("event", event.name) }
        for attribute in event.attributes { jaegerTag(attribute) }
        endArray()
        endObject()
    }

    private mutating func jaegerProcess(_ resource: Resource) {
        beginObject()
        member("serviceName", JaegerNames.service(of: resource))
        key("tags")
        // A service name that is no text named no service; it stays a tag.
        array(resource.attributes.filter { $0.key != "service.name" || !$0.value.isText }) { $0.jaegerTag($1) }
        endObject()
    }

    // MARK: Tags

    private mutating func jaegerTags(_ span: SpanRecord) {
        beginArray()
        if !span.scope.name.isEmpty { jaegerTag("otel.scope.name", span.scope.name) }
        if !span.scope.version.isEmpty { jaegerTag("otel.scope.version", span.scope.version) }
        for attribute in span.attributes { jaegerTag(attribute) }
        if span.kind != .unspecified { jaegerTag("span.kind", span.kind.name) }
        switch span.status.code {
        case .unset: break
        case .ok: jaegerTag("otel.status_code", "OK")
        case .error:
            jaegerTag("otel.status_code", "ERROR")
            jaegerTag(Attribute("error", .bool(true)))
        }
        if !span.status.message.isEmpty { jaegerTag("otel.status_description", span.status.message) }
        if !span.traceState.isEmpty { jaegerTag("w3c.tracestate", span.traceState) }
        endArray()
    }

    private mutating func jaegerTag(_ key: String, _ text: String) { jaegerTag(Attribute(key, .string(text))) }

    private mutating func jaegerTag(_ attribute: Attribute) {
        beginObject()
        member("key", attribute.key)
        switch attribute.value {
        case .bool(let flag):
            member("type", "bool")
            member("value", flag)
        case .int(let number):
            member("type", "int64")
            key("value")
            exact(number)
        case .double(let number):
            member("type", "float64")
            key("value")
            double(number)
        case .bytes(let bytes):
            member("type", "binary")
            key("value")
            base64(bytes)
        case .string, .empty, .array, .map:
            member("type", "string")
            member("value", attribute.value.text)
        }
        endObject()
    }
}

extension AttributeValue {
    fileprivate var isText: Bool {
        if case .string = self { true } else { false }
    }
}

/// The processes of one trace, numbered from 1 in order of appearance.
private struct Processes {
    private(set) var known: [[Attribute]] = []
    private var numbers: [[Attribute]: Int] = [:]
    private var latest: (attributes: [Attribute], number: Int)?

    mutating func number(of resource: Resource) -> Int {
        // Neighbours in a trace mostly share their resource; comparing is cheaper than hashing.
        if let latest, latest.attributes == resource.attributes { return latest.number }
        let number: Int
        if let found = numbers[resource.attributes] {
            number = found
        } else {
            known.append(resource.attributes)
            number = known.count
            numbers[resource.attributes] = number
        }
        latest = (resource.attributes, number)
        return number
    }
}
