// SPDX-License-Identifier: Apache-2.0
// The hash is part of the file format: these values must never change.

import SondeModel
import Testing

@testable import SondeSQLite

@Suite("Hash")
struct Hash64Tests {
    private func hash(_ text: String, seed: UInt64 = 0) -> UInt64 {
        Array(text.utf8).withUnsafeBufferPointer { Hash64.hash($0, seed: seed) }
    }

    @Test func givesTheValuesThatAreInFiles() {
        #expect(hash("") == 0x6705_27F2_8686_2C69)
        #expect(hash("a") == 0x92E0_5162_5580_7B34)
        #expect(hash("four") == 0x60A0_180D_05B0_27A1)
        #expect(hash("thirteen more") == 0x3AB3_4D80_0193_26DC)
        #expect(hash("a", seed: 1) == 0xF169_B3C6_DE42_C6EB)
        #expect(TraceWords(TraceID(high: 1, low: 2)).fingerprint == 0x3928_61B1)
    }

    @Test func noShortStringsCollide() {
        let texts = (0..<20_000).map { "value \($0)" } + (0..<300).map { String(repeating: "a", count: $0) }
        #expect(Set(texts.map { hash($0) }).count == texts.count)
    }
}
