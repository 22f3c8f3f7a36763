// SPDX-License-Identifier: Apache-2.0
// KeyValue and AnyValue, written. The numbers are drawn in Model's AttributeCursor.swift.

package import SondeModel

extension OTLPEncoder {
    /// `attributes` as `KeyValue` messages in fields numbered `field`.
    package static func attributes(_ attributes: [Attribute], field: Int, into writer: inout ProtobufWriter) {
        for attribute in attributes {
            writer.message(field: field) { writer in
                writer.string(attribute.key, field: 1)
                writer.message(field: 2) { value(attribute.value, into: &$0) }
            }
        }
    }

    /// The fields of an `AnyValue` message: one, or none for ``AttributeValue/empty``.
    package static func value(_ value: AttributeValue, into writer: inout ProtobufWriter) {
        switch value {
        case .empty: break
        case .string(let text): writer.string(text, field: 1)
        case .bool(let flag): writer.varint(flag ? 1 : 0, field: 2)
        case .int(let number): writer.varint(UInt64(bitPattern: number), field: 3)
        case .double(let number): writer.fixed64(number.bitPattern, field: 4)
        case .array(let values):
            writer.message(field: 5) { writer in
                for element in values { writer.message(field: 1) { self.value(element, into: &$0) } }
            }
        case .map(let entries):
            writer.message(field: 6) { attributes(entries, field: 1, into: &$0) }
        case .bytes(let bytes): writer.bytes(bytes, field: 7)
        }
    }
}
