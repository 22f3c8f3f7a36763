// SPDX-License-Identifier: Apache-2.0
// Makes damaged and strange inputs out of good ones: what networks, broken senders and malice do to bytes. The same
// seed gives the same inputs.

import SondeTestKit

struct Mutator {
    private var random: Dice
    /// Good inputs, from which parts are taken too.
    private let seeds: [[UInt8]]
    /// What the format is made of: names, brackets, numbers at the edge.
    private let words: [[UInt8]]

    /// Bytes. Beyond this a mutation is cut: inputs of some ten thousand bytes show what larger ones would.
    private static let maxSize = 64 * 1024
    /// Bytes that are often special: ends of varints and of ASCII, lengths, structure.
    private static let bytes: [UInt8] = [0, 1, 2, 0x0A, 0x12, 0x20, 0x22, 0x5C, 0x7F, 0x80, 0xC0, 0xED, 0xFE, 0xFF]
    /// Numbers at the edge, as the formats write them.
    private static let numbers: [[UInt8]] = [
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x80, 0x00], [0x80, 0x80, 0x80, 0x80, 0x08],
        [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0x80], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        [0, 0, 0, 0, 0, 0, 0, 0x80], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0, 0, 0, 0xF8, 0x7F],
    ]

    init(seeds: [[UInt8]], words: [String], seed: UInt64) {
        self.seeds = seeds.isEmpty ? [[]] : seeds
        self.words = words.map { Array($0.utf8) }
        random = Dice(state: seed)
    }

    /// The next input: a good one with one thing done to it, or with up to six.
    mutating func next() -> [UInt8] {
        var bytes = seeds.randomElement(using: &random) ?? []
        let changes = Bool.random(using: &random) ? 1 : Int.random(in: 2...6, using: &random)
        for _ in 0..<changes { change(&bytes) }
        return Array(bytes.prefix(Self.maxSize))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        switch Int.random(in: 0..<14, using: &random) {
        case 0, 1: flip(&bytes)
        case 2: set(&bytes)
        case 3: bytes.removeSubrange(place(bytes)...)
        case 4: bytes.removeSubrange(range(bytes))
        case 5: insert(Array(bytes[range(bytes)]), into: &bytes)
        case 6: insert([UInt8.random(in: 0...255, using: &random)], into: &bytes)
        case 7: splice(&bytes)
        case 8: overwrite(&bytes, with: Self.numbers.randomElement(using: &random) ?? [])
        case 9: insert(Self.numbers.randomElement(using: &random) ?? [], into: &bytes)
        case 10: insert(words.randomElement(using: &random) ?? [], into: &bytes)
        case 11: overwrite(&bytes, with: words.randomElement(using: &random) ?? [])
        case 12: lengthLie(&bytes)
        default: pile(&bytes)
        }
    }

    private mutating func place(_ bytes: [UInt8]) -> Int { Int.random(in: 0...bytes.count, using: &random) }

    /// Mostly short.
    private mutating func range(_ bytes: [UInt8]) -> Range<Int> {
        let start = place(bytes)
        let longest = Bool.random(using: &random) ? 16 : bytes.count
        return start..<min(bytes.count, start + Int.random(in: 0...longest, using: &random))
    }

    private mutating func flip(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    }

    private mutating func set(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes[Int.random(in: bytes.indices, using: &random)] = Self.bytes.randomElement(using: &random) ?? 0
    }

    private mutating func insert(_ part: [UInt8], into bytes: inout [UInt8]) {
        bytes.insert(contentsOf: part, at: place(bytes))
    }

    private mutating func overwrite(_ bytes: inout [UInt8], with part: [UInt8]) {
        let start = place(bytes)
        bytes.replaceSubrange(start..<min(bytes.count, start + part.count), with: part)
    }

    /// The beginning of one and the end of another.
    private mutating func splice(_ bytes: inout [UInt8]) {
        let other = seeds.randomElement(using: &random) ?? []
        bytes = Array(bytes.prefix(place(bytes))) + other.dropFirst(place(other))
    }

    /// A byte that is a little more or less: nearly every length is one.
    private mutating func lengthLie(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: bytes.indices, using: &random)
        bytes[index] = bytes[index] &+ UInt8(truncatingIfNeeded: Int.random(in: -3...3, using: &random))
    }

    /// The same part many times over: depth, and large counts.
    private mutating func pile(_ bytes: inout [UInt8]) {
        let part = Bool.random(using: &random) ? words.randomElement(using: &random) ?? [] : Array(bytes[range(bytes)])
        guard !part.isEmpty else { return }
        let most = Self.maxSize / 4 / part.count
        let times = Int.random(in: 0..<8, using: &random) == 0 ? most : min(most, 40)
        let pile = repeatElement(part, count: Int.random(in: 0...times, using: &random)).joined()
        insert(Array(pile), into: &bytes)
    }
}
