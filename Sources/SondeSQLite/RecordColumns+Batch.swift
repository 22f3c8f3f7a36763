// SPDX-License-Identifier: Apache-2.0
// Attributes, resources and scopes of a received batch on their way into columns.

import SondeModel

extension ByteRange {
    @inline(__always)
    func bytes(_ base: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: base + lowerBound, count: Int(count))
    }

    func raw(_ base: UnsafePointer<UInt8>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes(base)) }
}

extension RecordColumns {
    /// A rare field and its column.
    struct Field {
        var key: Int
        var range: ByteRange

        @inline(__always)
        init(key: Int, _ range: ByteRange) {
            self.key = key
            self.range = range
        }
    }

    /// Adds a field unless it is empty.
    @inline(__always)
    mutating func add(_ field: Field, _ base: UnsafePointer<UInt8>) {
        guard !field.range.isEmpty else { return }
        add(key: field.key, value: base + field.range.lowerBound, count: Int(field.range.count))
    }

    mutating func resource(_ entry: ResourceEntry, service: Int, base: UnsafePointer<UInt8>) -> Int {
        let bytes = Self.envelope(service: service, schemaURL: entry.schemaURL.raw(base), message: entry.body.raw(base))
        return resources.find(UnsafeRawBufferPointer(bytes.elements))
    }

    mutating func scope(_ entry: ScopeEntry, base: UnsafePointer<UInt8>) -> Int {
        let bytes = Self.envelope(service: nil, schemaURL: entry.schemaURL.raw(base), message: entry.body.raw(base))
        return scopes.find(UnsafeRawBufferPointer(bytes.elements))
    }

    /// Adds the attributes in `range`, the fields numbered `field` (below 16).
    ///
    /// The usual form, key before value and nothing else, is read here; any other by the model's cursor. An attribute
    /// with the same bytes as that of the record it resembles, whose attributes lie at `like`, is not read at all.
    @inline(__always)
    mutating func addAttributes(
        _ range: ByteRange, field: Int, base: UnsafePointer<UInt8>, like: ByteRange = .empty
    ) throws(MalformedProtobuf) {
        let tag = UInt8(field << 3 | 2)
        var place = range.lowerBound
        let end = range.upperBound
        var known = like.lowerBound
        let knownEnd = like.upperBound
        while place < end {
            if known < knownEnd {
                let size = Self.sameBytes(place, end, known, knownEnd, tag, base)
                if size > 0, addSame() {
                    place &+= size
                    known &+= size
                    continue
                }
            }
            guard let next = addUsual(at: place, end: end, tag: tag, base: base) else {
                return try addOthers(place, end, field: field, base: base)
            }
            place = next
            guard known < knownEnd else { continue }
            known = isLike ? Self.next(known, knownEnd, tag, base) : knownEnd
        }
    }

    /// How long the attribute at `place` is, if it has the same bytes as that at `known`; else 0.
    @inline(__always)
    private static func sameBytes(
        _ place: Int, _ end: Int, _ known: Int, _ knownEnd: Int, _ tag: UInt8, _ base: UnsafePointer<UInt8>
    ) -> Int {
        guard end &- place >= 8, knownEnd &- known >= 8, base[place] == tag else { return 0 }
        let size = Int(base[place &+ 1]) &+ 2
        guard size >= 8, size < 0x82, size <= end &- place, size <= knownEnd &- known else { return 0 }
        let a = UnsafeRawPointer(base + place)
        let b = UnsafeRawPointer(base + known)
        var offset = 0
        repeat {
            if a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return 0
            }
            offset &+= 8
        } while offset &+ 8 <= size
        // The last bytes, together with some that were compared already.
        let last = size &- 8
        let isSame =
            a.loadUnaligned(fromByteOffset: last, as: UInt64.self)
            == b.loadUnaligned(fromByteOffset: last, as: UInt64.self)
        return isSame ? size : 0
    }

    /// Where the attribute behind that at `known` begins; `end` if that is no attribute of usual length.
    @inline(__always)
    private static func next(_ known: Int, _ end: Int, _ tag: UInt8, _ base: UnsafePointer<UInt8>) -> Int {
        guard base[known] == tag else { return end }
        var place = known &+ 1
        guard let size = length(&place, end, base), size <= end &- place else { return end }
        return place &+ size
    }

    /// Adds the attribute at `place`; nil, and nothing added, if it does not have the usual form.
    @inline(__always)
    private mutating func addUsual(at place: Int, end: Int, tag: UInt8, base: UnsafePointer<UInt8>) -> Int? {
        guard end &- place >= 6, base[place] == tag else { return nil }
        var place = place &+ 1
        guard let size = Self.length(&place, end, base), size <= end &- place, size >= 4 else { return nil }
        let pairEnd = place &+ size
        guard base[place] == 0x0A else { return nil }
        place &+= 1
        guard let keyCount = Self.length(&place, pairEnd, base), keyCount < pairEnd &- place else { return nil }
        let key = place
        place &+= keyCount
        guard base[place] == 0x12 else { return nil }
        place &+= 1
        guard let valueCount = Self.length(&place, pairEnd, base), valueCount == pairEnd &- place else { return nil }
        add(keyBytes: base + key, keyCount: keyCount, value: base + place, count: valueCount)
        return pairEnd
    }

    /// A length of up to four bytes.
    @inline(__always)
    private static func length(_ place: inout Int, _ end: Int, _ base: UnsafePointer<UInt8>) -> Int? {
        guard place < end else { return nil }
        var byte = base[place]
        place &+= 1
        if byte < 0x80 { return Int(byte) }
        var value = Int(byte & 0x7F)
        var shift = 7
        while place < end, shift < 28 {
            byte = base[place]
            place &+= 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
        return nil
    }

    @inline(never)
    private mutating func addOthers(
        _ start: Int, _ end: Int, field: Int, base: UnsafePointer<UInt8>
    ) throws(MalformedProtobuf) {
        var cursor = AttributeCursor(base: base, range: ByteRange(offset: start, count: end - start), field: field)
        while try cursor.next() {
            add(
                keyBytes: base + cursor.key.lowerBound, keyCount: Int(cursor.key.count),
                value: base + cursor.value.lowerBound, count: Int(cursor.value.count))
        }
    }
}
