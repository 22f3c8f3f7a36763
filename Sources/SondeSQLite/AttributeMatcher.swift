// SPDX-License-Identifier: Apache-2.0
// Checks attribute conditions on the spans of one block, on the columns as they lie there.

import SondeModel
import SondeStorage

/// The conditions of a query against one block. Values are compared as text, byte by byte.
struct AttributeMatcher {
    private let conditions: [AttributeCondition]
    /// For each condition: which local keys bear its name, and which contexts meet it by resource or scope.
    private let keys: [[Bool]]
    private let contexts: [[Bool]]
    private let extrasKey: Int?

    init(_ conditions: [AttributeCondition], meta: ColumnMeta) {
        self.conditions = conditions
        extrasKey = meta.keys.firstIndex { $0.pseudo == PseudoKey.extras }
        keys = conditions.map { condition in meta.keys.map { $0.pseudo == nil && $0.name == condition.key } }
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
        contexts = conditions.map { condition in
            meta.contexts.map { context in
                Self.holds(condition, resources[Int(context.resource)]) || Self.holds(condition, scopes[Int(context.scope)])
            }
        }
    }

    private static func holds(_ condition: AttributeCondition, _ attributes: [Attribute]) -> Bool {
        attributes.contains { $0.key == condition.key && $0.value.text == condition.value }
    }

    /// Whether any span of the block could meet every condition, by its keys and contexts alone.
    var canMatch: Bool {
        conditions.indices.allSatisfy { keys[$0].contains(true) || contexts[$0].contains(true) || extrasKey != nil }
    }

    func matches(_ slice: ColumnSlice, _ index: Int) -> Bool {
        conditions.indices.allSatisfy { condition in
            if contexts[condition][Int(slice.contexts[index])] { return true }
            for (place, key) in slice.keys(index).enumerated() {
                if keys[condition][key] {
                    let value = conditions[condition].value
                    if slice.withValue(index, place, { $0.matches(text: value) }) { return true }
                } else if key == extrasKey {
                    let attributes = slice.withValue(index, place) { $0.extras.attributes }
                    if Self.holds(conditions[condition], attributes) { return true }
                }
            }
            return false
        }
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
