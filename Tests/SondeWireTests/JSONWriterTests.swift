// SPDX-License-Identifier: Apache-2.0
// JSON text: escapes, numbers that JSON has no name for, commas.

import SondeModel
import SondeWire
import Testing

struct JSONWriterTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        write(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test(
        arguments: [
            ("", #""""#), ("plain ✓", #""plain ✓""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#),
            ("\u{0}\u{1F}x", #""\u0000\u001fx""#), ("\u{7F}\u{2028}", "\"\u{7F}\u{2028}\""),
        ] as [(String, String)])
    func escapesWhatJSONDemands(_ value: String, _ expected: String) {
        #expect(text { $0.string(value) } == expected)
    }

    @Test(
        arguments: [
            (8, "8.0"), (-0.0, "-0.0"), (1e300, "1e+300"), (.nan, "\"NaN\""), (.infinity, "\"Infinity\""),
            (-.infinity, "\"-Infinity\""), (0.1, "0.1"),
        ] as [(Double, String)])
    func doublesAreToldFromIntegers(_ value: Double, _ expected: String) {
        #expect(text { $0.double(value) } == expected)
    }

    @Test func writesTheLargestIntegers() {
        #expect(text { $0.int(Int64.min) } == "-9223372036854775808")
        #expect(text { $0.int(UInt64.max) } == "18446744073709551615")
    }

    @Test func putsCommasBetweenAndNowhereElse() {
        let result = text { json in
            json.beginObject()
            json.key("a")
            json.beginArray()
            json.null()
            json.beginArray()
            json.endArray()
            json.bool(true)
            json.endArray()
            json.key("b")
            json.raw(Array("{}".utf8))
            json.endObject()
            json.newline()
            json.int(1)
        }
        #expect(result == "{\"a\":[null,[],true],\"b\":{}}\n1")
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64IsPadded(_ value: String, _ expected: String) {
        #expect(text { $0.base64(value.utf8) } == "\"\(expected)\"")
    }

    @Test func integersBeyondDoublesAreStrings() {
        #expect(text { $0.value(.int(1 << 53 - 1)) } == "9007199254740991")
        #expect(text { $0.value(.int(1 << 53)) } == "\"9007199254740992\"")
        #expect(text { $0.value(.int(-(1 << 53))) } == "\"-9007199254740992\"")
    }

    @Test func repeatedKeysBecomeAList() {
        let twice = [Attribute("k", .int(1)), Attribute("k", .int(2))]
        #expect(text { $0.attributes(twice) } == #"[{"key":"k","value":1},{"key":"k","value":2}]"#)
        let many = (0..<20).map { Attribute("k\($0 % 19)", .empty) }
        #expect(text { $0.attributes(many) }.hasPrefix("[{"))
    }
}
