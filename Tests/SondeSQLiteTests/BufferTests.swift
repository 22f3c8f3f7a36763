// SPDX-License-Identifier: Apache-2.0
// What buffers write, readers read, and short bytes are refused.

import Testing

@testable import SondeSQLite

@Suite("Buffers and readers")
struct BufferTests {
    @Test func numbersComeBackInEveryWidth() throws {
        for numbers in [[], [5, 5, 5], [0, 255], [0, 256], [0, 65_536], [.max, 0]] as [[UInt32]] {
            var buffer = ByteBuffer()
            numbers.withUnsafeBufferPointer { buffer.appendNumbers($0) }
            var reader = ByteReader(buffer.elements)
            #expect(try reader.numbers(numbers.count) == numbers)
            #expect(reader.isAtEnd)
        }
    }

    @Test func varintsAndZigZagsComeBack() throws {
        let numbers: [Int64] = [0, 1, -1, 63, -64, 64, 300, .max, .min]
        var buffer = ByteBuffer()
        for number in numbers {
            buffer.appendZigZag(number)
            buffer.appendVarint(UInt64(bitPattern: number))
        }
        var reader = ByteReader(buffer.elements)
        for number in numbers {
            #expect(try reader.zigzag() == number)
            #expect(try reader.varint() == UInt64(bitPattern: number))
        }
        #expect(reader.isAtEnd)
    }

    @Test func shortBytesAreRefused() {
        for bytes in [[], [0x80], [0xFF, 0xFF]] as [[UInt8]] {
            bytes.withUnsafeBufferPointer { bytes in
                var reader = ByteReader(bytes)
                #expect(throws: Damage.self) { try reader.varint() }
                #expect(throws: Damage.self) { try reader.fixed64() }
                #expect(throws: Damage.self) { try reader.take(3) }
                #expect(throws: Damage.self) { try reader.offsets(count: 5) }
            }
        }
    }

    @Test func aHeapGivesTheLargestFirst() {
        var heap = Heap<Int>(>)
        var dice = Dice(state: 3)
        let numbers = (0..<200).map { _ in Int.random(in: 0...50, using: &dice) }
        for number in numbers { heap.push(number) }
        var popped: [Int] = []
        while let number = heap.pop() { popped.append(number) }
        #expect(popped == numbers.sorted(by: >))
    }
}
