// SPDX-License-Identifier: Apache-2.0
// Checks attribute conditions on the spans of one block, on the columns as they lie there: each condition is decided
// once for each value of a dictionary and once for each context, then looked up for the spans.

import SondeModel
import SondeStorage

/// The conditions of a query against one block. Values are compared as text, byte by byte.
struct AttributeMatcher {
    private let conditions: [Condition]
    private let extrasKey: Int?

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

    init(_ attributes: [AttributeCondition], meta: ColumnMeta, values: ColumnValues) {
        extrasKey = meta.keys.firstIndex { $0.pseudo == PseudoKey.extras }
        let resources = meta.resources.map { bytes in
            bytes.withUnsafeBufferPointer { bytes -> [Attribute] in
                (try? Envelope(bytes, hasService: true)?.resource().attributes) ?? []
            }
        }
        let scopes = meta.scopes.map { bytes in
            bytes.withUnsafeBufferPointer { bytes -> [Attribute] in
                (try? Envelope(bytes, hasService: false)?.scope().attributes) ?? []
            }
        }
        conditions = attributes.map { attribute in
            var condition = Condition(
                attribute: attribute,
                contexts: meta.contexts.map { context in
                    Self.holds(attribute, resources[Int(context.resource)])
                        || Self.holds(attribute, scopes[Int(context.scope)])
                })
            condition.keys = meta.keys.indices.filter {
                meta.keys[$0].pseudo == nil && meta.keys[$0].name == attribute.key
            }
            condition.numbers = condition.keys.map { values.matching(attribute.value, key: $0) }
            condition.shapes = meta.shapes.map { shape in shape.compactMap { condition.keys.firstIndex(of: $0) } }
            return condition
        }
    }

    private static func holds(_ condition: AttributeCondition, _ attributes: [Attribute]) -> Bool {
        attributes.contains { $0.key == condition.key && $0.value.text == condition.value }
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
            for index in matches.indices {
                var isMet = condition.contexts[Int(slice.contexts[index])]
                for key in condition.shapes[Int(slice.shapes[index])] {
                    if columns[key][next[key]] { isMet = true }
                    next[key] += 1
                }
                guard matches[index], !isMet else { continue }
                matches[index] = extrasHold(condition.attribute, slice, index)
            }
        }
        return matches
    }

    private func extrasHold(_ condition: AttributeCondition, _ slice: ColumnSlice, _ index: Int) -> Bool {
        guard let extrasKey, let place = slice.keys(index).firstIndex(of: extrasKey) else { return false }
        return Self.holds(condition, slice.withValue(index, place) { $0.extras.attributes })
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
