// SPDX-License-Identifier: Apache-2.0
// Only the shortest encodings count as plain: everything else is kept byte by byte.

import Testing

@testable import SondeSQLite

@Suite("AnyValue bytes")
struct AnyValueBytesTests {
    private func string(_ bytes: [UInt8]) -> [UInt8]? {
        bytes.withUnsafeBufferPointer { AnyValueBytes.string($0).map(Array.init) }
    }

    private func integer(_ bytes: [UInt8]) -> UInt64? { bytes.withUnsafeBufferPointer { AnyValueBytes.integer($0) } }

    @Test func readsOneString() {
        #expect(string([0x0A, 2, 0x68, 0x69]) == [0x68, 0x69])
        #expect(string([0x0A, 0]) == [])
        let long = [UInt8](repeating: 0x61, count: 200)
        #expect(string([0x0A, 0xC8, 0x01] + long) == long)
    }

    @Test(
        arguments: [
            [], [0x0A], [0x0A, 3, 0x68, 0x69], [0x0A, 1, 0x68, 0x69], [0x12, 1, 0x68], [0x0A, 1, 0x68, 0x0A, 1, 0x69],
            [0x0A, 0x82, 0x00, 0x68, 0x69],
        ] as [[UInt8]])
    func takesNothingElseForAString(bytes: [UInt8]) {
        #expect(string(bytes) == nil)
        #expect(string(bytes + [UInt8](repeating: 0x61, count: 140)) == nil)
    }

    @Test func readsOneInteger() {
        #expect(integer([0x18, 0]) == 0)
        #expect(integer([0x18, 0xAC, 0x02]) == 300)
        #expect(integer([0x18] + [UInt8](repeating: 0xFF, count: 9) + [1]) == .max)
    }

    @Test(
        arguments: [
            [], [0x18], [0x18, 0x80], [0x18, 0x80, 0x00], [0x18, 1, 1], [0x10, 1],
            [0x18] + [UInt8](repeating: 0xFF, count: 9) + [2],
        ] as [[UInt8]])
    func takesNothingElseForAnInteger(bytes: [UInt8]) {
        #expect(integer(bytes) == nil)
    }

    @Test func packsHexDigitsAndGivesThemBack() {
        let value = Array("00ff10a9deadbeef".utf8)
        let bytes = [0x0A, UInt8(value.count)] + value
        var packed = ByteBuffer()
        bytes.withUnsafeBufferPointer { bytes in
            guard let text = AnyValueBytes.hex(bytes) else { return }
            AnyValueBytes.pack(text, into: &packed)
        }
        #expect(packed.count == 8)
        #expect(AnyValueBytes.hexText(packed.array[...]) == value)
    }

    @Test(arguments: ["00FF10A9DEADBEEF", "00ff10a9deadbee", "abc", "00ff10a9deadbeeg"])
    func takesOnlyLowerCaseIdsForHex(text: String) {
        let bytes = [0x0A, UInt8(text.utf8.count)] + Array(text.utf8)
        #expect(bytes.withUnsafeBufferPointer { AnyValueBytes.hex($0) == nil })
    }
}
