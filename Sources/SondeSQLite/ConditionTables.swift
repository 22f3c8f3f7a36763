// SPDX-License-Identifier: Apache-2.0
// A condition against one block: each leaf is decided once for each operation, each context and each value of a
// dictionary, then looked up for the spans. The exact evaluator decides, on a span that bears nothing but the value.

import SondeModel
import SondeStorage

/// What one leaf is worth on the attributes of a block.
struct LeafTables {
    /// Beside those of ``Truth``: the value does not decide, the next scope does.
    static let elsewhere: UInt8 = 3

    /// Local keys whose columns it looks at.
    fileprivate(set) var keys: [Int] = []
    /// For each of `keys` in dictionary mode the truth by number; empty for other modes.
    fileprivate(set) var numbers: [[UInt8]] = []
    /// By context.
    fileprivate(set) var contexts: [UInt8] = []
    /// Of a span that bears nothing.
    fileprivate(set) var absent: UInt8 = 0
    /// For each shape the places of `keys` in it, as indices into `keys`, in order.
    fileprivate(set) var shapes: [[Int]] = []
}

/// The cold columns of a condition in one block.
struct ConditionTables {
    let condition: SpanCondition
    /// By leaf; nil for leaves that no cold column tells of.
    let leaves: [LeafTables?]
    /// The local keys whose columns are read, and their dictionaries.
    let keys: Set<Int>
    let values: ColumnValues
    let extrasKey: Int?

    /// `readValues` reads the dictionaries of the keys it is given.
    init(
        _ condition: SpanCondition, meta: ColumnMeta,
        readValues: (Set<Int>) throws(ReadError) -> ColumnValues
    ) throws(ReadError) {
        self.condition = condition
        let extras = meta.keys.firstIndex { $0.pseudo == PseudoKey.extras }
        let looksAtExtras = condition.leaves.contains { $0.looksAtExtras }
        extrasKey = looksAtExtras ? extras : nil
        let local = condition.leaves.map { $0.localKeys(meta) }
        keys = Set(local.joined()).union(extrasKey.map { [$0] } ?? [])
        let values = try readValues(keys)
        self.values = values
        let contexts = meta.spanContexts(for: condition.leaves)
        leaves = zip(condition.leaves, local).map { leaf, keys in
            leaf.isCold ? LeafTables(leaf, keys, meta, values, contexts) : nil
        }
    }

    /// Whether some span of the block could meet the condition, as far as its dictionaries and contexts tell.
    func canHold(_ known: (Int) -> Truth) -> Bool {
        condition.truth { number in
            guard let tables = leaves[number] else { return known(number) }
            return min(known(number), tables.summary(hasExtras: extrasKey != nil))
        } != .no
    }

    /// For each span of a slice what the leaf is worth.
    func truths(_ number: Int, _ slice: ColumnSlice) -> TruthColumn {
        guard let tables = leaves[number] else { return .same(.open) }
        return .each(tables.truths(condition.leaves[number], slice, extrasKey: extrasKey))
    }
}

extension ConditionLeaf {
    /// Whether cold columns tell of it.
    var isCold: Bool {
        switch subject {
        case .service, .spanAttribute, .attribute, .anywhere, .context, .extras, .statusMessage: true
        case .trace, .constant, .operation, .status, .duration, .parent, .several: false
        }
    }

    fileprivate var looksAtExtras: Bool {
        switch subject {
        case .attribute, .anywhere, .extras: true
        default: false
        }
    }

    fileprivate func localKeys(_ meta: ColumnMeta) -> [Int] {
        switch subject {
        case .spanAttribute(let key), .attribute(let key), .anywhere(let key):
            meta.keys.indices.filter { meta.keys[$0].pseudo == nil && meta.keys[$0].name == key }
        case .statusMessage: meta.keys.indices.filter { meta.keys[$0].pseudo == PseudoKey.text }
        default: []
        }
    }

    /// What it is worth on a span that `change` has given what it looks at.
    func probe(_ change: (inout SpanRecord) -> Void) -> UInt8 {
        var span = SpanRecord(
            traceID: .zero, spanID: SpanID(0), parentSpanID: SpanID(0), name: "", kind: .unspecified, start: .zero,
            end: .zero)
        change(&span)
        return Truth(expression.holds(on: span)).rawValue
    }

    /// What it is worth on a span with this value of its key, or status message.
    fileprivate func probe(_ value: ColumnSlice.Value) -> UInt8 {
        switch subject {
        case .spanAttribute(let key), .anywhere(let key):
            return probe { $0.attributes = [Attribute(key, value.attributeValue)] }
        case .attribute(let key):
            let value = value.attributeValue
            return value == .empty ? LeafTables.elsewhere : probe { $0.attributes = [Attribute(key, value)] }
        default: return probe { $0.status.message = value.plainText }
        }
    }

    /// The same for events and links.
    fileprivate func probe(_ extras: SpanExtras) -> UInt8 {
        probe {
            $0.events = extras.events
            $0.links = extras.links
        }
    }

    fileprivate func probe(_ context: (Resource, InstrumentationScope)) -> UInt8 {
        if case .attribute(let key) = subject {
            let isThere = [context.0.attributes[key], context.1.attributes[key]].contains { $0 != nil && $0 != .empty }
            if !isThere { return LeafTables.elsewhere }
        }
        return probe {
            $0.resource = context.0
            $0.scope = context.1
        }
    }
}

extension ColumnMeta {
    /// Resource and scope of each context, if a leaf looks at them.
    fileprivate func spanContexts(for leaves: [ConditionLeaf]) -> [(Resource, InstrumentationScope)] {
        let isAsked = leaves.contains { leaf in
            switch leaf.subject {
            case .service, .attribute, .anywhere, .context: true
            default: false
            }
        }
        guard isAsked else { return [] }
        let resources = resources.map { bytes in
            bytes.withUnsafeBufferPointer { (try? Envelope($0, hasService: true)?.resource()) ?? Resource() }
        }
        let scopes = scopes.map { bytes in
            bytes.withUnsafeBufferPointer { (try? Envelope($0, hasService: false)?.scope()) ?? InstrumentationScope() }
        }
        return contexts.map { (resources[Int($0.resource)], scopes[Int($0.scope)]) }
    }
}

extension LeafTables {
    fileprivate init(
        _ leaf: ConditionLeaf, _ keys: [Int], _ meta: ColumnMeta, _ values: ColumnValues,
        _ contexts: [(Resource, InstrumentationScope)]
    ) {
        self.keys = keys
        numbers = keys.map { key in values.map(key: key) { leaf.probe($0) } }
        self.contexts = contexts.map { leaf.probe($0) }
        absent = leaf.probe { _ in }
        shapes = meta.shapes.map { shape in shape.compactMap { keys.firstIndex(of: $0) } }
    }

    /// The most that any span could be worth, and `no` only if none can.
    fileprivate func summary(hasExtras: Bool) -> Truth {
        if hasExtras || absent != 0 { return .open }
        // Without a dictionary any value may stand in the column.
        if numbers.contains(where: { $0.isEmpty || $0.contains { $0 == 1 || $0 == 2 } }) { return .open }
        return contexts.contains { $0 == 1 || $0 == 2 } ? .open : .no
    }

    /// For each span of a slice.
    fileprivate func truths(_ leaf: ConditionLeaf, _ slice: ColumnSlice, extrasKey: Int?) -> [UInt8] {
        let columns = keys.indices.map { column(leaf, slice, $0) }
        var next = Array(repeating: 0, count: keys.count)
        var extras = ExtrasWalk(slice, key: extrasKey)
        return (0..<slice.shapes.count).map { index in
            let extra = extras.next(index)
            let places = shapes[Int(slice.shapes[index])]
            let first = places.first.map { columns[$0][next[$0]] }
            var most: UInt8 = 0
            for key in places {
                most = max(most, columns[key][next[key]])
                next[key] += 1
            }
            func ofExtras() -> UInt8 {
                guard let extra, let extrasKey, let column = slice.columns[extrasKey] else { return absent }
                return leaf.probe(slice.withValue(key: extrasKey, column, extra) { $0.extras })
            }
            switch leaf.subject {
            case .spanAttribute, .statusMessage: return first ?? absent
            case .context, .service: return contexts[Int(slice.contexts[index])]
            case .extras: return ofExtras()
            case .anywhere:
                most = max(most, contexts[Int(slice.contexts[index])])
                return most == 2 ? most : max(most, ofExtras())
            default:
                if let first, first != Self.elsewhere { return first }
                let context = contexts[Int(slice.contexts[index])]
                return context != Self.elsewhere ? context : ofExtras()
            }
        }
    }

    /// The truth of each value of a key in a slice.
    private func column(_ leaf: ConditionLeaf, _ slice: ColumnSlice, _ place: Int) -> [UInt8] {
        let key = keys[place]
        guard let column = slice.columns[key] else { return [] }
        guard column.mode != .dictionary else {
            let numbers = numbers[place]
            return column.numbers.map { numbers[Int($0)] }
        }
        return (0..<column.count).map { at in slice.withValue(key: key, column, at) { leaf.probe($0) } }
    }
}

extension ColumnValues {
    /// What `body` makes of each value of a key in dictionary mode; empty for a key of another mode.
    fileprivate func map(key: Int, _ body: (ColumnSlice.Value) -> UInt8) -> [UInt8] {
        let places = offsets[key]
        guard places.count > 1 else { return [] }
        return bytes.withUnsafeBufferPointer { bytes in
            (1..<places.count).map { next in
                let range = Int(places[next - 1])..<Int(places[next])
                return body(.anyValue(UnsafeBufferPointer(rebasing: bytes[range])))
            }
        }
    }
}
