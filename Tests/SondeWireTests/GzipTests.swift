// SPDX-License-Identifier: Apache-2.0
// Gzip bodies: the damaged, the too large, and the round trip.

import Foundation
import SondeModel
import SondeTestKit
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

    /// 16 MiB of zeros in 16 kB.
    private func bomb(_ name: String = "bomb-of-16-MiB") throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Fixtures.folder.appending(path: "Corpus/gzip/\(name)")))
    }

    @Test(arguments: ["bomb-of-16-MiB", "bomb-whose-trailer-lies"])
    func aBombEndsAtTheLimit(_ name: String) throws {
        #expect(throws: GzipError.tooLarge(limit: 1_000_000)) { try Gzip.inflate(bomb(name), limit: 1_000_000) }
    }

    @Test func manySmallBombsEndAtTheLimitTogether() throws {
        let member = Gzip.compress([UInt8](repeating: 0, count: 10_000), level: 9)
        let bytes = Array(repeatElement(member, count: 1_000).joined())
        #expect(throws: GzipError.tooLarge(limit: 1_000_000)) { try Gzip.inflate(bytes, limit: 1_000_000) }
        #expect(try Gzip.inflate(bytes, limit: 10_000_000).count == 10_000_000)
    }

    @Test func nestedGzipIsInflatedOnceAndIsNoBody() throws {
        let inner = Gzip.compress(OTLPEncoder.traces([.sample(1)]))
        let body = try Gzip.inflate(Gzip.compress(inner), limit: 1_000_000)
        #expect(body == inner)
        #expect(throws: DecodeError.self) { try OTLPDecoder.traces(body) }
        #expect(throws: DecodeError.self) { try OTLPDecoder.logs(body) }
        #expect(throws: DecodeError.self) { try OTLPJSONDecoder.traces(body) }
        #expect(throws: DecodeError.self) { try ZipkinJSON.decode(body) }
        #expect(throws: DecodeError.self) { try ZipkinProtobuf.decode(body) }
    }
}
