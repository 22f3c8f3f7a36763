// SPDX-License-Identifier: Apache-2.0
// What is compressed here, zlib gives back.

import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Deflate")
struct DeflateTests {
    private func compress(_ content: [UInt8], with compressor: inout Compressor) -> [UInt8]? {
        var output = ByteBuffer()
        output.append([1, 2, 3])
        let isSmaller = content.withUnsafeBufferPointer { compressor.compress($0, into: &output) }
        guard isSmaller else {
            #expect(output.count == 3, "nothing is appended where it would not be smaller")
            return nil
        }
        return Array(output.array.dropFirst(3))
    }

    private func inflate(_ compressed: [UInt8], size: Int) throws -> [UInt8] {
        try compressed.withUnsafeBufferPointer { try Inflate.bytes(of: $0, size: size) }
    }

    private func expectReturn(_ content: [UInt8], _ compressor: inout Compressor) throws {
        guard let compressed = compress(content, with: &compressor) else { return }
        #expect(compressed.count < content.count)
        #expect(try inflate(compressed, size: content.count) == content)
    }

    @Test func whatCannotBecomeSmallerIsLeft() {
        var compressor = Compressor()
        var random = Dice(state: 1)
        let noise = (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        for content in [[], [1], Array(repeating: 0, count: 32), noise] {
            #expect(compress(content, with: &compressor) == nil)
        }
    }

    @Test func oneByteAgainAndAgainComesBack() throws {
        var compressor = Compressor()
        for count in [33, 258, 259, 262, 263, 40_000, 5_000_000] {
            let content = [UInt8](repeating: 7, count: count)
            let compressed = try #require(compress(content, with: &compressor))
            #expect(try inflate(compressed, size: count) == content)
        }
    }

    @Test func matchesReachBackAsFarAsTheWindowAndNoFurther() throws {
        var random = Dice(state: 2)
        let phrase = (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
        for distance in [400, 32_767, 32_768, 32_769, 40_000] {
            var compressor = Compressor()
            let between = [UInt8](repeating: 0, count: distance - phrase.count)
            try expectReturn(phrase + between + phrase, &compressor)
        }
    }

    @Test func everyLengthAndDistanceComesBack() throws {
        var compressor = Compressor()
        var random = Dice(state: 3)
        for length in 3...300 {
            let phrase = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let between = (0..<(length * length % 9_000)).map { _ in UInt8.random(in: 0...3, using: &random) }
            try expectReturn(phrase + between + phrase, &compressor)
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func anythingComesBack(seed: UInt64) throws {
        var compressor = Compressor()
        var random = Dice(state: seed)
        for _ in 0..<25 {
            let size = Int.random(in: 0...(seed % 8 == 0 ? 100_000 : 4_000), using: &random)
            try expectReturn(Self.content(size, &random), &compressor)
        }
    }

    /// Bytes of an alphabet of some size, unevenly drawn, with repetitions.
    private static func content(_ size: Int, _ random: inout Dice) -> [UInt8] {
        let most = UInt8.random(in: 0...255, using: &random)
        let repetition = Int.random(in: 0...6, using: &random)
        var content: [UInt8] = []
        while content.count < size {
            if content.count > 10, Int.random(in: 0..<10, using: &random) < repetition {
                let distance = Int.random(in: 1...min(content.count, 40_000), using: &random)
                for _ in 0..<Int.random(in: 1...400, using: &random) {
                    content.append(content[content.count - distance])
                }
            } else {
                let draws = (0...repetition).map { _ in UInt8.random(in: 0...most, using: &random) }
                content.append(draws.min() ?? 0)
            }
        }
        return content
    }
}
