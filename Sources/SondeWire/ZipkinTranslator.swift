// SPDX-License-Identifier: Apache-2.0
// Zipkin spans become OTLP, written as the protobuf that OTLPDecoder reads, so that they take the road of all spans.
//
// | Zipkin | OTLP |
// |---|---|
// | traceId of 64 bits | the same, zeros in front |
// | no kind | INTERNAL |
// | timestamp, duration (µs) | start, end; without a duration the span ends as it starts |
// | no timestamp | start with the first annotation, else the first span of the trace in the body, else on arrival |
// | localEndpoint.serviceName (else the tag `service.name`) | resource attribute `service.name` |
// | localEndpoint's address and port | attributes `network.local.address`, `network.local.port` |
// | remoteEndpoint | attributes `peer.service`, `network.peer.address`, `network.peer.port` |
// | both an IPv4 and an IPv6 address | the second in `zipkin.localEndpoint.ipv6`, `zipkin.remoteEndpoint.ipv6` |
// | annotations | events without attributes |
// | tags | attributes, strings all |
// | tag `error` | status ERROR; its text is the message unless it is empty or `true`; `false` says nothing |
// | tags `otel.status_code`, `otel.status_description` | status; `error` wins |
// | tags `otel.scope.name`, `otel.scope.version` (`otel.library.…`) | the instrumentation scope |
// | tags `w3c.tracestate`, `otel.dropped_{attributes,events,links}_count` | the fields of these names |
// | debug, shared | attributes `zipkin.debug`, `zipkin.shared`, true |
//
// Where a tag has the name that another part would become, the tag wins.
//
// https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/

internal import SondeModel

/// Names that have a meaning in both worlds.
enum ZipkinNames {
    static let localAddress: StaticString = "network.local.address"
    static let localPort: StaticString = "network.local.port"
    static let localIPv6: StaticString = "zipkin.localEndpoint.ipv6"
    static let peerService: StaticString = "peer.service"
    static let peerAddress: StaticString = "network.peer.address"
    static let peerPort: StaticString = "network.peer.port"
    static let peerIPv6: StaticString = "zipkin.remoteEndpoint.ipv6"
    static let debug: StaticString = "zipkin.debug"
    static let shared: StaticString = "zipkin.shared"
}

/// What a tag means beyond its name.
enum ZipkinTag: CaseIterable {
    case error, statusCode, statusDescription, traceState
    case scopeName, scopeVersion, libraryName, libraryVersion
    case droppedAttributes, droppedEvents, droppedLinks
    case serviceName

    var name: StaticString {
        switch self {
        case .error: "error"
        case .statusCode: "otel.status_code"
        case .statusDescription: "otel.status_description"
        case .traceState: "w3c.tracestate"
        case .scopeName: "otel.scope.name"
        case .scopeVersion: "otel.scope.version"
        case .libraryName: "otel.library.name"
        case .libraryVersion: "otel.library.version"
        case .droppedAttributes: "otel.dropped_attributes_count"
        case .droppedEvents: "otel.dropped_events_count"
        case .droppedLinks: "otel.dropped_links_count"
        case .serviceName: "service.name"
        }
    }

    /// The only one whose name has that many bytes.
    init?(size: Int) {
        guard size < Self.bySize.count, let tag = Self.bySize[size] else { return nil }
        self = tag
    }

    private static let bySize: [ZipkinTag?] = (0..<32).map { size in
        allCases.first { $0.name.utf8CodeUnitCount == size }
    }
}

/// Writes one request; neighbours of equal service and scope share an envelope.
struct ZipkinTranslator {
    private var writer: ProtobufWriter
    private var shared: Shared?
    private var rejectedCount = 0
    private var rejectionReason: String?
    /// Whether a span was taken that does not say when it began.
    private var hasUndated = false
    /// Whether no span was taken.
    private(set) var isEmpty = true

    /// What the open envelope says, and where its messages begin.
    private struct Shared {
        var service: [UInt8]
        var scopeName: [UInt8]
        var scopeVersion: [UInt8]
        var resourceStart: Int
        var scopeStart: Int
    }

    init(reservingCapacity capacity: Int) {
        writer = ProtobufWriter(reservingCapacity: capacity)
    }

    /// Takes the next span, which has no ``ZipkinSpan/flaw``.
    mutating func add(_ span: inout ZipkinSpan) {
        isEmpty = false
        span.dateByAnnotations()
        if span.timestamp == 0 { hasUndated = true }
        span.dropRepeatedTags()
        var meaning = Meaning()
        meaning.read(span)
        let service = span.local.serviceName.isEmpty ? meaning.serviceName : span.local.serviceName
        enter(span, service: service, meaning)
        writer.message(field: 2) { Self.write(span, service: service, meaning, into: &$0) }
    }

    /// Counts a span that is malformed by itself; false if there are so many that the body is no list of spans.
    mutating func leaveOut(_ reason: @autoclosure () -> String) -> Bool {
        if rejectedCount == 0 { rejectionReason = reason() }
        rejectedCount += 1
        return rejectedCount <= Limits.maxLeftOutSpans
    }

    /// What became of all spans, which arrived at `arrival`.
    consuming func decode(arrival: Timestamp?) throws(DecodeError) -> DecodedBatch<SpanEntry> {
        closeEnvelope()
        var decoded: DecodedBatch<SpanEntry> = try OTLPDecoder.decode(writer.bytes)
        if hasUndated {
            writer.bytes = []
            decoded.dateTheUndated(arrival: arrival)
        }
        decoded.rejectedCount += rejectedCount
        decoded.rejectionReason = rejectionReason ?? decoded.rejectionReason
        return decoded
    }

    private mutating func enter(_ span: ZipkinSpan, service: ZipkinSpan.Text, _ meaning: Meaning) {
        let service = span.text[service]
        let name = span.text[meaning.scopeName]
        let version = span.text[meaning.scopeVersion]
        if let open = shared, service.elementsEqual(open.service), name.elementsEqual(open.scopeName),
            version.elementsEqual(open.scopeVersion)
        {
            return
        }
        closeEnvelope()
        let resourceStart = writer.beginMessage(field: 1)
        if !service.isEmpty {
            writer.message(field: 1) { $0.attribute("service.name", field: 1, string: service) }
        }
        let scopeStart = writer.beginMessage(field: 2)
        if !(name.isEmpty && version.isEmpty) {
            writer.message(field: 1) { writer in
                if !name.isEmpty { writer.bytes(name, field: 1) }
                if !version.isEmpty { writer.bytes(version, field: 2) }
            }
        }
        shared = Shared(
            service: Array(service), scopeName: Array(name), scopeVersion: Array(version),
            resourceStart: resourceStart, scopeStart: scopeStart)
    }

    private mutating func closeEnvelope() {
        guard let open = shared else { return }
        writer.endMessage(from: open.scopeStart)
        writer.endMessage(from: open.resourceStart)
        shared = nil
    }
}

/// What the tags of one span say beside being attributes.
private struct Meaning {
    var serviceName: ZipkinSpan.Text = 0..<0
    var scopeName: ZipkinSpan.Text = 0..<0
    var scopeVersion: ZipkinSpan.Text = 0..<0
    var traceState: ZipkinSpan.Text = 0..<0
    var status = StatusCode.unset
    var statusMessage: ZipkinSpan.Text = 0..<0
    var droppedAttributes: UInt32 = 0
    var droppedEvents: UInt32 = 0
    var droppedLinks: UInt32 = 0

    /// The part of each tag; nil for an ordinary one.
    static func role(of key: ZipkinSpan.Text, in span: ZipkinSpan) -> ZipkinTag? {
        guard let tag = ZipkinTag(size: key.count), span.equals(key, tag.name) else { return nil }
        return tag
    }

    mutating func read(_ span: ZipkinSpan) {
        var failure: ZipkinSpan.Text?
        for (key, value) in span.tags {
            switch Self.role(of: key, in: span) {
            case nil: break
            case .error: failure = value
            case .statusCode: status = Self.status(value, span)
            case .statusDescription: statusMessage = value
            case .traceState: traceState = value
            case .scopeName: scopeName = value
            case .scopeVersion: scopeVersion = value
            case .libraryName: if scopeName.isEmpty { scopeName = value }
            case .libraryVersion: if scopeVersion.isEmpty { scopeVersion = value }
            case .droppedAttributes: droppedAttributes = Self.count(value, span)
            case .droppedEvents: droppedEvents = Self.count(value, span)
            case .droppedLinks: droppedLinks = Self.count(value, span)
            case .serviceName: serviceName = value
            }
        }
        guard let failure, !span.equals(failure, "false") else { return }
        status = .error
        if !failure.isEmpty, !span.equals(failure, "true") { statusMessage = failure }
    }

    /// As the specification has it, and as older exporters wrote it.
    private static func status(_ value: ZipkinSpan.Text, _ span: ZipkinSpan) -> StatusCode {
        if span.equals(value, "OK") || span.equals(value, "STATUS_CODE_OK") { return .ok }
        return span.equals(value, "ERROR") || span.equals(value, "STATUS_CODE_ERROR") ? .error : .unset
    }

    private static func count(_ value: ZipkinSpan.Text, _ span: ZipkinSpan) -> UInt32 {
        UInt32(String(decoding: span.text[value], as: UTF8.self)) ?? 0
    }
}

extension ZipkinTranslator {
    private static func write(
        _ span: ZipkinSpan, service: ZipkinSpan.Text, _ meaning: Meaning, into writer: inout ProtobufWriter
    ) {
        writer.traceID(span.traceID, field: 1)
        writer.spanID(span.id, field: 2)
        if !meaning.traceState.isEmpty { writer.bytes(span.text[meaning.traceState], field: 3) }
        if span.parentID.isValid { writer.spanID(span.parentID, field: 4) }
        if !span.name.isEmpty { writer.bytes(span.text[span.name], field: 5) }
        writer.varint(UInt64(span.kind.rawValue), field: 6)
        writer.fixed64(span.timestamp * 1_000, field: 7)
        writer.fixed64((span.timestamp + span.duration) * 1_000, field: 8)
        writeTags(span, service: service, into: &writer)
        writeRest(span, into: &writer)
        OTLPEncoder.count(meaning.droppedAttributes, field: 10, into: &writer)
        for (timestamp, value) in span.annotations {
            writer.message(field: 11) { writer in
                writer.fixed64(timestamp * 1_000, field: 1)
                writer.bytes(span.text[value], field: 2)
            }
        }
        OTLPEncoder.count(meaning.droppedEvents, field: 12, into: &writer)
        OTLPEncoder.count(meaning.droppedLinks, field: 14, into: &writer)
        guard meaning.status != .unset || !meaning.statusMessage.isEmpty else { return }
        writer.message(field: 15) { writer in
            if !meaning.statusMessage.isEmpty { writer.bytes(span.text[meaning.statusMessage], field: 2) }
            writer.varint(UInt64(meaning.status.rawValue), field: 3)
        }
    }

    private static func writeTags(_ span: ZipkinSpan, service: ZipkinSpan.Text, into writer: inout ProtobufWriter) {
        for (key, value) in span.tags {
            switch Meaning.role(of: key, in: span) {
            case nil: break
            // The resource says it already, unless the endpoint says otherwise.
            case .serviceName: if span.equals(value, service) { continue }
            default: continue
            }
            writer.message(field: 9) { writer in
                writer.bytes(span.text[key], field: 1)
                writer.message(field: 2) { $0.bytes(span.text[value], field: 1) }
            }
        }
    }

    /// What else becomes an attribute, unless a tag has the name.
    private static func writeRest(_ span: ZipkinSpan, into writer: inout ProtobufWriter) {
        func text(_ name: StaticString, _ text: ZipkinSpan.Text) {
            guard !text.isEmpty, !span.hasTag(name) else { return }
            writer.attribute(name, field: 9, string: span.text[text])
        }
        func port(_ name: StaticString, _ number: UInt16) {
            if number > 0, !span.hasTag(name) { writer.attribute(name, int: number) }
        }
        func flag(_ name: StaticString, _ isSet: Bool) {
            if isSet, !span.hasTag(name) { writer.attribute(name, bool: true) }
        }
        text(ZipkinNames.localAddress, span.local.address)
        text(ZipkinNames.localIPv6, span.local.secondAddress)
        port(ZipkinNames.localPort, span.local.port)
        text(ZipkinNames.peerService, span.remote.serviceName)
        text(ZipkinNames.peerAddress, span.remote.address)
        text(ZipkinNames.peerIPv6, span.remote.secondAddress)
        port(ZipkinNames.peerPort, span.remote.port)
        flag(ZipkinNames.debug, span.isDebug)
        flag(ZipkinNames.shared, span.isShared)
    }
}

extension ZipkinSpan.Endpoint {
    fileprivate var address: ZipkinSpan.Text { ipv4.isEmpty ? ipv6 : ipv4 }
    fileprivate var secondAddress: ZipkinSpan.Text { ipv4.isEmpty ? 0..<0 : ipv6 }
}

extension ZipkinSpan {
    fileprivate func hasTag(_ name: StaticString) -> Bool { tags.contains { equals($0.key, name) } }
}

extension ProtobufWriter {
    fileprivate mutating func attribute(_ key: StaticString, field: Int, string: ArraySlice<UInt8>) {
        message(field: field) { writer in
            writer.bytes(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount), field: 1)
            writer.message(field: 2) { $0.bytes(string, field: 1) }
        }
    }

    fileprivate mutating func attribute(_ key: StaticString, bool: Bool) {
        message(field: 9) { writer in
            writer.bytes(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount), field: 1)
            writer.message(field: 2) { $0.varint(bool ? 1 : 0, field: 2) }
        }
    }

    fileprivate mutating func attribute(_ key: StaticString, int: UInt16) {
        message(field: 9) { writer in
            writer.bytes(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount), field: 1)
            writer.message(field: 2) { $0.varint(UInt64(int), field: 3) }
        }
    }
}
