// SPDX-License-Identifier: Apache-2.0
// Internet addresses as people write them.
//
// https://www.rfc-editor.org/rfc/rfc5952

internal import SondeModel

enum IPAddressText {
    /// Appends an address of 4 or 16 bytes as text: `192.0.2.1`, `2001:db8::1`.
    static func append(_ address: UnsafeBufferPointer<UInt8>, to text: inout [UInt8]) {
        if address.count == 4 {
            for (index, byte) in address.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ".")) }
                text += String(byte).utf8
            }
            return
        }
        let groups = stride(from: 0, to: address.count - 1, by: 2).map {
            UInt16(address[$0]) << 8 | UInt16(address[$0 + 1])
        }
        let zeros = longestZeros(groups)
        for (index, group) in groups.enumerated() {
            if zeros.contains(index) {
                if index == zeros.lowerBound { text += "::".utf8 }
                continue
            }
            if index > 0, index != zeros.upperBound { text.append(UInt8(ascii: ":")) }
            text += String(group, radix: 16).utf8
        }
    }

    /// Whether text looks like an address of four bytes, or of sixteen; other than digits nothing is checked.
    static func isIPv4(_ text: String) -> Bool {
        text.utf8.contains(UInt8(ascii: "."))
            && text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    }

    static func isIPv6(_ text: String) -> Bool {
        // IPv4 addresses are also written in the last four bytes of the other kind.
        text.utf8.contains(UInt8(ascii: ":"))
            && text.utf8.allSatisfy { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") || Hex.nibble($0) != nil }
    }

    /// The first of the longest runs of two zero groups and more; empty at the end if there is none.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
        var longest = groups.count..<groups.count
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start >= 2, end - start > longest.count { longest = start..<end }
            start = max(end, start) + 1
        }
        return longest
    }
}
