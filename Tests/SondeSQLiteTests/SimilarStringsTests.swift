// SPDX-License-Identifier: Apache-2.0
// Strings written by what they share come back as they were; bytes that say the impossible are refused.

import Testing

@testable import SondeSQLite

@Suite("Similar strings")
struct SimilarStringsTests {
    private func write(_ texts: [[UInt8]]) -> ByteBuffer {
        // All strings stand in one place, since the writer keeps addresses until it has finished.
        let joined = texts.flatMap { $0 }
        var buffer = ByteBuffer()
        joined.withUnsafeBufferPointer { joined in
            var writer = SimilarWriter()
            writer.begin()
            var next = 0
            for text in texts {
                writer.add(UnsafeBufferPointer(rebasing: joined[next..<(next + text.count)]))
                next += text.count
            }
            writer.finish(into: &buffer)
        }
        return buffer
    }

    private func read(_ buffer: borrowing ByteBuffer, count: Int) throws -> [[UInt8]] {
        var reader = ByteReader(buffer.elements)
        let strings = try SimilarStrings(&reader, count: count)
        #expect(reader.isAtEnd)
        var other = ByteReader(buffer.elements)
        try SimilarStrings.skip(&other, count: count)
        #expect(other.isAtEnd)
        return (0..<count).map { Array(strings.bytes[Int(strings.offsets[$0])..<Int(strings.offsets[$0 + 1])]) }
    }

    @Test func damagedRunsAreRefused() throws {
        // A model before the first; more shared than there is; an end in the middle; lengths beyond every bound.
        let damaged: [[UInt8]] = [
            [1, 0, 0, 0], [0, 1, 9, 0, 2, 0, 65, 66], [0, 0, 4, 65], [0, 0x80],
            [0, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 65],
        ]
        for (bytes, count) in zip(damaged, [1, 2, 2, 1, 1]) {
            bytes.withUnsafeBufferPointer { bytes in
                var reader = ByteReader(bytes)
                #expect(throws: Damage.self) { try SimilarStrings(&reader, count: count) }
            }
        }
        var nothing = ByteReader(UnsafeBufferPointer(start: nil, count: 0))
        #expect(throws: Damage.self) { try SimilarStrings(&nothing, count: 1) }
    }

    @Test func stringsOfATemplateTakeLittleMoreThanTheirDifference() throws {
        let texts = (0..<200).map {
            [UInt8]("SELECT id, status FROM orders WHERE id = \($0 * 7_919 % 9_000 + 1_000) FOR UPDATE".utf8)
        }
        let written = write(texts)
        #expect(written.count < texts.count * 9)
        #expect(try read(written, count: texts.count) == texts)
    }

    @Test func everythingComesBack() throws {
        let some: [[UInt8]] = [
            [], [], [1], [1, 2, 3], Array("0123456789".utf8), Array("01234_6789".utf8), Array("0123456789".utf8),
            Array("012345678".utf8), Array("x0123456789".utf8), Array(repeating: 7, count: 300),
            Array(repeating: 7, count: 299), [],
        ]
        #expect(try read(write(some), count: some.count) == some)
        #expect(try read(write([]), count: 0).isEmpty)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let texts = (0..<60).map { _ in
                (0..<Int.random(in: 0...40, using: &generator)).map { _ in UInt8.random(in: 0...1, using: &generator) }
            }
            #expect(try read(write(texts), count: texts.count) == texts)
        }
    }
}
