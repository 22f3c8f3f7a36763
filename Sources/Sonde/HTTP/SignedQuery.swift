// SPDX-License-Identifier: Apache-2.0
// Signed URLs open what they name to whoever reads them: their signatures are not shown.
//
// https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/

package enum SignedQuery {
    /// The keys of the conventions, by their case, and those of Amazon's newer signatures.
    static let keys = [
        "AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature", "X-Amz-Signature", "X-Amz-Security-Token",
    ]

    /// `query`, what follows the `?` of a URL, with `REDACTED` in place of the values of ``keys``.
    package static func redacted(_ query: String) -> String { redacted(query, from: query.startIndex) }

    /// `url` with the same done to its query.
    package static func redacted(url: String) -> String {
        let part = url.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        guard let part, url.utf8[part] == UInt8(ascii: "?") else { return url }
        return redacted(url, from: url.utf8.index(after: part))
    }

    /// The last bytes of the keys: most queries have no key that ends in one of them, and need no second look.
    private static let endings = Array(Set(keys.compactMap(\.utf8.last)))

    private static func mayHaveKey(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var before: UInt8 = 0
        for byte in bytes {
            if byte == UInt8(ascii: "="), endings.contains(before) { return true }
            before = byte
        }
        return false
    }

    /// Makes no new text unless there is something to hide.
    private static func redacted(_ text: String, from start: String.Index) -> String {
        guard text.withBytes({ mayHaveKey($0) }) else { return text }
        let bytes = text.utf8
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        var result = ""
        var copied = bytes.startIndex
        var pair = start
        while true {
            let stop = bytes[pair..<end].firstIndex(of: UInt8(ascii: "&")) ?? end
            if let equals = bytes[pair..<stop].firstIndex(of: UInt8(ascii: "=")), keys.contains(text[pair..<equals]) {
                result += text[copied...equals] + "REDACTED"
                copied = stop
            }
            guard stop < end else { break }
            pair = bytes.index(after: stop)
        }
        return copied == bytes.startIndex ? text : result + text[copied...]
    }
}

extension [String] {
    fileprivate func contains(_ key: Substring) -> Bool { contains { $0 == key } }
}
