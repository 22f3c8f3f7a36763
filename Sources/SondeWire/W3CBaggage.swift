// SPDX-License-Identifier: Apache-2.0
// The `baggage` header of W3C Baggage: name=value pairs that travel with a request.
//
//   userId=alice,serverNode=DF%2028,isProduction=false;ttl=60
//   list-member = key "=" percent-encoded value *( ";" property )
//
// https://www.w3.org/TR/baggage/#baggage-http-header-format

/// The members of a baggage list, in order; keys are unique.
package struct W3CBaggage: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var key: String
        /// Percent-decoded.
        package var value: String
        /// Properties as they arrived, without the leading semicolon; carried on untouched.
        package var properties: [String]

        package init(key: String, value: String, properties: [String] = []) {
            self.key = key
            self.value = value
            self.properties = properties
        }
    }

    package private(set) var members: [Member]

    package static let empty = W3CBaggage()

    package var isEmpty: Bool { members.isEmpty }

    /// What a platform must be able to propagate, and the most we do: 8192 bytes of header.
    static let maxBytes = 8_192
    /// … and 64 members.
    static let maxMembers = 64

    package init() { members = [] }

    /// Reads a header value (several headers joined by commas are one value). Members that do not follow the grammar,
    /// and those beyond the limits, are left out; the rest is kept.
    package init(_ header: some StringProtocol) {
        members = []
        var size = 0
        for part in String(header).split(separator: ",", omittingEmptySubsequences: true) {
            guard members.count < Self.maxMembers else { return }
            let text = TraceState.trimmed(part)
            guard let member = Self.member(text) else { continue }
            size += text.utf8.count + 1
            guard size <= Self.maxBytes + 1 else { return }
            insert(member)
        }
    }

    /// The value of a key. Setting nil removes the member; setting a value drops its properties. A key that is not an
    /// HTTP token cannot be carried and is ignored.
    package subscript(key: String) -> String? {
        get { members.first { $0.key == key }?.value }
        set {
            guard Self.isToken(key.utf8) else { return }
            guard let newValue else { return members.removeAll { $0.key == key } }
            insert(Member(key: key, value: newValue))
        }
    }

    /// The header value; members that would exceed the limits are left out, last ones first.
    package var text: String {
        var text = ""
        for member in members.prefix(Self.maxMembers) {
            var next = member.key + "=" + Self.encoded(member.value)
            for property in member.properties { next += ";" + property }
            guard text.utf8.count + next.utf8.count + 1 <= Self.maxBytes else { continue }
            if !text.isEmpty { text += "," }
            text += next
        }
        return text
    }

    private mutating func insert(_ member: Member) {
        if let place = members.firstIndex(where: { $0.key == member.key }) {
            members[place] = member
        } else {
            members.append(member)
        }
    }

    private static func member(_ text: Substring) -> Member? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard let pair = parts.first, let equals = pair.firstIndex(of: "=") else { return nil }
        let key = TraceState.trimmed(pair[..<equals])
        let value = TraceState.trimmed(pair[pair.index(after: equals)...])
        guard isToken(key.utf8), value.utf8.allSatisfy(isOctet) else { return nil }
        let properties = parts.dropFirst().map { String(TraceState.trimmed($0)) }.filter { !$0.isEmpty }
        guard properties.allSatisfy({ $0.utf8.allSatisfy { (0x20...0x7E).contains($0) } }) else { return nil }
        return Member(key: String(key), value: PercentEncoding.decoded(value), properties: properties)
    }

    /// `baggage-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E`
    private static func isOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x23...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E: true
        default: false
        }
    }

    /// RFC 9110's `token`.
    private static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func encoded(_ value: String) -> String {
        PercentEncoding.encoded(value) { isOctet($0) && $0 != UInt8(ascii: "%") }
    }
}

/// Percent-encoding, as RFC 3986 section 2.1 defines it.
package enum PercentEncoding {
    /// `text` with `%xx` replaced by the byte; what is not two hex digits stays. Invalid UTF-8 becomes U+FFFD.
    package static func decoded(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "%")) else { return String(text) }
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = nibble(bytes[index + 1]), let low = nibble(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    /// `text` with every byte that `isKept` refuses written as `%XX`.
    package static func encoded(_ text: String, keeping isKept: (UInt8) -> Bool) -> String {
        guard !text.utf8.allSatisfy(isKept) else { return text }
        var encoded: [UInt8] = []
        let digits = [UInt8]("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            if isKept(byte) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x61...0x66: digit &- 0x57
        case 0x41...0x46: digit &- 0x37
        default: nil
        }
    }
}
