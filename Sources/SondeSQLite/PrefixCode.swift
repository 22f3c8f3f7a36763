// SPDX-License-Identifier: Apache-2.0
// Prefix codes as deflate has them (RFC 1951, 3.2.2): symbols that come often get few bits, none more than a bound.

struct PrefixCode: ~Copyable {
    /// How often each symbol comes; counted by whoever is about to write.
    var counts = Buffer<UInt32>()
    /// Bits of each symbol; 0 for one that does not come.
    private(set) var lengths = Buffer<UInt8>()
    /// What is written for each symbol: `bits << 16 | code`, the first bit of the code lowest.
    private(set) var words = Buffer<UInt32>()
    private let longest: Int
    /// Symbols that come, with their counts: `count << 9 | symbol`.
    private var used = Buffer<UInt32>()
    private var tree = Buffer<UInt32>()
    private var lengthCounts = Buffer<UInt32>()

    init(symbols: Int, longest: Int) {
        self.longest = longest
        counts.fill(0, count: symbols)
        lengths.fill(0, count: symbols)
        words.fill(0, count: symbols)
    }

    mutating func begin() { counts.fill(0, count: counts.count) }

    /// Makes the code for the counts. At least two symbols get one, so that it is complete, as readers want it.
    mutating func build() {
        sortUsed()
        findDepths()
        limitLengths()
        assignLengths()
        assignCodes()
    }

    /// Bits that all that was counted will take.
    var bitCount: Int {
        var bits = 0
        for symbol in 0..<counts.count { bits &+= Int(counts.base[symbol]) &* Int(lengths.base[symbol]) }
        return bits
    }

    /// How many symbols there are, without those at the end that do not come, but `least`.
    func usedPrefix(least: Int) -> Int {
        var count = lengths.count
        while count > least, lengths[count - 1] == 0 { count -= 1 }
        return count
    }

    private mutating func sortUsed() {
        used.removeAll()
        for symbol in 0..<counts.count where counts.base[symbol] > 0 {
            used.append(counts.base[symbol] << 9 | UInt32(symbol))
        }
        var spare: UInt32 = 0
        while used.count < 2 {
            if used.isEmpty || used[0] & 0x1FF != spare { used.append(1 << 9 | spare) }
            spare += 1
        }
        var entries = UnsafeMutableBufferPointer(start: used.base, count: used.count)
        entries.sort()
    }

    /// The depth of each used symbol, in the order of ``used``, in the tree that joins the two rarest again and again.
    /// Moffat's and Katajainen's method: the tree lies in place of the counts.
    private mutating func findDepths() {
        let count = used.count
        tree.removeAll()
        for entry in used.elements { tree.append(entry >> 9) }
        let node = tree.base
        // From left to right: an inner node gets the weights of the two rarest, leaves or inner nodes. A leaf is done
        // with; an inner node gets the place of its parent.
        node[0] &+= node[1]
        var leaf = 2
        var inner = 0
        for next in 1..<max(1, count - 1) {
            for isSecond in [false, true] {
                let takesInner = leaf >= count || (inner < next && node[inner] < node[leaf])
                let weight = takesInner ? node[inner] : node[leaf]
                if takesInner {
                    node[inner] = UInt32(next)
                    inner += 1
                } else {
                    leaf += 1
                }
                node[next] = isSecond ? node[next] &+ weight : weight
            }
        }
        // From right to left: depths of inner nodes, then of the leaves that they leave room for.
        node[count - 2] = 0
        for place in stride(from: count - 3, through: 0, by: -1) { node[place] = node[Int(node[place])] + 1 }
        var place = count - 1
        var next = count - 2
        var room = 1
        var depth: UInt32 = 0
        while room > 0 {
            var inner = 0
            while next >= 0, node[next] == depth {
                inner += 1
                next -= 1
            }
            while room > inner {
                node[place] = depth
                place -= 1
                room -= 1
            }
            room = 2 * inner
            depth += 1
        }
    }

    /// Counts symbols by length, and moves those that are too long up, until the code is complete again.
    private mutating func limitLengths() {
        lengthCounts.fill(0, count: longest + 1)
        for depth in tree.elements { lengthCounts[min(Int(depth), longest)] += 1 }
        var total: UInt32 = 0
        for length in 1...longest { total += lengthCounts[length] << UInt32(longest - length) }
        while total > 1 << UInt32(longest) {
            lengthCounts[longest] -= 1
            var shorter = longest - 1
            while lengthCounts[shorter] == 0 { shorter -= 1 }
            lengthCounts[shorter] -= 1
            lengthCounts[shorter + 1] += 2
            total -= 1
        }
    }

    /// The rarest get the longest.
    private mutating func assignLengths() {
        lengths.fill(0, count: lengths.count)
        var place = 0
        for length in stride(from: longest, to: 0, by: -1) {
            for _ in 0..<lengthCounts[length] {
                lengths[Int(used[place] & 0x1FF)] = UInt8(length)
                place += 1
            }
        }
    }

    /// Codes of one length count up in the order of their symbols, from twice what follows the last shorter one.
    private mutating func assignCodes() {
        tree.fill(0, count: longest + 1)
        for length in 1..<longest { tree[length + 1] = (tree[length] + lengthCounts[length]) << 1 }
        for symbol in 0..<lengths.count where lengths.base[symbol] > 0 {
            let length = Int(lengths.base[symbol])
            let code = UInt16(truncatingIfNeeded: tree.base[length]).reversedBits &>> UInt16(16 - length)
            words.base[symbol] = UInt32(length) << 16 | UInt32(code)
            tree.base[length] &+= 1
        }
    }
}

extension UInt16 {
    fileprivate var reversedBits: UInt16 {
        var bits = (self & 0x5555) << 1 | (self >> 1) & 0x5555
        bits = (bits & 0x3333) << 2 | (bits >> 2) & 0x3333
        bits = (bits & 0x0F0F) << 4 | (bits >> 4) & 0x0F0F
        return bits.byteSwapped
    }
}
