// SPDX-License-Identifier: Apache-2.0
// JSON in: what is refused and where, what numbers and strings come out, and that depth costs nothing.

import Testing

@testable import SondeWire

struct JSONReaderTests {
    /// Steps over the whole text.
    private func skip(_ bytes: [UInt8]) throws(DecodeError) {
        try JSONReader.read(bytes, as: "text") { json throws(MalformedJSON) in try json.skipValue() }
    }

    @Test(arguments: [
        ("", "the text is empty, expected a value at byte 0 (line 1)"),
        (" \n ", "the text ends, expected a value at byte 3 (line 2)"),
        (#"{"a":1"#, "the text ends, expected more at byte 6 (line 1)"),
        ("{\n\"a\":1\n\"b\":2}", "expected ',' or '}' at byte 8 (line 3)"),
        ("[1 2]", "expected ',' or ']' at byte 3 (line 1)"), ("[1,]", "expected a value at byte 3 (line 1)"),
        ("[,1]", "expected a value at byte 1 (line 1)"), ("[1,,2]", "expected a value at byte 3 (line 1)"),
        (#"{"a":1,}"#, "expected a name in quotes at byte 7 (line 1)"),
        ("{a:1}", "expected a name in quotes at byte 1 (line 1)"), (#"{"a" 1}"#, "expected ':' at byte 5 (line 1)"),
        ("nul", "expected null at byte 0 (line 1)"), ("[nulL]", "expected null at byte 1 (line 1)"),
        ("tru", "expected true at byte 0 (line 1)"), ("+1", "expected a value at byte 0 (line 1)"),
        ("01", "a number begins with a needless 0 at byte 0 (line 1)"),
        ("-", "expected a digit at byte 1 (line 1)"), ("1.", "expected a digit at byte 2 (line 1)"),
        (".5", "expected a value at byte 0 (line 1)"), ("1e", "expected a digit at byte 2 (line 1)"),
        ("1e+", "expected a digit at byte 3 (line 1)"), ("0x1", "expected nothing after the value at byte 1 (line 1)"),
        ("NaN", "expected a value at byte 0 (line 1)"), ("1e400", "a number is out of range at byte 0 (line 1)"),
        ("[-1e9999999999999999999]", "a number is out of range at byte 1 (line 1)"),
        ("1 2", "expected nothing after the value at byte 2 (line 1)"),
        ("\"abc", "the text ends inside a string at byte 0 (line 1)"),
        ("\"\n\"", "a control character must be escaped in a string at byte 1 (line 1)"),
        (#""\x""#, "there is no such escape at byte 1 (line 1)"),
        (#""\u12g4""#, "expected four hex digits after \\u at byte 1 (line 1)"),
        (#""\u12"#, "expected four hex digits after \\u at byte 1 (line 1)"),
        (#""\"#, "the text ends inside an escape at byte 1 (line 1)"),
        ("[1]]", "expected nothing after the value at byte 3 (line 1)"), ("'a'", "expected a value at byte 0 (line 1)"),
        ("[1,// no\n2]", "expected a value at byte 3 (line 1)"),
    ])
    func saysWhatIsWrongAndWhere(_ text: String, _ reason: String) {
        #expect(throws: DecodeError(message: "cannot decode text: \(reason)")) { try skip(Array(text.utf8)) }
        #expect(throws: DecodeError(message: "cannot decode text: \(reason)")) {
            try JSONValue.parse(Array(text.utf8), as: "text")
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
        ] as [[UInt8]])
    func namesTheByteOfInvalidUTF8(_ bytes: [UInt8]) {
        let text = Array("[\"abcdefgh".utf8) + bytes + Array("\"]".utf8)
        #expect(throws: DecodeError(message: "cannot decode text: invalid UTF-8 at byte 10 (line 1)")) {
            try skip(text)
        }
    }

    @Test func marksAreFoundAtEveryPlaceInAWord() throws {
        for count in 0..<24 {
            let plain = String(repeating: "x", count: count)
            #expect(try JSONValue.parse(Array("\"\(plain)é\(plain)\"".utf8)) == .string("\(plain)é\(plain)"))
            #expect(try JSONValue.parse(Array("\"\(plain)\\n\(plain)\"".utf8)) == .string("\(plain)\n\(plain)"))
            #expect(throws: DecodeError.self) { try JSONValue.parse(Array("\"\(plain)\u{1F}\(plain)\"".utf8)) }
            #expect(try JSONValue.parse(Array("\"\(plain)\u{7F} !#[]~\"".utf8)) == .string("\(plain)\u{7F} !#[]~"))
        }
    }

    @Test(
        arguments: [
            (#""\" \\ \/ \b \f \n \r \t""#, "\" \\ / \u{8} \u{C} \n \r \t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\ud83d\ude00!""#, "\u{1F600}!"), (#""\uD83D""#, "\u{FFFD}"), (#""\uDE00\uD83D""#, "\u{FFFD}\u{FFFD}"),
            (#""\uD83Dx\uDE00""#, "\u{FFFD}x\u{FFFD}"), (#""\uD83D\uD83D\uDE00""#, "\u{FFFD}\u{1F600}"),
            (#""\uD83D\u0041""#, "\u{FFFD}A"), (#""\u0000""#, "\0"), (#""""#, ""), ("\"ü €\u{1F600}\"", "ü €\u{1F600}"),
        ] as [(String, String)])
    func unescapes(_ text: String, _ content: String) throws {
        let value = try JSONValue.parse(Array(text.utf8))
        #expect(value.string.map { Array($0.utf8) } == Array(content.utf8))
    }

    @Test(
        arguments: [
            ("0", .int(0)), ("-1", .int(-1)), ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
            ("9223372036854775808", .unsigned(1 << 63)), ("18446744073709551615", .unsigned(.max)),
            ("18446744073709551616", .large(18_446_744_073_709_551_616)),
            ("-9223372036854775809", .large(-9_223_372_036_854_775_808)), ("-0", .double(-0.0)), ("1.0", .double(1)),
            ("1e3", .double(1_000)), ("1E-2", .double(0.01)), ("0.1", .double(0.1)), ("-2.5e+10", .double(-2.5e10)),
            ("1e22", .double(1e22)), ("1e23", .double(1e23)), ("8.41e21", .double(8.41e21)),
            ("9007199254740993.0", .double(9_007_199_254_740_992)), ("5e-324", .double(.leastNonzeroMagnitude)),
            ("1e-400", .double(0)),
            ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
            ("123456789012345678901234567890.5", .double(1.2345678901234568e29)),
            ("0.30000000000000004", .double(0.1 + 0.2)),
        ] as [(String, JSONNumber)])
    func readsNumbersExactly(_ text: String, _ number: JSONNumber) throws {
        let read = try JSONReader.read(Array(text.utf8), as: "text") { json throws(MalformedJSON) in
            try json.readNumber()
        }
        #expect(read == number)
        #expect(read.double.sign == number.double.sign)
    }

    @Test func wholeNumbersOfAnyNotationFitWhereTheyFit() {
        #expect(JSONNumber.double(1e9).exactly(Int64.self) == 1_000_000_000)
        #expect(JSONNumber.double(1.5).exactly(Int64.self) == nil)
        #expect(JSONNumber.large(-0x1p63).exactly(Int64.self) == nil, "it was rounded")
        #expect(JSONNumber.unsigned(.max).exactly(Int64.self) == nil)
        #expect(JSONNumber.int(-1).exactly(UInt64.self) == nil)
        #expect(JSONNumber.int(300).exactly(UInt8.self) == nil)
        #expect(JSONNumber.unsigned(.max).exactly(UInt64.self) == .max)
    }

    @Test func anAbsurdlyLongNumberIsRefused() throws {
        #expect(throws: DecodeError.self) { try skip(Array("1".utf8) + Array(repeating: 0x30, count: 2_000)) }
        #expect(throws: DecodeError.self) { try skip(Array(repeating: 0x31, count: 1_025)) }
        #expect(throws: DecodeError.self) { try skip(Array("1e".utf8) + Array(repeating: 0x30, count: 2_000)) }
        try skip(Array("0.".utf8) + Array(repeating: 0x31, count: 1_000))
    }

    @Test func ofDuplicateNamesTheLastWins() throws {
        let value = try JSONValue.parse(Array(#"{"a":1,"b":2,"a":3}"#.utf8))
        #expect(value["a"] == .int(3) && value["b"] == .int(2) && value["c"] == nil)
        #expect(value.object?.list.count == 3)
    }

    @Test func aByteOrderMarkIsIgnored() throws {
        #expect(try JSONValue.parse([0xEF, 0xBB, 0xBF] + Array("[1]".utf8)) == .array([.int(1)]))
        #expect(throws: DecodeError.self) { try JSONValue.parse([0xEF, 0xBB, 0xBF]) }
    }

    @Test func skippedValuesNestAsDeepAsTheyLike() throws {
        let depth = 1_000_000
        try skip(Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth))
        let objects = Array(String(repeating: #"{"a":["#, count: 10_000).utf8)
        try skip(objects + Array(String(repeating: "]}", count: 10_000).utf8))
        #expect(throws: DecodeError.self) { try skip(objects + Array(String(repeating: "}]", count: 10_000).utf8)) }
    }

    @Test func aTreeNestsAsDeepAsItsLimit() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSONValue.parse(nested(512))
        #expect(
            throws: DecodeError(
                message: "cannot decode JSON: nests deeper than 512 levels at byte 512 (line 1)")
        ) { try JSONValue.parse(nested(513)) }
        #expect(throws: DecodeError.self) { try JSONValue.parse(nested(1_000_000)) }
    }

    @Test func aTreeHasNoMoreValuesThanItsLimit() throws {
        let text = Array("[1,[2,3],{\"a\":4}]".utf8)
        _ = try JSONValue.parse(text, maxValues: 7)
        #expect(throws: DecodeError.self) { try JSONValue.parse(text, maxValues: 6) }
    }

    @Test func whatTheWriterWritesComesBack() throws {
        var writer = JSONWriter()
        writer.beginArray()
        for value in [Int64.min, -1, 0, .max] { writer.int(value) }
        for value in [0.1, -0.0, 1e300, .leastNonzeroMagnitude, 8.0] { writer.double(value) }
        for value in ["", "a\"\\\u{1}\n\u{1F600}\u{7F}"] { writer.string(value) }
        writer.endArray()
        #expect(
            try JSONValue.parse(writer.bytes)
                == .array([
                    .int(.min), .int(-1), .int(0), .int(.max), .double(0.1), .double(-0.0), .double(1e300),
                    .double(.leastNonzeroMagnitude), .double(8), .string(""), .string("a\"\\\u{1}\n\u{1F600}\u{7F}"),
                ]))
    }

    @Test func valuesAnswerForTheirKindOnly() throws {
        let value = try JSONValue.parse(Array(#"{"s":"t","b":false,"n":null,"i":7,"d":1.5,"a":[],"o":{}}"#.utf8))
        #expect(value["s"]?.string == "t" && value["s"]?.bool == nil && value["s"]?.integer(Int.self) == nil)
        #expect(value["b"]?.bool == false && value["n"]?.isNull == true && value["a"]?.array == [])
        #expect(value["i"]?.integer(UInt8.self) == 7 && value["i"]?.double == 7 && value["i"]?.object == nil)
        #expect(value["d"]?.integer(Int.self) == nil && value["d"]?.double == 1.5 && value["o"]?.object?.list == [])
        #expect(value["s"]?["x"] == nil)
    }
}
