// SPDX-License-Identifier: Apache-2.0
// What buffers write, readers read, and short bytes are refused.

import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Buffers and readers")
struct BufferTests {
    @Test func numbersComeBackInEveryWidth() throws {
        for numbers in [[], [5, 5, 5], [0, 255], [0, 256], [0, 65_536], [.max, 0]] as [[UInt32]] {
            var buffer = ByteBuffer()
            numbers.withUnsafeBufferPointer { buffer.appendNumbers($0) }
            var reader = ByteReader(buffer.elements)
            #expect(try reader.numbers(numbers.count, below: .max, "it names one") == numbers)
            #expect(reader.isAtEnd)
        }
    }

    @Test func aNumberThatNamesNothingIsRefused() {
        for numbers in [[7, 7], [0, 7], [0, 300, 7], [70_000, 0]] as [[UInt32]] {
            var buffer = ByteBuffer()
            numbers.withUnsafeBufferPointer { buffer.appendNumbers($0) }
            for limit in [0, 7, Int(numbers.max() ?? 0)] {
                var reader = ByteReader(buffer.elements)
                #expect(throws: Damage("a record names a shape that the block lacks")) {
                    try reader.numbers(numbers.count, below: limit, "a record names a shape")
                }
            }
        }
    }

    @Test func varintsOfEveryLengthComeBackAlsoAtTheEnd() throws {
        for length in 1...10 {
            let number = UInt64.max >> UInt64(max(0, 64 - 7 * length))
            for spare in 0...8 {
                var buffer = ByteBuffer()
                buffer.appendVarint(number)
                for _ in 0..<spare { buffer.append(0xFF) }
                var reader = ByteReader(buffer.elements)
                #expect(try reader.varint() == number)
                #expect(reader.position == min(10, length))
            }
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
