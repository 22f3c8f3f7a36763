// SPDX-License-Identifier: Apache-2.0
// Label values as bytes: hashed and compared where they lie, without making a String of them.

/// Where label values come from: swift-metrics' pairs, or the arguments of our own subscripts.
protocol LabelValues {
    subscript(index: Int) -> String { get }
}

struct PairValues: LabelValues {
    let pairs: [(String, String)]

    @inline(__always)
    subscript(index: Int) -> String { pairs[index].1 }
}

struct ListValues: LabelValues {
    let list: [String]

    @inline(__always)
    subscript(index: Int) -> String { list[index] }
}

/// Up to four values, without an array around them. Those behind them are empty.
struct FewValues: LabelValues {
    let a: String
    var b = ""
    var c = ""
    var d = ""

    @inline(__always)
    subscript(index: Int) -> String {
        switch index {
        case 0: a
        case 1: b
        case 2: c
        case 3: d
        default: ""
        }
    }
}

/// Up to four values as bytes, where they lie. Those behind them are empty.
struct LabelSlices {
    typealias Slice = UnsafeBufferPointer<UInt8>

    let a: Slice
    var b = Slice(start: nil, count: 0)
    var c = Slice(start: nil, count: 0)
    var d = Slice(start: nil, count: 0)

    @inline(__always)
    subscript(index: Int) -> Slice {
        switch index {
        case 0: a
        case 1: b
        case 2: c
        case 3: d
        default: Slice(start: nil, count: 0)
        }
    }
}

/// A hash for tables in memory: seeded anew in each process, since label values may come from strangers.
enum LabelHash {
    static let seed = UInt64.random(in: 0 ... .max)
    private static let key1: UInt64 = 0xA076_1D64_78BD_642F
    private static let key2: UInt64 = 0xE703_7ED1_A0B4_28DB

    @inline(__always)
    static func of(_ text: String, seed: UInt64) -> UInt64 {
        text.utf8.withContiguousStorageIfAvailable { of($0, seed: seed) } ?? ofCopy(text, seed: seed)
    }

    private static func ofCopy(_ text: String, seed: UInt64) -> UInt64 {
        Array(text.utf8).withUnsafeBufferPointer { of($0, seed: seed) }
    }

    /// Joins a name's and a value's hash to what came before them.
    @inline(__always)
    static func joined(_ hash: UInt64, _ name: UInt64, _ value: UInt64) -> UInt64 {
        fold(hash ^ name ^ key1, value ^ key2)
    }

    @inline(__always)
    static func of(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64) -> UInt64 {
        guard let start = bytes.baseAddress else { return fold(seed, key1) }
        let raw = UnsafeRawPointer(start)
        let count = bytes.count
        var state = seed
        var a: UInt64
        var b: UInt64
        switch count {
        case 17...:
            var offset = 0
            while offset < count &- 16 {
                state = fold(word(raw, offset) ^ key1, word(raw, offset &+ 8) ^ state)
                offset &+= 16
            }
            a = word(raw, count &- 16)
            b = word(raw, count &- 8)
        case 8...:
            a = word(raw, 0)
            b = word(raw, count &- 8)
        case 4...:
            a = UInt64(raw.loadUnaligned(as: UInt32.self))
            b = UInt64(raw.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
        case 1...:
            a = UInt64(start[0]) << 16 | UInt64(start[count >> 1]) << 8 | UInt64(start[count &- 1])
            b = 0
        default:
            a = 0
            b = 0
        }
        return fold(key2 ^ UInt64(count), fold(a ^ key1, b ^ state))
    }

    @inline(__always)
    private static func word(_ raw: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}

enum LabelBytes {
    /// Whether `count` bytes are the same in both places.
    @inline(__always)
    static func areEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let one = UnsafeRawPointer(a)
        let other = UnsafeRawPointer(b)
        if count >= 8 {
            var offset = 0
            while offset < count &- 8 {
                guard word(one, offset) == word(other, offset) else { return false }
                offset &+= 8
            }
            return word(one, count &- 8) == word(other, count &- 8)
        }
        var offset = 0
        while offset < count {
            guard a[offset] == b[offset] else { return false }
            offset &+= 1
        }
        return true
    }

    @inline(__always)
    private static func word(_ raw: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// Names and values of rendered labels (`a="1",b="2"`), unescaped.
    static func pairs(_ labels: UnsafeBufferPointer<UInt8>) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        var place = 0
        while place < labels.count {
            let start = place
            while place < labels.count, labels[place] != UInt8(ascii: "=") { place += 1 }
            let name = String(decoding: labels[start..<place], as: UTF8.self)
            place += 2
            var value: [UInt8] = []
            while place < labels.count, labels[place] != UInt8(ascii: "\"") {
                if labels[place] == UInt8(ascii: "\\"), place + 1 < labels.count {
                    place += 1
                    value.append(labels[place] == UInt8(ascii: "n") ? UInt8(ascii: "\n") : labels[place])
                } else {
                    value.append(labels[place])
                }
                place += 1
            }
            pairs.append((name, String(decoding: value, as: UTF8.self)))
            place += 2
        }
        return pairs
    }
}
