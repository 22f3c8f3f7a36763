// SPDX-License-Identifier: Apache-2.0
// The cold columns of a block as SQL shows them: attributes of a record as JSON, resources and scopes. What many records
// share is made once: quoted keys, values of dictionaries, resources.

import SondeModel
import SondeStorage

struct ColumnText {
    private let meta: ColumnMeta
    private let keys: [[UInt8]]
    /// By key and number; empty until it is made.
    private var dictionary: [[[UInt8]]] = []
    private var resources: [Int: [UInt8]] = [:]
    private var scopes: [Int: [UInt8]] = [:]
    private var builder: SpanRecordBuilder
    private(set) var text = JSONText()

    init(_ meta: ColumnMeta, _ names: StoredNames) {
        self.meta = meta
        builder = SpanRecordBuilder(meta: meta, names: names)
        keys = meta.keys.map { key in
            var text = JSONText()
            text.append(quoted: key.name)
            text.append(UInt8(ascii: ":"))
            return text.bytes
        }
        dictionary = Array(repeating: [], count: keys.count)
    }

    /// Writes the attributes of a record into ``text``.
    mutating func writeAttributes(_ slice: ColumnSlice, _ index: Int) {
        text.removeAll()
        text.append(UInt8(ascii: "{"))
        var isFirst = true
        for (place, key) in slice.keys(index).enumerated() where meta.keys[key].pseudo == nil {
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            text.append(raw: keys[key])
            writeValue(slice, key, Int(slice.places[slice.firstPlaces[index] + place]))
        }
        text.append(UInt8(ascii: "}"))
    }

    private mutating func writeValue(_ slice: ColumnSlice, _ key: Int, _ place: Int) {
        guard let column = slice.columns[key] else { return text.append("null") }
        guard column.mode == .dictionary else {
            slice.withValue(key: key, column, place) { Self.write($0, &text) }
            return
        }
        let number = Int(column.numbers[place])
        while dictionary[key].count <= number { dictionary[key].append([]) }
        if dictionary[key][number].isEmpty {
            var value = JSONText()
            slice.withValue(key: key, column, place) { Self.write($0, &value) }
            dictionary[key][number] = value.bytes
        }
        text.append(raw: dictionary[key][number])
    }

    private static func write(_ value: ColumnSlice.Value, _ text: inout JSONText) {
        switch value {
        case .string(let bytes): text.append(quoted: bytes)
        case .integer(let number): text.append(Int64(bitPattern: number))
        case .anyValue(let bytes):
            if let plain = AnyValueBytes.string(bytes) {
                text.append(quoted: plain)
            } else {
                text.append(AnyValueBytes.value(bytes))
            }
        }
    }

    mutating func resource(_ index: Int) -> [UInt8] {
        if let known = resources[index] { return known }
        var text = JSONText()
        text.append(builder.resource(index).attributes)
        resources[index] = text.bytes
        return text.bytes
    }

    mutating func scope(_ index: Int) -> [UInt8] {
        if let known = scopes[index] { return known }
        var text = JSONText()
        text.append(builder.scope(index))
        scopes[index] = text.bytes
        return text.bytes
    }
}

extension ColumnSlice {
    /// Calls `body` with the value that a record has of a pseudo key; nil without one.
    func pseudo<R>(_ key: Int, _ index: Int, _ body: (Value) -> R) -> R? {
        for (place, local) in keys(index).enumerated() where meta.keys[local].pseudo == key {
            return withValue(index, place, body)
        }
        return nil
    }
}
