// SPDX-License-Identifier: Apache-2.0
// The wire format read in place: what is malformed is refused where it is, and nothing reads past its end.

import SondeModel
import Testing

@Suite("Protobuf reader")
struct ProtobufReaderTests {
    /// Field numbers and payload sizes of a message, or why it can't be read.
    private func fields(_ bytes: [UInt8]) -> Result<[Int], MalformedProtobuf> {
        (bytes.isEmpty ? [0] : bytes).withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .success([]) }
            var reader = ProtobufReader(base: base, range: 0..<bytes.count)
            var found: [Int] = []
            do throws(MalformedProtobuf) {
                while try reader.next() { found.append(reader.field) }
                return .success(found)
            } catch {
                return .failure(error)
            }
        }
    }

    private func reason(_ bytes: [UInt8]) -> String? {
        if case .failure(let error) = fields(bytes) { return error.reason }
        return nil
    }

    @Test func nothingIsAMessageWithoutFields() {
        #expect(fields([]) == .success([]))
    }

    @Test func fieldsNobodyReadsAreSteppedOver() {
        let message: [UInt8] = [0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1A, 2, 9, 9, 0x25, 1, 2, 3, 4]
        #expect(fields(message) == .success([1, 2, 3, 4]))
    }

    @Test func lengthBeyondTheEndIsNamed() {
        #expect(reason([0x0A, 0x05, 1, 2]) == "field 1 at byte 0 runs past the end")
        #expect(
            reason([0x08, 0x01, 0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
                == "field 2 at byte 2 runs past the end")
    }

    @Test func truncatedNumbersAreNamed() {
        #expect(reason([0x08]) == "field 1 at byte 0 runs past the end")
        #expect(reason([0x08, 0x80]) == "field 1 at byte 0 runs past the end")
        #expect(reason([0x09, 1, 2, 3]) == "field 1 at byte 0 runs past the end")
        #expect(reason([0x0D, 1, 2, 3]) == "field 1 at byte 0 runs past the end")
    }

    @Test func groupsAndFieldZeroAreRefused() {
        #expect(reason([0x0B]) == "field 1 at byte 0 has wire type 3")
        #expect(reason([0x00, 0x00])?.contains("has field number 0") == true)
    }

    @Test func varintBeyond64BitsIsRefused() {
        let tooLong: [UInt8] = [0x08] + Array(repeating: 0xFF, count: 10) + [0x01]
        #expect(reason(tooLong) == "field 1 at byte 0 holds a varint beyond 64 bits")
        let tooBig: [UInt8] = [0x08] + Array(repeating: 0xFF, count: 9) + [0x02]
        #expect(reason(tooBig) == "field 1 at byte 0 holds a varint beyond 64 bits")
    }

    @Test func wrongWireTypeIsNamed() {
        let bytes: [UInt8] = [0x08, 0x01]
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var reader = ProtobufReader(base: base, range: 0..<2)
            #expect(throws: MalformedProtobuf(reason: "field 1 at byte 0 has wire type 0, expected 2", offset: 0)) {
                _ = try reader.next()
                _ = try reader.readString()
            }
        }
    }
}
