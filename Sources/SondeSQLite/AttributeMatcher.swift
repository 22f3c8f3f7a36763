// SPDX-License-Identifier: Apache-2.0
// Checks attribute conditions on the spans of one block, on the columns as they lie there: each condition is decided
// once for each value of a dictionary and once for each context, then looked up for the spans.

import SondeModel
import SondeStorage

/// The conditions of a query against one block. Values are compared as text, byte by byte.
struct AttributeMatcher {
    private let conditions: [Condition]
    private let extrasKey: Int?
    /// The local keys whose columns ``matches(_:)`` looks at, and their dictionaries.
    let keys: Set<Int>
    let values: ColumnValues

    private struct Condition {
        var attribute: AttributeCondition
        /// Local keys that bear its name.
        var keys: [Int] = []
        /// For each of `keys` in dictionary mode which of its values meet it; empty for other modes.
        var numbers: [[Bool]] = []
        /// Which contexts meet it by resource or scope.
        var contexts: [Bool]
        /// For each shape the places of `keys` in it, as indices into `keys`, in order.
        var shapes: [[Int]] = []

        /// Whether a span of the block could meet it, as far as dictionaries and contexts tell.
        var canMatch: Bool { contexts.contains(true) || numbers.contains { $0.isEmpty || $0.contains(true) } }
    }

    /// `readValues` reads the dictionaries of the keys it is given.
    init(
        _ attributes: [AttributeCondition], meta: ColumnMeta,
        readValues: (Set<Int>) throws(ReadError) -> ColumnValues
    ) throws(ReadError) {
        let names = Set(attributes.map(\.key))
        let extras = meta.keys.firstIndex { $0.pseudo == PseudoKey.extras }
        extrasKey = extras
        let attributeKeys = meta.keys.indices.filter {
            meta.keys[$0].pseudo == nil && names.contains(meta.keys[$0].name)
        }
        keys = Set(attributeKeys).union(extras.map { [$0] } ?? [])
        let values = try readValues(keys)
        self.values = values
        let resources = meta.resources.map { Self.attributes($0, hasService: true, of: attributes) }
        let scopes = meta.scopes.map { Self.attributes($0, hasService: false, of: attributes) }
        conditions = attributes.map { attribute in
            var condition = Condition(
                attribute: attribute,
                contexts: meta.contexts.map { context in
                    Self.holds(attribute, resources[Int(context.resource)])
                        || Self.holds(attribute, scopes[Int(context.scope)])
                })
            condition.keys = attributeKeys.filter { meta.keys[$0].name == attribute.key }
            condition.numbers = condition.keys.map { values.matching(attribute.value, key: $0) }
            condition.shapes = meta.shapes.map { shape in shape.compactMap { condition.keys.firstIndex(of: $0) } }
            return condition
        }
    }

    /// The attributes of a resource or scope; none if it bears none of the names.
    private static func attributes(
        _ envelope: [UInt8], hasService: Bool, of conditions: [AttributeCondition]
    ) -> [Attribute] {
        envelope.withUnsafeBufferPointer { bytes in
            guard conditions.contains(where: { contains(bytes, Array($0.key.utf8)) }) else { return [] }
            guard let envelope = Envelope(bytes, hasService: hasService) else { return [] }
            return (try? hasService ? envelope.resource().attributes : envelope.scope().attributes) ?? []
        }
    }

    private static func contains(_ bytes: UnsafeBufferPointer<UInt8>, _ needle: [UInt8]) -> Bool {
        guard let first = needle.first, bytes.count >= needle.count else { return needle.isEmpty }
        return (0...(bytes.count - needle.count)).contains { start in
            bytes[start] == first && needle.indices.allSatisfy { bytes[start + $0] == needle[$0] }
        }
    }

    private static func holds(_ condition: AttributeCondition, _ attributes: [Attribute]) -> Bool {
        attributes.contains {
            $0.key.utf8.elementsEqual(condition.key.utf8) && $0.value.text.utf8.elementsEqual(condition.value.utf8)
        }
    }

    /// Whether any span of the block could meet every condition, by its dictionaries and contexts alone.
    var canMatch: Bool { extrasKey != nil || conditions.allSatisfy(\.canMatch) }

    /// For each record of a slice whether it meets every condition.
    func matches(_ slice: ColumnSlice) -> [Bool] {
        var matches = Array(repeating: true, count: slice.shapes.count)
        for condition in conditions {
            var next = Array(repeating: 0, count: condition.keys.count)
            let columns = condition.keys.indices.map {
                slice.matches(condition.attribute.value, key: condition.keys[$0], condition.numbers[$0])
            }
            var extras = ExtrasWalk(slice, key: extrasKey)
            for index in matches.indices {
                let extra = extras.next(index)
                var isMet = condition.contexts[Int(slice.contexts[index])]
                for key in condition.shapes[Int(slice.shapes[index])] {
                    if columns[key][next[key]] { isMet = true }
                    next[key] += 1
                }
                guard matches[index], !isMet else { continue }
                matches[index] = extra.map { extrasHold(condition.attribute, slice, $0) } ?? false
            }
        }
        return matches
    }

    private func extrasHold(_ condition: AttributeCondition, _ slice: ColumnSlice, _ place: Int) -> Bool {
        guard let extrasKey, let column = slice.columns[extrasKey] else { return false }
        return Self.holds(condition, slice.withValue(key: extrasKey, column, place) { $0.extras.attributes })
    }
}

/// Finds the place of each record's extras in their column, record by record.
struct ExtrasWalk {
    private let slice: ColumnSlice
    /// For each shape whether it has extras.
    private let shapes: [Bool]
    private var place = 0

    init(_ slice: ColumnSlice, key: Int?) {
        self.slice = slice
        shapes = slice.meta.shapes.map { shape in key.map(shape.contains) ?? false }
    }

    mutating func next(_ index: Int) -> Int? {
        guard shapes[Int(slice.shapes[index])] else { return nil }
        defer { place += 1 }
        return place
    }
}

extension ColumnValues {
    /// For each value of a key in dictionary mode whether it is `text`; empty for a key of another mode.
    fileprivate func matching(_ text: String, key: Int) -> [Bool] {
        let places = offsets[key]
        guard places.count > 1 else { return [] }
        return bytes.withUnsafeBufferPointer { bytes in
            (0..<(places.count - 1)).map { number in
                let value = UnsafeBufferPointer(rebasing: bytes[Int(places[number])..<Int(places[number + 1])])
                return ColumnSlice.Value.anyValue(value).matches(text: text)
            }
        }
    }
}

extension ColumnSlice {
    /// For each value of a key in this slice whether it is `text`; `numbers` tells it for a dictionary's values.
    fileprivate func matches(_ text: String, key: Int, _ numbers: [Bool]) -> [Bool] {
        guard let column = columns[key] else { return [] }
        guard column.mode != .dictionary else { return column.numbers.map { numbers[Int($0)] } }
        return (0..<column.count).map { place in withValue(key: key, column, place) { $0.matches(text: text) } }
    }
}

extension ColumnSlice.Value {
    /// The value of ``PseudoKey/extras``, whatever mode its column has.
    var extras: SpanExtras {
        var scratch = ByteBuffer()
        return withAnyValue(&scratch) { SpanExtras(UnsafeBufferPointer(start: $0, count: $1)) }
    }

    /// The value of a pseudo key that holds text.
    var plainText: String {
        var scratch = ByteBuffer()
        return withAnyValue(&scratch) { String(decoding: UnsafeBufferPointer(start: $0, count: $1), as: UTF8.self) }
    }
}

extension BlockFile {
    /// The conditions against a block of spans.
    func matcher(_ attributes: [AttributeCondition], _ block: SpanBlockInfo) throws(ReadError) -> AttributeMatcher {
        try AttributeMatcher(attributes, meta: try meta(.cold, block.id)) { keys throws(ReadError) in
            try values(block, keys: keys)
        }
    }

    /// For each span of a slice whether it meets the conditions.
    func matches(
        _ matcher: AttributeMatcher, _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead
    ) throws(ReadError) -> [Bool] {
        matcher.matches(try columns(block, slice, head, keys: matcher.keys, values: matcher.values))
    }
}
