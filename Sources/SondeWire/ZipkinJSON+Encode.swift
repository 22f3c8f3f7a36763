// SPDX-License-Identifier: Apache-2.0
// Spans as Zipkin's second version in JSON, for tools that read nothing else. What came from Zipkin comes back as it
// was. Zipkin has no place for the rest, which is kept as far as tags can:
//
// | OTLP | Zipkin |
// |---|---|
// | times in nanoseconds | cut to microseconds; a duration of less is 1, one of 0 is left out |
// | kinds INTERNAL and unspecified | no kind |
// | attributes of all types | tags: their text; of one name the last; names with a meaning of their own are left out |
// | resource attributes | tags, unless an attribute of the span has the name |
// | scope | tags `otel.scope.name`, `otel.scope.version`; its attributes are lost |
// | status | tags `otel.status_code`, and `error` with the message (`otel.status_description` where it is no error) |
// | trace state, counts of what was dropped | tags `w3c.tracestate`, `otel.dropped_…_count` |
// | event with attributes | annotation `"name": {"key": value…}` |
// | link | tag `otlp.link.N`: `trace id|span id|trace state|attributes in JSON|dropped attributes` |
// | flags, schema URLs, unknown fields, counts dropped from events and resources | lost |
//
// https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/

package import SondeModel

extension ZipkinJSON {
    /// An array of the spans, in order.
    package static func encode(_ spans: [SpanRecord]) -> [UInt8] {
        var json = JSONWriter(reservingCapacity: spans.count * 512)
        json.beginArray()
        for span in spans { ZipkinForm(span, lowercasesNames: false).write(into: &json) }
        json.endArray()
        return json.bytes
    }

    /// Answers to Zipkin's questions: traces one after the other, written one by one so that only one of them need be in
    /// memory beside the text. Names are in lower case, as Zipkin's own store has them and its clients compare them.
    package struct TraceList: Sendable {
        private var json = JSONWriter(reservingCapacity: 4096)

        package init() { json.beginArray() }

        /// The length of the answer so far.
        package var byteCount: Int { json.bytes.count }

        /// - Returns: false, and a text that is of no use, if the answer would become longer than `limit` bytes: each span
        ///   repeats its resource, so that a trace of a few megabytes may become any length.
        package mutating func append(_ trace: Trace, upTo limit: Int) -> Bool { json.zipkin(trace, upTo: limit) }

        package consuming func finished() -> [UInt8] {
            json.endArray()
            return json.bytes
        }
    }

    /// The spans of one trace, in the same way; nil if they are longer than `limit` bytes.
    package static func trace(_ trace: Trace, upTo limit: Int) -> [UInt8]? {
        var json = JSONWriter(reservingCapacity: trace.spans.count * 512)
        return json.zipkin(trace, upTo: limit) ? json.bytes : nil
    }
}

extension JSONWriter {
    fileprivate mutating func zipkin(_ trace: Trace, upTo limit: Int) -> Bool {
        beginArray()
        for span in trace.spans {
            guard bytes.count <= limit else { return false }
            ZipkinForm(span, lowercasesNames: true).write(into: &self)
        }
        endArray()
        return true
    }
}

/// A span taken apart into what Zipkin has places for.
private struct ZipkinForm {
    private let span: SpanRecord
    private let lowercasesNames: Bool
    private var local = Endpoint()
    private var remote = Endpoint()
    private var isDebug = false
    private var isShared = false
    /// What is left for tags, in order.
    private var tags: [Attribute] = []

    private struct Endpoint {
        var serviceName = ""
        var ipv4 = ""
        var ipv6 = ""
        var port: Int64 = 0

        var isEmpty: Bool { serviceName.isEmpty && ipv4.isEmpty && ipv6.isEmpty && port == 0 }

        /// Takes an address for one of the two places; false if it is none or the place is taken.
        mutating func take(address: AttributeValue) -> Bool {
            guard case .string(let text) = address else { return false }
            if ipv4.isEmpty, IPAddressText.isIPv4(text) {
                ipv4 = text
            } else if ipv6.isEmpty, IPAddressText.isIPv6(text) {
                ipv6 = text
            } else {
                return false
            }
            return true
        }

        mutating func take(port value: AttributeValue) -> Bool {
            guard case .int(let number) = value, (1...65_535).contains(number) else { return false }
            port = number
            return true
        }
    }

    init(_ span: SpanRecord, lowercasesNames: Bool) {
        self.span = span
        self.lowercasesNames = lowercasesNames
        if case .string(let name)? = span.resource.attributes["service.name"] { local.serviceName = name }
        let names = Set(span.attributes.lazy.map(\.key))
        for attribute in span.resource.attributes where !names.contains(attribute.key) {
            let isServiceName = attribute.key == "service.name" && !local.serviceName.isEmpty
            if !isServiceName, !Self.reserved.contains(attribute.key) { tags.append(attribute) }
        }
        var last: [String: Int] = [:]
        for (index, attribute) in span.attributes.enumerated() { last[attribute.key] = index }
        for (index, attribute) in span.attributes.enumerated() where last[attribute.key] == index {
            if !Self.reserved.contains(attribute.key), !place(attribute) { tags.append(attribute) }
        }
    }

    /// Names of tags that say something else than an attribute of the name would.
    private static let reserved = Set(
        ZipkinTag.allCases.filter { $0 != .serviceName }.map { $0.name.description })

    /// Whether the attribute has a place of its own.
    private mutating func place(_ attribute: Attribute) -> Bool {
        switch attribute.key {
        case "network.local.address": return local.take(address: attribute.value)
        case "zipkin.localEndpoint.ipv6": return !local.ipv4.isEmpty && local.take(address: attribute.value)
        case "network.local.port": return local.take(port: attribute.value)
        case "network.peer.address": return remote.take(address: attribute.value)
        case "zipkin.remoteEndpoint.ipv6": return !remote.ipv4.isEmpty && remote.take(address: attribute.value)
        case "network.peer.port": return remote.take(port: attribute.value)
        case "peer.service":
            guard case .string(let name) = attribute.value, !name.isEmpty else { return false }
            remote.serviceName = name
        case "zipkin.debug" where attribute.value == .bool(true): isDebug = true
        case "zipkin.shared" where attribute.value == .bool(true): isShared = true
        default: return false
        }
        return true
    }

    func write(into json: inout JSONWriter) {
        json.beginObject()
        json.key("traceId")
        json.shortID(span.traceID)
        if span.parentSpanID.isValid {
            json.key("parentId")
            json.id(span.parentSpanID)
        }
        json.key("id")
        json.id(span.spanID)
        if span.kind.rawValue >= SpanKind.server.rawValue { json.member("kind", span.kind.name.uppercased()) }
        json.memberIfPresent("name", cased(span.name))
        let timestamp = span.start.nanoseconds / 1_000
        json.microseconds("timestamp", timestamp)
        if span.durationNanoseconds > 0 {
            let duration = max(1, span.durationNanoseconds / 1_000)
            // Rounding up must not lead beyond the last moment that can be read back.
            json.microseconds("duration", min(duration, ZipkinSpan.lastMicrosecond - timestamp))
        }
        write(local, as: "localEndpoint", into: &json)
        write(remote, as: "remoteEndpoint", into: &json)
        writeAnnotations(into: &json)
        writeTags(into: &json)
        if isDebug { json.member("debug", true) }
        if isShared { json.member("shared", true) }
        json.endObject()
    }

    private func cased(_ name: String) -> String { lowercasesNames ? name.lowercased() : name }

    private func write(_ endpoint: Endpoint, as name: String, into json: inout JSONWriter) {
        guard !endpoint.isEmpty else { return }
        json.key(name)
        json.beginObject()
        json.memberIfPresent("serviceName", cased(endpoint.serviceName))
        json.memberIfPresent("ipv4", endpoint.ipv4)
        json.memberIfPresent("ipv6", endpoint.ipv6)
        if endpoint.port != 0 {
            json.key("port")
            json.int(endpoint.port)
        }
        json.endObject()
    }

    private func writeAnnotations(into json: inout JSONWriter) {
        guard !span.events.isEmpty else { return }
        json.key("annotations")
        json.array(span.events) { json, event in
            json.beginObject()
            json.microseconds("timestamp", event.time.nanoseconds / 1_000)
            json.member("value", Self.text(of: event))
            json.endObject()
        }
    }

    /// The name; with attributes `"name": {…}`, as the specification has it.
    private static func text(of event: SpanEvent) -> String {
        guard !event.attributes.isEmpty else { return event.name }
        var json = JSONWriter()
        json.string(event.name)
        let name = String(decoding: json.bytes, as: UTF8.self)
        return name + ": " + attributes(event.attributes)
    }

    private static func attributes(_ attributes: [Attribute]) -> String {
        var json = JSONWriter()
        json.attributes(attributes)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func writeTags(into json: inout JSONWriter) {
        let all = tags.map { ($0.key, $0.value.text) } + meaningfulTags
        guard !all.isEmpty else { return }
        json.key("tags")
        json.beginObject()
        for (name, text) in all { json.member(name, text) }
        json.endObject()
    }

    private var meaningfulTags: [(String, String)] {
        var tags: [(String, String)] = []
        func add(_ tag: ZipkinTag, _ text: String) {
            if !text.isEmpty { tags.append((tag.name.description, text)) }
        }
        func add(_ tag: ZipkinTag, _ count: UInt32) { add(tag, count == 0 ? "" : String(count)) }
        add(.scopeName, span.scope.name)
        add(.scopeVersion, span.scope.version)
        add(.traceState, span.traceState)
        add(.statusCode, span.status.code == .unset ? "" : span.status.code.name.uppercased())
        if span.status.code == .error {
            tags.append((ZipkinTag.error.name.description, errorText))
        }
        if span.status.code != .error || errorText != span.status.message {
            add(.statusDescription, span.status.message)
        }
        add(.droppedAttributes, span.droppedAttributesCount)
        add(.droppedEvents, span.droppedEventsCount)
        add(.droppedLinks, span.droppedLinksCount)
        return tags + links
    }

    /// The message, unless a reader would take it for a mere yes or no.
    private var errorText: String { ["true", "false"].contains(span.status.message) ? "" : span.status.message }

    private var links: [(String, String)] {
        let taken = Set(tags.map(\.key))
        return span.links.enumerated().compactMap { index, link in
            let name = "otlp.link.\(index)"
            guard !taken.contains(name) else { return nil }
            let parts = [
                link.traceID.hex, link.spanID.hex, link.traceState, Self.attributes(link.attributes),
                String(link.droppedAttributesCount),
            ]
            return (name, parts.joined(separator: "|"))
        }
    }
}

extension JSONWriter {
    /// 16 digits where the trace id has 64 bits, as its sender wrote it.
    fileprivate mutating func shortID(_ value: TraceID) {
        if value.high == 0 { id(SpanID(value.low)) } else { id(value) }
    }

    fileprivate mutating func microseconds(_ name: String, _ value: UInt64) {
        guard value > 0 else { return }
        key(name)
        int(value)
    }
}
