// SPDX-License-Identifier: Apache-2.0
// What the conventions for HTTP server spans want to know of a request.

import HTTPTypes
import Hummingbird
import NIOCore
import Sonde
import Tracing

struct ServerRequest: Sendable {
    /// A known method or `_OTHER`.
    let method: String
    /// The method's part in the span's name.
    let spanMethod: String
    let path: String
    let scheme: String
    let clientAddress: String?
    let attributes: SpanAttributes

    init(_ request: Request, context: some RequestContext, protocolVersion: String?) {
        let original = request.method.rawValue
        method = HTTPMethodName.known(original)
        spanMethod = HTTPMethodName.spanName(original)
        path = request.uri.path
        scheme = request.head.scheme ?? "http"
        let peer = (context as? any RemoteAddressRequestContext)?.remoteAddress
        clientAddress = peer?.ipAddress ?? peer?.pathname
        let server = URLParts.hostAndPort(request.head.authority ?? "")

        var attributes = SpanAttributes()
        attributes["http.request.method"] = method
        if method != original { attributes["http.request.method_original"] = original }
        attributes["url.path"] = path
        attributes["url.scheme"] = scheme
        attributes["url.query"] = request.uri.query
        attributes["server.address"] = server.host
        attributes["server.port"] = server.port
        attributes["client.address"] = clientAddress
        attributes["user_agent.original"] = request.headers[.userAgent]
        attributes["network.protocol.version"] = protocolVersion
        self.attributes = attributes
    }
}
