// SPDX-License-Identifier: Apache-2.0

import SondeWire
import Testing

@Suite("Gzip stream")
struct GzipStreamTests {
    private func inflate(_ bytes: [UInt8], portions: Int) throws -> [UInt8] {
        let stream = GzipStream()
        var output: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            output += try stream.inflate(rest.prefix(portions))
            rest = rest.dropFirst(portions)
        }
        try stream.finish()
        return output
    }

    @Test func damageIsSaid() {
        let whole = Gzip.compress(Array("some text".utf8))
        var damaged = whole
        damaged[12] ^= 0xFF
        for bytes in [Array(whole.dropLast()), damaged, whole + [1], Array("no gzip at all".utf8), []] {
            #expect(throws: GzipError.self) { try inflate(bytes, portions: 4) }
        }
    }

    @Test(arguments: [1, 7, 100_000])
    func portionsAndMembersMakeNoDifference(portions: Int) throws {
        let text = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        let bytes = Gzip.compress(text) + Gzip.compress([]) + Gzip.compress(Array("end".utf8), level: 9)
        #expect(GzipStream.begins(bytes) && !GzipStream.begins(text))
        #expect(try inflate(bytes, portions: portions) == text + Array("end".utf8))
    }
}
