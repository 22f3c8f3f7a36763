// SPDX-License-Identifier: Apache-2.0
// What server and client instrumentation say alike: method names, URL parts, durations.

/// HTTP methods as the conventions want them: a known one or `_OTHER`, so that a caller cannot invent label values.
package enum HTTPMethodName {
    package static func known(_ method: String) -> String { isKnown(method) ? method : "_OTHER" }

    /// The method's part in a span's name: `HTTP` for a method that is not known.
    package static func spanName(_ method: String) -> String { isKnown(method) ? method : "HTTP" }

    /// Comparing a few short texts costs less than hashing one.
    private static func isKnown(_ method: String) -> Bool {
        switch method {
        case "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE", "QUERY": true
        default: false
        }
    }
}

/// The parts of a URL that telemetry shows. Lenient: what cannot be found is nil.
package struct URLParts: Hashable, Sendable {
    package var scheme: String?
    package var host: String?
    /// As written, else the scheme's own.
    package var port: Int?
    /// The URL with user, password and signatures, if any, made unreadable, as the conventions for `url.full` say.
    package var withoutCredentials: String

    package init(_ url: String) {
        withoutCredentials = SignedQuery.redacted(url: url)
        guard let separator = url.range(of: "://") else { return }
        scheme = url[..<separator.lowerBound].lowercased()
        let rest = url[separator.upperBound...]
        var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let tail = rest[authority.endIndex...]
        if let at = authority.lastIndex(of: "@") {
            authority = authority[authority.index(after: at)...]
            withoutCredentials =
                url[..<separator.upperBound] + "REDACTED:REDACTED@" + authority
                + SignedQuery.redacted(url: String(tail))
        }
        (host, port) = Self.hostAndPort(String(authority))
        if port == nil { port = ["http": 80, "https": 443][scheme ?? ""] }
    }

    /// `host`, `host:port`, `[v6]` or `[v6]:port`.
    package static func hostAndPort(_ authority: String) -> (host: String?, port: Int?) {
        guard let first = authority.utf8.first else { return (nil, nil) }
        if first == UInt8(ascii: "["), let end = authority.firstIndex(of: "]") {
            let host = authority[authority.index(after: authority.startIndex)..<end]
            let port = authority[authority.index(after: end)...].dropFirst()
            return (String(host), Int(port))
        }
        guard let colon = authority.utf8.firstIndex(of: UInt8(ascii: ":")) else { return (authority, nil) }
        return (String(authority[..<colon]), decimal(authority.utf8[colon...].dropFirst()))
    }

    /// A port, whose digits are few: the standard library's way takes longer than all else of an authority.
    private static func decimal(_ digits: Substring.UTF8View) -> Int? {
        guard (1...9).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
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
