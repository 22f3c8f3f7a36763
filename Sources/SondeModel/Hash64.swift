// SPDX-License-Identifier: Apache-2.0
// The one hash of the house: dictionaries, filters, fingerprints and checksums of the store use it, so it is part of the
// file format and must not change. It multiplies 64 by 64 bits and folds the halves, eight bytes at a time.

@usableFromInline
package enum Hash64 {
    @usableFromInline static var start: UInt64 { 0x9E37_79B9_7F4A_7C15 }
    @usableFromInline static var factor: UInt64 { 0xD6E8_FEB8_6659_FD93 }
    @usableFromInline static var last: UInt64 { 0xA076_1D64_78BD_642F }

    @inlinable @inline(__always)
    static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// The hash of `count` bytes.
    @inlinable @inline(__always)
    package static func hash(_ bytes: UnsafePointer<UInt8>, count: Int, seed: UInt64) -> UInt64 {
        let raw = UnsafeRawPointer(bytes)
        var hash = seed ^ start
        var offset = 0
        while offset &+ 8 <= count {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            hash = mix(hash ^ word, factor)
            offset &+= 8
        }
        var tail: UInt64 = 0
        if count &- offset >= 4 {
            tail = UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            offset &+= 4
        }
        while offset < count {
            tail = tail << 8 | UInt64(bytes[offset])
            offset &+= 1
        }
        return mix(hash ^ tail, last ^ UInt64(truncatingIfNeeded: count))
    }

    @inlinable
    package static func hash(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64) -> UInt64 {
        guard let base = bytes.baseAddress else { return mix(seed ^ start, last) }
        return hash(base, count: bytes.count, seed: seed)
    }

    /// The hash of two words.
    @inlinable @inline(__always)
    package static func hash(_ a: UInt64, _ b: UInt64) -> UInt64 {
        mix(mix(a ^ start, factor) ^ b, last)
    }
}
