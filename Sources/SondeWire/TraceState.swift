// SPDX-License-Identifier: Apache-2.0
// The `tracestate` header of W3C Trace Context level 2: vendors' key=value pairs, carried on untouched.
//
//   congo=t61rcWkgMzE,rojo=00f067aa0ba902b7
//   list-members separated by commas and optional blanks, at most 32; key and value up to 256 characters
//
// https://www.w3.org/TR/trace-context-2/#tracestate-header

/// A list of members that is valid as a whole. We add none of our own, so it is kept as text.
package struct TraceState: Hashable, Sendable {
    /// The header value: members in order of arrival joined by commas, empty ones left out.
    package let text: String

    @inlinable package static var header: String { "tracestate" }

    package static let empty = TraceState(validated: "")

    package var isEmpty: Bool { text.isEmpty }

    /// "There can be a maximum of 32 list-members in a list."
    static let maxMembers = 32
    /// Keys and values each have at most 256 characters.
    static let maxPartLength = 256

    private init(validated text: String) { self.text = text }

    /// Reads a header value (several headers joined by commas are one value). A list that is invalid anywhere is
    /// dropped whole, as "parsing the tracestate" allows: nil. Of members with the same key the first is kept, since
    /// "only one entry per key is allowed" and the most recent stands first.
    package init?(_ header: some StringProtocol) {
        var members: [Substring] = []
        var keys: Set<Substring> = []
        for part in String(header).split(separator: ",", omittingEmptySubsequences: true) {
            let member = Self.trimmed(part)
            if member.isEmpty { continue }
            guard let key = Self.key(of: member), members.count < Self.maxMembers else { return nil }
            if keys.insert(key).inserted { members.append(member) }
        }
        text = members.joined(separator: ",")
    }

    /// The value of the member with this key.
    package subscript(key: String) -> Substring? {
        for member in text.split(separator: ",") where member.hasPrefix(key + "=") {
            return member.dropFirst(key.utf8.count + 1)
        }
        return nil
    }

    /// The key of a valid member, nil for an invalid one.
    private static func key(of member: Substring) -> Substring? {
        guard let equals = member.firstIndex(of: "=") else { return nil }
        let key = member[..<equals]
        let value = member[member.index(after: equals)...]
        guard isKey(key.utf8), isValue(value.utf8) else { return nil }
        return key
    }

    /// `key = ( lcalpha / DIGIT ) 0*255 ( lcalpha / DIGIT / "_" / "-" / "*" / "/" / "@" )`
    private static func isKey(_ key: Substring.UTF8View) -> Bool {
        guard let first = key.first, isLowercaseOrDigit(first), key.count <= maxPartLength else { return false }
        return key.allSatisfy { isLowercaseOrDigit($0) || "_-*/@".utf8.contains($0) }
    }

    /// `value = 0*255(chr) nblk-chr`: printable ASCII without comma and equals sign, not ending in a blank.
    private static func isValue(_ value: Substring.UTF8View) -> Bool {
        guard let last = value.last, last != 0x20, value.count <= maxPartLength else { return false }
        return value.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    /// `text` without the blanks and tabs that HTTP lists allow around members. Byte by byte: taking characters off
    /// a string costs its length each time, and a header may be nothing but blanks.
    static func trimmed(_ text: Substring) -> Substring {
        let bytes = text.utf8
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return text[text.endIndex...] }
        return text[first..<bytes.index(after: last)]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
