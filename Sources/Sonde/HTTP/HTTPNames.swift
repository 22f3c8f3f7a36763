// SPDX-License-Identifier: Apache-2.0
// What server and client instrumentation say alike: method names, URL parts, durations.

/// HTTP methods as the conventions want them: a known one or `_OTHER`, so that a caller cannot invent label values.
package enum HTTPMethodName {
    private static let all: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
    ]

    package static func known(_ method: String) -> String { all.contains(method) ? method : "_OTHER" }

    /// The method's part in a span's name: `HTTP` for a method that is not known.
    package static func spanName(_ method: String) -> String { all.contains(method) ? method : "HTTP" }
}

/// The parts of a URL that telemetry shows. Lenient: what cannot be found is nil.
package struct URLParts: Hashable, Sendable {
    package var scheme: String?
    package var host: String?
    /// As written, else the scheme's own.
    package var port: Int?
    /// The URL with user and password, if any, made unreadable, as the conventions for `url.full` say.
    package var withoutCredentials: String

    package init(_ url: String) {
        withoutCredentials = url
        guard let separator = url.range(of: "://") else { return }
        scheme = url[..<separator.lowerBound].lowercased()
        let rest = url[separator.upperBound...]
        var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let tail = rest[authority.endIndex...]
        if let at = authority.lastIndex(of: "@") {
            authority = authority[authority.index(after: at)...]
            withoutCredentials = url[..<separator.upperBound] + "REDACTED:REDACTED@" + authority + tail
        }
        (host, port) = Self.hostAndPort(String(authority))
        if port == nil { port = ["http": 80, "https": 443][scheme ?? ""] }
    }

    /// `host`, `host:port`, `[v6]` or `[v6]:port`.
    package static func hostAndPort(_ authority: String) -> (host: String?, port: Int?) {
        guard !authority.isEmpty else { return (nil, nil) }
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            let host = authority[authority.index(after: authority.startIndex)..<end]
            let port = authority[authority.index(after: end)...].dropFirst()
            return (String(host), Int(port))
        }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? Int(parts[1]) : nil)
    }
}

extension StringProtocol {
    /// The first place of `text`.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            formIndex(after: &start)
        }
        return nil
    }
}

extension Duration {
    /// Nanoseconds, held inside 64 bits.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }
}
