// SPDX-License-Identifier: Apache-2.0
// The part of a URL that names a machine: `user@host:port` in `http://user@host:port/path`. The network library ends the
// process on a port that doesn't fit 16 bits, so everybody who is handed a URL looks here first.
//
// https://www.rfc-editor.org/rfc/rfc3986#section-3.2

/// What stands between `//` and the path of a URL, taken apart.
package struct URLAuthority: Hashable, Sendable {
    /// User and password as written; nil without an `@`.
    package var userInfo: Substring?
    /// The name or address; one of IPv6 with its brackets.
    package var host: Substring
    /// What stands behind the colon; nil without one.
    package var portText: Substring?

    /// The authority of `url`; nil without `://`.
    package init?(ofURL url: String) {
        guard let separator = url.utf8Range(of: "://") else { return nil }
        self.init(url[separator.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" })
    }

    /// `[user@]host[:port]`.
    package init(_ text: Substring) {
        var rest = text
        if let at = rest.lastIndex(of: "@") {
            userInfo = rest[..<at]
            rest = rest[rest.index(after: at)...]
        }
        let addressEnd = rest.first == "[" ? rest.firstIndex(of: "]") ?? rest.startIndex : rest.startIndex
        let colon = rest[addressEnd...].firstIndex(of: ":")
        host = rest[..<(colon ?? rest.endIndex)]
        portText = colon.map { rest[rest.index(after: $0)...] }
    }

    /// The port as a number; nil where none is written and for text that is none.
    package var port: UInt16? { portText.flatMap { UInt16($0) } }

    /// Whether one can connect to it: no port, an empty one, or 1 to 65 535.
    package var hasUsablePort: Bool {
        guard let portText, !portText.isEmpty else { return true }
        return port.map { $0 > 0 } ?? false
    }
}

extension String {
    /// The first place of `text`, compared byte by byte.
    fileprivate func utf8Range(of text: StaticString) -> Range<Index>? {
        let wanted = text.withUTF8Buffer { Array($0) }
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if utf8[start...].starts(with: wanted) { return start..<utf8.index(start, offsetBy: wanted.count) }
            utf8.formIndex(after: &start)
        }
        return nil
    }
}
