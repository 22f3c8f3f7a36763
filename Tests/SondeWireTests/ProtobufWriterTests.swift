// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing

@testable import SondeWire

struct ProtobufWriterTests {
    /// The worked example of the encoding guide: field 1 = 150.
    @Test func writesTheExampleOfTheEncodingGuide() {
        var writer = ProtobufWriter()
        writer.varint(150, field: 1)
        #expect(writer.bytes == [0x08, 0x96, 0x01])
    }

    @Test(arguments: [0, 1, 127, 128, 300, 16_383, 16_384, 2_100_000])
    func writesTheShortestLengthForAnyMessage(count: Int) throws {
        var writer = ProtobufWriter()
        let payload = [UInt8](repeating: 7, count: count)
        writer.varint(1, field: 1)
        writer.message(field: 2) { $0.bytes.append(contentsOf: payload) }
        writer.varint(2, field: 3)

        var byField = ProtobufWriter()
        byField.varint(1, field: 1)
        byField.bytes(payload, field: 2)
        byField.varint(2, field: 3)
        #expect(writer.bytes == byField.bytes)
    }

    @Test(arguments: [0, 1, 0x7F, 0x80, UInt64(UInt32.max), .max])
    func readsBackWhatItWrote(value: UInt64) throws {
        var writer = ProtobufWriter()
        writer.varint(value, field: 1)
        writer.fixed64(value, field: 2)
        writer.fixed32(UInt32(truncatingIfNeeded: value), field: 3)
        writer.string("größe", field: 536_870_911)
        try writer.bytes.withUnsafeBufferPointer { buffer in
            let base = try #require(buffer.baseAddress)
            var reader = ProtobufReader(base: base, range: 0..<buffer.count)
            #expect(try reader.next())
            #expect(try reader.readVarint() == value)
            #expect(try reader.next())
            #expect(try reader.readFixed64() == value)
            #expect(try reader.next())
            #expect(try reader.readFixed32() == UInt32(truncatingIfNeeded: value))
            #expect(try reader.next())
            #expect(reader.field == 536_870_911)
            #expect(try reader.readString() == "größe")
            #expect(try !reader.next())
        }
    }
}
