// SPDX-License-Identifier: Apache-2.0
// Walks the attributes of a span for a few keys, told by their length first: nearly all attributes are passed over after
// a look at four bytes.

import SondeModel

enum UsualAttributes {
    /// Calls `body` with key and value of each attribute whose key has a length that is a bit of `keyLengths`.
    ///
    /// The usual form, key before value and nothing else, is read here; any other, and all that follow it, by the model's
    /// cursor.
    @inline(__always)
    static func walk(
        _ range: ByteRange, _ base: UnsafePointer<UInt8>, keyLengths: UInt64, _ body: (ByteRange, ByteRange) -> Void
    ) {
        var place = range.lowerBound
        let end = range.upperBound
        while place < end {
            guard let pair = usual(at: place, end, base) else {
                return walkOthers(ByteRange(offset: place, count: end &- place), base, keyLengths, body)
            }
            if isWanted(pair.keyCount, keyLengths) {
                body(
                    ByteRange(offset: pair.key, count: pair.keyCount),
                    ByteRange(offset: pair.value, count: pair.end &- pair.value))
            }
            place = pair.end
        }
    }

    @inline(__always)
    private static func isWanted(_ count: Int, _ keyLengths: UInt64) -> Bool {
        count < 64 && keyLengths &>> UInt64(truncatingIfNeeded: count) & 1 == 1
    }

    /// The attribute at `place`: where its key and its value begin, and where it ends. Nil if it has another form.
    @inline(__always)
    private static func usual(
        at place: Int, _ end: Int, _ base: UnsafePointer<UInt8>
    ) -> (key: Int, keyCount: Int, value: Int, end: Int)? {
        guard end &- place >= 6, base[place] == 9 << 3 | 2 else { return nil }
        var place = place &+ 1
        let size = length(&place, base)
        let pairEnd = place &+ size
        guard size >= 4, pairEnd <= end, base[place] == 0x0A else { return nil }
        let keyCount = Int(base[place &+ 1])
        let key = place &+ 2
        // Behind the key there is room for a tag and a length of two bytes, or the end of the attribute is near.
        guard keyCount < 0x80, key &+ keyCount &+ 2 <= pairEnd, base[key &+ keyCount] == 0x12 else { return nil }
        place = key &+ keyCount &+ 1
        guard base[place] < 0x80 || place &+ 1 < pairEnd else { return nil }
        let count = length(&place, base)
        guard count >= 0, place &+ count == pairEnd else { return nil }
        return (key, keyCount, place, pairEnd)
    }

    /// A length of one or two bytes, which are there; negative for a longer one.
    @inline(__always)
    private static func length(_ place: inout Int, _ base: UnsafePointer<UInt8>) -> Int {
        let first = Int(base[place])
        place &+= 1
        if first < 0x80 { return first }
        let second = Int(base[place])
        place &+= 1
        return second < 0x80 ? first & 0x7F | second &<< 7 : -1
    }

    @inline(never)
    private static func walkOthers(
        _ range: ByteRange, _ base: UnsafePointer<UInt8>, _ keyLengths: UInt64, _ body: (ByteRange, ByteRange) -> Void
    ) {
        var cursor = AttributeCursor(base: base, range: range, field: 9)
        while (try? cursor.next()) == true {
            if isWanted(Int(cursor.key.count), keyLengths) { body(cursor.key, cursor.value) }
        }
    }
}
