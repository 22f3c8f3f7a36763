// SPDX-License-Identifier: Apache-2.0
// Which Host headers a listener believes. A page in a browser can make a foreign name point at 127.0.0.1 and then read
// a service that listens there; such requests carry that foreign name (DNS rebinding).

import NIOCore
import NIOHTTP1

/// Accepts `localhost`, the loopback addresses and the configured host, each with any port.
struct HostPolicy: Sendable {
    private let allowed: Set<String>

    init(configuredHost: String) {
        allowed = ["localhost", "127.0.0.1", "::1", Self.bare(configuredHost)]
    }

    /// A request without a host is HTTP/1.0, which browsers do not speak.
    func check(_ head: HTTPRequestHead) throws(Refusal) {
        let hosts = head.headers["host"]
        guard hosts.count <= 1 else { throw .invalid("the request has \(hosts.count) Host headers; one was expected") }
        guard let host = hosts.first else {
            guard head.version.isOld else { throw .invalid("the request has no Host header") }
            return
        }
        guard allowed.contains(Self.name(in: host)) else {
            throw Refusal(
                .forbidden, code: "forbidden_host",
                "the Host header \(host) is not a name of this machine's loopback address",
                hint: "use 127.0.0.1 or localhost, or let the listener stand on the address that the name means")
        }
    }

    /// The host without its port.
    private static func name(in header: String) -> String {
        if header.hasPrefix("["), let end = header.firstIndex(of: "]") {
            return bare(String(header[...end]))
        }
        return bare(String(header.prefix { $0 != ":" }))
    }

    private static func bare(_ host: String) -> String {
        let host = host.lowercased()
        return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}
