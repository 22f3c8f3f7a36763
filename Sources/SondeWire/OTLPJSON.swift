// SPDX-License-Identifier: Apache-2.0
// Records as OTLP's JSON encoding: lowerCamelCase names, ids in hex, enumerations as integers, 64-bit integers as
// strings, other bytes in base64, defaults left out. Fields that this version does not know have no place in it.
//
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

package import SondeModel

package enum OTLPJSON {
    /// A `TracesData` message. Order is kept; neighbours of equal resource and scope share an envelope.
    package static func traces(_ spans: [SpanRecord]) -> [UInt8] {
        let names = Names(resources: "resourceSpans", scopes: "scopeSpans", items: "spans")
        return envelopes(spans, names, resource: \.resource, scope: \.scope) { $0.otlp($1) }
    }

    /// A `LogsData` message, grouped in the same way.
    package static func logs(_ logs: [LogRecord]) -> [UInt8] {
        let names = Names(resources: "resourceLogs", scopes: "scopeLogs", items: "logRecords")
        return envelopes(logs, names, resource: \.resource, scope: \.scope) { $0.otlp($1) }
    }

    private struct Names {
        var resources: String
        var scopes: String
        var items: String
    }

    private static func envelopes<Record>(
        _ records: [Record], _ names: Names, resource: (Record) -> Resource,
        scope: (Record) -> InstrumentationScope, _ write: (inout JSONWriter, Record) -> Void
    ) -> [UInt8] {
        NativeJSON.object { json in
            json.key(names.resources)
            json.array(runs(records[...], resource)) { json, shared in
                guard let first = shared.first else { return }
                json.beginObject()
                json.otlp(resource(first))
                json.key(names.scopes)
                json.array(runs(shared, scope)) { json, items in
                    guard let first = items.first else { return }
                    json.beginObject()
                    json.otlp(scope(first))
                    json.key(names.items)
                    json.array(Array(items), write)
                    json.memberIfPresent("schemaUrl", scope(first).schemaURL)
                    json.endObject()
                }
                json.memberIfPresent("schemaUrl", resource(first).schemaURL)
                json.endObject()
            }
        }
    }

    /// Stretches of neighbours that are equal in `part`.
    private static func runs<Record>(
        _ records: ArraySlice<Record>, _ part: (Record) -> some Equatable
    ) -> [ArraySlice<Record>] {
        var runs: [ArraySlice<Record>] = []
        var rest = records
        while let first = rest.first {
            let run = rest.prefix { part($0) == part(first) }
            runs.append(run)
            rest = rest.dropFirst(run.count)
        }
        return runs
    }
}

extension JSONWriter {
    fileprivate mutating func otlp(_ resource: Resource) {
        key("resource")
        beginObject()
        otlp(resource.attributes)
        memberIfPresent("droppedAttributesCount", resource.droppedAttributesCount)
        endObject()
    }

    fileprivate mutating func otlp(_ scope: InstrumentationScope) {
        key("scope")
        beginObject()
        memberIfPresent("name", scope.name)
        memberIfPresent("version", scope.version)
        otlp(scope.attributes)
        memberIfPresent("droppedAttributesCount", scope.droppedAttributesCount)
        endObject()
    }

    fileprivate mutating func otlp(_ span: SpanRecord) {
        beginObject()
        otlp(span.traceID, span.spanID)
        memberIfPresent("traceState", span.traceState)
        if span.parentSpanID.isValid {
            key("parentSpanId")
            id(span.parentSpanID)
        }
        memberIfPresent("flags", span.flags)
        memberIfPresent("name", span.name)
        memberIfPresent("kind", UInt32(span.kind.rawValue))
        otlp("startTimeUnixNano", span.start)
        otlp("endTimeUnixNano", span.end)
        otlp(span.attributes)
        memberIfPresent("droppedAttributesCount", span.droppedAttributesCount)
        if !span.events.isEmpty {
            key("events")
            array(span.events) { $0.otlp($1) }
        }
        memberIfPresent("droppedEventsCount", span.droppedEventsCount)
        if !span.links.isEmpty {
            key("links")
            array(span.links) { $0.otlp($1) }
        }
        memberIfPresent("droppedLinksCount", span.droppedLinksCount)
        key("status")
        beginObject()
        memberIfPresent("message", span.status.message)
        memberIfPresent("code", UInt32(span.status.code.rawValue))
        endObject()
        endObject()
    }

    private mutating func otlp(_ event: SpanEvent) {
        beginObject()
        otlp("timeUnixNano", event.time)
        memberIfPresent("name", event.name)
        otlp(event.attributes)
        memberIfPresent("droppedAttributesCount", event.droppedAttributesCount)
        endObject()
    }

    private mutating func otlp(_ link: SpanLink) {
        beginObject()
        otlp(link.traceID, link.spanID)
        memberIfPresent("traceState", link.traceState)
        otlp(link.attributes)
        memberIfPresent("droppedAttributesCount", link.droppedAttributesCount)
        memberIfPresent("flags", link.flags)
        endObject()
    }

    fileprivate mutating func otlp(_ log: LogRecord) {
        beginObject()
        otlp("timeUnixNano", log.time)
        otlp("observedTimeUnixNano", log.observedTime)
        memberIfPresent("severityNumber", UInt32(log.severityNumber))
        memberIfPresent("severityText", log.severityText)
        if log.body != .empty {
            key("body")
            otlp(log.body)
        }
        otlp(log.attributes)
        memberIfPresent("droppedAttributesCount", log.droppedAttributesCount)
        memberIfPresent("flags", log.flags)
        otlp(log.traceID, log.spanID)
        memberIfPresent("eventName", log.eventName)
        endObject()
    }

    private mutating func otlp(_ trace: TraceID, _ span: SpanID) {
        if trace.isValid {
            key("traceId")
            id(trace)
        }
        if span.isValid {
            key("spanId")
            id(span)
        }
    }

    private mutating func otlp(_ name: String, _ moment: Timestamp) {
        guard moment != .zero else { return }
        key(name)
        quoted { $0.appendDecimal(moment.nanoseconds) }
    }

    /// The member `attributes`, unless there are none.
    private mutating func otlp(_ attributes: [Attribute]) {
        guard !attributes.isEmpty else { return }
        key("attributes")
        list(attributes)
    }

    /// `KeyValue` messages.
    private mutating func list(_ attributes: [Attribute]) {
        array(attributes) { json, attribute in
            json.beginObject()
            json.member("key", attribute.key)
            json.key("value")
            json.otlp(attribute.value)
            json.endObject()
        }
    }

    /// An `AnyValue` message; a member of its `oneof` is written even where it is the default.
    private mutating func otlp(_ value: AttributeValue) {
        beginObject()
        switch value {
        case .empty: break
        case .string(let text): member("stringValue", text)
        case .bool(let flag): member("boolValue", flag)
        case .int(let number):
            key("intValue")
            quoted { $0.appendDecimal(number) }
        case .double(let number):
            key("doubleValue")
            double(number)
        case .bytes(let bytes):
            key("bytesValue")
            base64(bytes)
        case .array(let values):
            key("arrayValue")
            beginObject()
            key("values")
            array(values) { $0.otlp($1) }
            endObject()
        case .map(let entries):
            key("kvlistValue")
            beginObject()
            key("values")
            list(entries)
            endObject()
        }
        endObject()
    }
}
