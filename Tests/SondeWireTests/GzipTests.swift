// SPDX-License-Identifier: Apache-2.0
// Gzip bodies: the damaged, the too large, and the round trip.

import SondeWire
import Testing

struct GzipTests {
    private let text = Array(String(repeating: "the same line again\n", count: 5_000).utf8)

    @Test func refusesWhatIsNotGzip() {
        #expect(throws: GzipError.malformed("it is empty")) { try Gzip.inflate([], limit: 10) }
        for bytes in [[0x1F], [1, 2, 3], Array("plain text, longer than a gzip header".utf8)] as [[UInt8]] {
            #expect(throws: GzipError.self) { try Gzip.inflate(bytes, limit: 1_000) }
        }
    }

    @Test func refusesEveryTruncation() {
        let whole = Gzip.compress(Array("a few words, cut everywhere".utf8))
        for count in whole.indices {
            #expect(throws: GzipError.self) { try Gzip.inflate(Array(whole.prefix(count)), limit: 1_000) }
        }
    }

    @Test(arguments: [[0], [0x1F], [0x1F, 0x8B], [1, 2, 3]] as [[UInt8]])
    func refusesWhatFollowsTheData(_ tail: [UInt8]) {
        let bytes = Gzip.compress(text) + tail
        #expect(throws: GzipError.self) { try Gzip.inflate(bytes, limit: 1_000_000) }
    }

    @Test func refusesADamagedChecksum() {
        var bytes = Gzip.compress(text)
        bytes[bytes.count - 6] ^= 1
        #expect(throws: GzipError.self) { try Gzip.inflate(bytes, limit: 1_000_000) }
    }

    @Test func holdsTheLimitToTheByte() throws {
        let bytes = Gzip.compress(text)
        #expect(try Gzip.inflate(bytes, limit: text.count) == text)
        #expect(throws: GzipError.tooLarge(limit: text.count - 1)) { try Gzip.inflate(bytes, limit: text.count - 1) }
        #expect(throws: GzipError.tooLarge(limit: 0)) { try Gzip.inflate(bytes, limit: 0) }
    }

    @Test func aTrailerThatLiesCostsNothing() {
        var bytes = Gzip.compress(text)
        bytes.replaceSubrange((bytes.count - 4)..., with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: GzipError.self) { try Gzip.inflate(bytes, limit: 1_000_000) }
    }

    @Test(arguments: [-1, 1, 6, 9, 100])
    func everyLevelComesBack(_ level: Int) throws {
        for bytes in [[], [7], text] {
            #expect(try Gzip.inflate(Gzip.compress(bytes, level: level), limit: 1_000_000) == bytes)
        }
    }

    @Test func membersAreJoined() throws {
        let bytes = Gzip.compress(text) + Gzip.compress([]) + Gzip.compress([1, 2, 3])
        #expect(try Gzip.inflate(bytes, limit: 1_000_000) == text + [1, 2, 3])
        #expect(throws: GzipError.tooLarge(limit: text.count + 2)) { try Gzip.inflate(bytes, limit: text.count + 2) }
    }
}
