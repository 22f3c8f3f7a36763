// SPDX-License-Identifier: Apache-2.0
// What a request line names: path segments and query items, percent-decoded.

import SondeModel

/// The parsed target of a request.
struct RequestTarget: Hashable, Sendable {
    /// The path as it came, without the query; for messages.
    var path: String
    /// The parts between slashes, decoded one by one: an encoded slash belongs to a name.
    var segments: [String]
    var query: QueryItems

    /// Reads `/path?query` or `http://host/path?query`.
    init(_ text: String) throws(Refusal) {
        var rest = text[...]
        if !rest.hasPrefix("/"), let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
        }
        if let hash = rest.firstIndex(of: "#") { rest = rest[..<hash] }
        let mark = rest.firstIndex(of: "?")
        let path = mark.map { rest[..<$0] } ?? rest
        self.path = path.isEmpty ? "/" : String(path)
        var segments: [String] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard let segment = PercentEncoding.decode(part, plusIsSpace: false) else {
                throw .invalid("cannot read the path \(self.path): a % is not followed by two hex digits")
            }
            segments.append(segment)
        }
        self.segments = segments
        self.query = try QueryItems(mark.map { rest[rest.index(after: $0)...] } ?? "")
    }
}

/// The `name=value` items of a query, decoded, in order.
struct QueryItems: Hashable, Sendable {
    var items: [Item] = []

    struct Item: Hashable, Sendable {
        var name: String
        var value: String
    }

    /// Reads `a=1&b=2`. As in forms a `+` is a space.
    init(_ text: some StringProtocol) throws(Refusal) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
                let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else { throw .invalid("cannot read the query: in \(pair) a % is not followed by two hex digits") }
            items.append(Item(name: name, value: value))
        }
    }

    /// The last value of this name: the one a user typed last.
    subscript(name: String) -> String? { items.last { $0.name == name }?.value }
}

enum PercentEncoding {
    /// Nil if a `%` is not followed by two hex digits. Bytes that are not UTF-8 become U+FFFD.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(nibble), let low = rest.next().flatMap(nibble) else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func nibble(_ digit: UInt8) -> UInt8? { Hex.nibble(digit) }
}
