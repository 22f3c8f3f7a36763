// SPDX-License-Identifier: Apache-2.0
// Spans of one operation in one batch: attributes with the same bytes as the last span's are taken over unread. Whatever
// is the same and what is not, each span keeps its own.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Attributes like the last span's")
struct AttributeLikenessTests {
    /// Strings whose attribute is just below and above what one byte of length can say, and just above eight bytes.
    private static let texts =
        ["", "a", "ab", String(repeating: "x", count: 117), String(repeating: "y", count: 118)]
        + [119, 127, 128, 129, 300].map { String(repeating: "z", count: $0) }

    /// The spans come back as they were sent, in one batch and in batches of one, merged and not.
    private func comeBack(_ lists: [[Attribute]]) async throws {
        let spans = lists.enumerated().map { index, attributes in
            SpanRecord.sample(1 + UInt64(index), start: Int64(index), attributes: attributes)
        }
        try await withStore { store in
            try await store.accept(codec.spanBatch(spans))
            for isMerged in [false, true] {
                if isMerged { await store.settle() }
                let found = try await store.trace(.sample(1))?.spans.map(\.attributes)
                #expect(found == lists, "merged: \(isMerged)")
            }
        }
        try await withStore { store in
            for span in spans { try await store.accept(codec.spanBatch([span])) }
            #expect(try await store.trace(.sample(1))?.spans.map(\.attributes) == lists)
        }
    }

    @Test func equalAndUnequalInTurn() async throws {
        try await comeBack(
            (0..<40).map { index in
                [
                    Attribute("same.in.all", .string("what does not change")),
                    Attribute("number", .int(Int64(index / 3))),
                    Attribute("every.other", .string(index % 2 == 0 ? "even as it goes" : "odd as it goes")),
                    Attribute("last.byte", .string("1234567\(index % 4)")), Attribute("again", .bool(true)),
                ]
            })
    }

    @Test func keysThatComeTwiceKeepBothValues() async throws {
        let first = Attribute("key.that.repeats", .string("first"))
        let second = Attribute("key.that.repeats", .string("second"))
        let other = Attribute("key.beside.them", .string("first"))
        try await comeBack([
            [first, second], [first, second], [second, first], [first, first], [first, first], [first],
            [first, second],
            [first, other, second], [first, second, other], [other, first, second], [second, second, second], [],
            [first, second],
        ])
    }

    @Test func valuesOfMoreThanOneByteOfLength() async throws {
        let lists = Self.texts.map { [Attribute("k", .string($0)), Attribute("after.it", .string("the same"))] }
        try await comeBack(lists + lists.reversed() + lists.flatMap { [$0, $0] })
    }

    @Test func keysAndValuesThatOnlyLookAlike() async throws {
        try await comeBack([
            [Attribute("abcdefgh", .string("ijkl"))], [Attribute("abcdefg", .string("hijkl"))],
            [Attribute("abcdefgh", .string("ijkm"))], [Attribute("abcdefgh", .string("ijkl"))],
            [Attribute("abcdefgi", .string("ijkl"))], [Attribute("abcdefgh", .int(42))],
            [Attribute("abcdefgh", .string("42"))], [Attribute("abcdefgh", .empty)],
            [Attribute("abcdefgh", .array([.string("ijkl")]))], [Attribute("abcdefgh", .string("ijkl"))],
        ])
    }

    @Test(arguments: 1...20)
    func whateverIsAddedLeftOutOrMoved(seed: UInt64) async throws {
        var dice = Dice(state: seed)
        var attributes: [Attribute] = []
        var lists: [[Attribute]] = []
        for _ in 0..<120 {
            for _ in 0..<Int.random(in: 0...2, using: &dice) { Self.change(&attributes, &dice) }
            lists.append(attributes)
        }
        try await comeBack(lists)
    }

    private static func change(_ attributes: inout [Attribute], _ dice: inout Dice) {
        let key = dice.pick(["a", "bc", "http.route", "a.key.that.is.rather.long", String(repeating: "k", count: 130)])
        let value: AttributeValue =
            dice.chance(60) ? .string(dice.pick(texts)) : .int(Int64.random(in: -2...300, using: &dice))
        let place = Int.random(in: 0...attributes.count, using: &dice)
        switch Int.random(in: 0..<4, using: &dice) {
        case 0 where place < attributes.count: attributes.remove(at: place)
        case 1 where place < attributes.count: attributes[place] = Attribute(attributes[place].key, value)
        case 2: attributes.shuffle(using: &dice)
        default: if attributes.count < 12 { attributes.insert(Attribute(key, value), at: place) }
        }
    }
}
