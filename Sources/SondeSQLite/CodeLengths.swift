// SPDX-License-Identifier: Apache-2.0
// What stands before the tokens of a deflate block: the lengths of its two codes, from which readers make the codes.

/// The lengths of a block's codes, written in a third code, with runs folded (RFC 1951, 3.2.7).
struct CodeLengths: ~Copyable {
    /// In this order, so that those that rarely come are last and can be left out.
    private static let order: [Int] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    private var code = PrefixCode(symbols: 19, longest: 7)
    private var lengths = Buffer<UInt8>()
    /// A length, or a run of one: `repeats << 8 | symbol`.
    private var symbols = Buffer<UInt16>()
    private var literalCount = 0
    private var distanceCount = 0
    private var orderCount = 0
    private(set) var bitCount = 0

    mutating func build(_ literals: borrowing PrefixCode, _ distances: borrowing PrefixCode) {
        literalCount = literals.usedPrefix(least: 257)
        distanceCount = distances.usedPrefix(least: 1)
        lengths.removeAll()
        lengths.append(literals.lengths.base, count: literalCount)
        lengths.append(distances.lengths.base, count: distanceCount)
        fold()
        code.build()
        orderCount = Self.order.count
        while orderCount > 4, code.lengths[Self.order[orderCount - 1]] == 0 { orderCount -= 1 }
        bitCount = 14 + 3 * orderCount + code.bitCount
        for symbol in symbols.elements { bitCount += Self.extraBits(Int(symbol & 0xFF)) }
    }

    private mutating func fold() {
        code.begin()
        symbols.removeAll()
        var place = 0
        while place < lengths.count {
            let length = lengths[place]
            var run = 1
            while place + run < lengths.count, lengths[place + run] == length { run += 1 }
            place += run
            if length > 0 {
                add(Int(length), repeats: 0)
                run -= 1
            }
            while run >= 3 {
                let most = length > 0 ? 6 : 138
                let part = min(run, most)
                let symbol = length > 0 ? 16 : part > 10 ? 18 : 17
                add(symbol, repeats: part - (symbol == 18 ? 11 : 3))
                run -= part
            }
            for _ in 0..<run { add(Int(length), repeats: 0) }
        }
    }

    private mutating func add(_ symbol: Int, repeats: Int) {
        symbols.append(UInt16(repeats << 8 | symbol))
        code.counts[symbol] += 1
    }

    private static func extraBits(_ symbol: Int) -> Int {
        switch symbol {
        case 16: 2
        case 17: 3
        case 18: 7
        default: 0
        }
    }

    func write(into writer: inout BitWriter) {
        writer.write(UInt64(literalCount - 257), bits: 5)
        writer.write(UInt64(distanceCount - 1), bits: 5)
        writer.write(UInt64(orderCount - 4), bits: 4)
        for symbol in Self.order.prefix(orderCount) { writer.write(UInt64(code.lengths[symbol]), bits: 3) }
        for symbol in symbols.elements {
            writer.write(code.words[Int(symbol & 0xFF)])
            writer.write(UInt64(symbol >> 8), bits: Self.extraBits(Int(symbol & 0xFF)))
        }
    }
}
