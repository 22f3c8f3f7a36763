// SPDX-License-Identifier: Apache-2.0
// What the conventions for HTTP server spans want to know of a request, kept as it came and written when the span is.
//
// https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server

import HTTPTypes
import Hummingbird
import NIOCore
import Sonde
import Synchronization
import Tracing

final class ServerFacts: SpanFacts {
    /// A known method or `_OTHER`.
    let method: String
    /// The method as sent, if it is not ``method``.
    let originalMethod: String?
    let path: String
    private let rawQuery: String?
    let scheme: String
    let clientAddress: String?
    let server: (host: String?, port: Int?)
    let userAgent: String?
    let protocolVersion: String?
    private let ended = Mutex(ServerOutcome())

    init(_ request: Request, headers: PickedHeaders, peer: SocketAddress?, protocolVersion: String?) {
        let sent = request.method.rawValue
        method = HTTPMethodName.known(sent)
        originalMethod = method == sent ? nil : sent
        path = request.uri.path
        rawQuery = request.uri.query
        scheme = request.head.scheme ?? "http"
        clientAddress = peer?.text
        server = URLParts.hostAndPort(request.head.authority ?? "")
        userAgent = headers.userAgent
        self.protocolVersion = protocolVersion
    }

    /// The method's part in the span's name.
    var spanMethod: String { originalMethod == nil ? method : "HTTP" }

    /// `url.query`, signatures made unreadable.
    private var query: String? { rawQuery.map { SignedQuery.redacted($0) } }

    /// Notes how the request ended.
    func end(_ outcome: ServerOutcome) { ended.withLock { $0 = outcome } }

    func write(to facts: inout SpanFactWriter) {
        let outcome = ended.withLock { $0 }
        facts.set("client.address", clientAddress)
        facts.set("error.type", outcome.errorType)
        facts.set("http.request.method", method)
        facts.set("http.request.method_original", originalMethod)
        facts.set("http.response.status_code", outcome.status)
        facts.set("http.route", outcome.route)
        facts.set("network.protocol.version", protocolVersion)
        facts.set("server.address", server.host)
        facts.set("server.port", server.port)
        facts.set("url.path", path)
        facts.set("url.query", query)
        facts.set("url.scheme", scheme)
        facts.set("user_agent.original", userAgent)
    }

    /// The same for samplers, and for tracers of other makers.
    var attributes: SpanAttributes {
        let outcome = ended.withLock { $0 }
        var attributes = SpanAttributes()
        attributes["client.address"] = clientAddress
        attributes["error.type"] = outcome.errorType
        attributes["http.request.method"] = method
        attributes["http.request.method_original"] = originalMethod
        attributes["http.response.status_code"] = outcome.status
        attributes["http.route"] = outcome.route
        attributes["network.protocol.version"] = protocolVersion
        attributes["server.address"] = server.host
        attributes["server.port"] = server.port
        attributes["url.path"] = path
        attributes["url.query"] = query
        attributes["url.scheme"] = scheme
        attributes["user_agent.original"] = userAgent
        return attributes
    }
}

/// How a request ended.
struct ServerOutcome: Sendable {
    var status: Int?
    /// The template of the route that answered (`/orders/{id}`); nil if none did.
    var route: String?
    var errorType: String?
    /// What is shown of an error beside its type.
    var message: String?
}

/// The headers that telemetry reads, found in one pass: looking each up would have the whole list indexed first.
struct PickedHeaders: Sendable {
    private(set) var traceparent: String?
    private(set) var tracestate: String?
    private(set) var baggage: String?
    private(set) var userAgent: String?
    private let all: HTTPFields

    init(_ headers: HTTPFields) {
        all = headers
        for field in headers {
            switch field.name.canonicalName {
            case "traceparent": Self.add(field.value, to: &traceparent)
            case "tracestate": Self.add(field.value, to: &tracestate)
            case "baggage": Self.add(field.value, to: &baggage)
            case "user-agent": Self.add(field.value, to: &userAgent)
            default: break
            }
        }
    }

    /// Several headers of one name are one list, as HTTP has it.
    private static func add(_ value: String, to list: inout String?) {
        list = list.map { $0 + ", " + value } ?? value
    }

    fileprivate func value(_ name: String) -> String? {
        switch name {
        case "traceparent": traceparent
        case "tracestate": tracestate
        case "baggage": baggage
        default: HTTPField.Name(name).flatMap { all[$0] }
        }
    }
}

struct PickedHeadersExtractor: Extractor {
    func extract(key: String, from headers: PickedHeaders) -> String? { headers.value(key) }
}

extension SocketAddress {
    /// The address without its port. IPv4 is written here: the system's way costs as much as the rest of a request's facts.
    fileprivate var text: String? {
        guard case .v4(let address) = self else { return ipAddress ?? pathname }
        // sockaddr_in: two bytes of family, two of port, four of address.
        let parts = withUnsafeBytes(of: address.address) { ($0[4], $0[5], $0[6], $0[7]) }
        return String(unsafeUninitializedCapacity: 15) { digits in
            var count = 0
            for (index, byte) in [parts.0, parts.1, parts.2, parts.3].enumerated() {
                if index > 0 { digits.put(UInt8(ascii: "."), &count) }
                if byte >= 100 { digits.put(0x30 + byte / 100, &count) }
                if byte >= 10 { digits.put(0x30 + byte / 10 % 10, &count) }
                digits.put(0x30 + byte % 10, &count)
            }
            return count
        }
    }
}

extension UnsafeMutableBufferPointer<UInt8> {
    fileprivate func put(_ byte: UInt8, _ count: inout Int) {
        self[count] = byte
        count += 1
    }
}
