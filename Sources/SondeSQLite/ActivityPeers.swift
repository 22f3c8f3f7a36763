// SPDX-License-Identifier: Apache-2.0
// Whom calls went to that no span answers, by the attributes of the calling spans, read block by block.

import SondeModel
import SondeStorage

struct GraphPeers {
    /// Names of peers by number.
    private(set) var names: [String] = []
    private var numbers: [String: Int32] = [:]

    /// What the block at hand knows of its keys.
    private struct Keys {
        /// For each local key which of the peer's keys it is; -1 for none.
        var which: [Int]
        /// For each local key and each value of its dictionary the number of its name; see below.
        var values: [[Int32]]
        static let isEmpty: Int32 = -1
        static let isUnknown: Int32 = -2
    }

    /// Sorts calls by where they lie, and calls `body` with those of each block and its place in the catalog.
    static func groups(
        _ calls: inout [WaitingCall], _ body: (ArraySlice<WaitingCall>, Int) throws(ReadError) -> Void
    ) throws(ReadError) {
        calls.sort { ($0.row.place, $0.row.row) < ($1.row.place, $1.row.row) }
        var next = 0
        while next < calls.count {
            let place = calls[next].row.place
            let end = calls[next...].firstIndex { $0.row.place != place } ?? calls.count
            try body(calls[next..<end], Int(place))
            next = end
        }
    }

    /// Calls `body` for each call of a block whose attributes name a peer, with the number of its name.
    mutating func read(
        _ calls: ArraySlice<WaitingCall>, in block: SpanBlockInfo, of file: BlockFile,
        _ body: (WaitingCall, Int32, ConnectionType) throws(ReadError) -> Void
    ) throws(ReadError) {
        let meta = try file.meta(.cold, block.id)
        let which = meta.keys.map { key in key.pseudo == nil ? Peer.keys.firstIndex(of: key.name) ?? -1 : -1 }
        let wanted = Set(which.indices.filter { which[$0] >= 0 })
        guard !wanted.isEmpty else { return }
        var keys = Keys(which: which, values: Array(repeating: [], count: which.count))
        var found = Array(repeating: Keys.isEmpty, count: Peer.keys.count)
        var isThere = Array(repeating: false, count: Peer.keys.count)
        try file.pick(calls.map(\.row.row), keys: wanted, in: block) { index, values throws(ReadError) in
            guard !values.places.isEmpty else { return }
            for key in found.indices { (found[key], isThere[key]) = (Keys.isEmpty, false) }
            // Of a key that comes twice the first counts.
            for (key, place) in values.places where !isThere[which[key]] {
                isThere[which[key]] = true
                found[which[key]] = name(key, place, values, &keys)
            }
            guard let (key, connection) = Peer.choose({ found[$0] != Keys.isEmpty }) else { return }
            try body(calls[calls.startIndex + index], found[key], connection)
        }
    }

    /// The number of a value's text.
    private mutating func name(
        _ key: Int, _ place: Int, _ values: borrowing PickedValues, _ keys: inout Keys
    ) -> Int32 {
        guard let number = values.number(key, place) else { return name(values.text(key, place)) }
        while keys.values[key].count <= number { keys.values[key].append(Keys.isUnknown) }
        if keys.values[key][number] == Keys.isUnknown { keys.values[key][number] = name(values.text(key, place)) }
        return keys.values[key][number]
    }

    private mutating func name(_ text: String) -> Int32 {
        guard !text.isEmpty else { return Keys.isEmpty }
        if let known = numbers[text] { return known }
        let number = Int32(truncatingIfNeeded: names.count)
        numbers[text] = number
        names.append(text)
        return number
    }
}

extension PickedValues {
    fileprivate borrowing func text(_ key: Int, _ place: Int) -> String {
        withValue(key, place) { $0.attributeValue.text } ?? ""
    }
}
