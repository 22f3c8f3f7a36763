// SPDX-License-Identifier: Apache-2.0
// Lets pages of one named origin read answers; without it no cross-origin header is ever sent.

import NIOCore
import NIOHTTP1

struct CORSPolicy: Hashable, Sendable {
    /// `https://grafana.example`, or `*` for any.
    let origin: String

    /// The answer to a browser's question before the real request.
    var preflight: Reply {
        var reply = Reply(.noContent)
        reply.headers.add(name: "access-control-allow-methods", value: "GET, HEAD")
        reply.headers.add(
            name: "access-control-allow-headers", value: "accept, content-type, traceparent, tracestate, baggage")
        reply.headers.add(name: "access-control-max-age", value: "600")
        return reply
    }

    /// Marks an answer as readable, whatever it says: a page wants to read errors too.
    func mark(_ headers: inout HTTPHeaders) {
        headers.add(name: "access-control-allow-origin", value: origin)
        headers.add(name: "access-control-expose-headers", value: "Sonde-Next, Sonde-Total, Sonde-Total-Exact")
        if origin != "*" { headers.add(name: "vary", value: "origin") }
    }
}
