// SPDX-License-Identifier: Apache-2.0
// Where a listener stands, as flags spell it: HOST:PORT, http://HOST:PORT, or off.

/// A host and a port to listen on. Port 0 lets the system choose a free one.
package struct ListenerAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address; an IPv6 address without brackets.
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package static func loopback(_ port: Int) -> ListenerAddress { ListenerAddress(host: "127.0.0.1", port: port) }

    /// `HOST:PORT`, `[IPv6]:PORT`, each also with `http://` before and `/` behind; `:PORT` and `PORT` mean loopback.
    package init?(_ text: some StringProtocol) {
        var rest = text[...]
        if rest.lowercased().hasPrefix("http://") { rest = rest.dropFirst("http://".count) }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let colon = rest.lastIndex(of: ":")
        let host = colon.map { rest[..<$0] } ?? ""
        let digits = colon.map { rest[rest.index(after: $0)...] } ?? rest
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(digits), port <= 65_535
        else { return nil }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), host.dropFirst().dropLast().contains(":") else { return nil }
            self.init(host: String(host.dropFirst().dropLast()), port: port)
        } else {
            guard !host.contains(":"), !host.contains("/"), !host.contains(" ") else { return nil }
            self.init(host: host.isEmpty ? "127.0.0.1" : String(host), port: port)
        }
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    package var url: String { "http://\(self)" }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        let host = host.lowercased()
        let isIPv4Loopback = host.hasPrefix("127.") && host.allSatisfy { $0 == "." || ("0"..."9").contains($0) }
        return host == "localhost" || host == "::1" || isIPv4Loopback
    }
}

/// The value of a listener's flag: an address, or `off`.
package enum ListenerSetting: Hashable, Sendable {
    case off
    case at(ListenerAddress)

    package init?(_ text: some StringProtocol) {
        if text.lowercased() == "off" {
            self = .off
        } else {
            guard let address = ListenerAddress(text) else { return nil }
            self = .at(address)
        }
    }

    package var address: ListenerAddress? {
        if case .at(let address) = self { address } else { nil }
    }
}
