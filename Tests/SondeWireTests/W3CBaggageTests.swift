// SPDX-License-Identifier: Apache-2.0
// Cases of https://www.w3.org/TR/baggage/.

import Testing

@testable import SondeWire

struct W3CBaggageTests {
    @Test(arguments: [
        "", ",", "key", "=value", "key=\"quoted\"", "key=a b", "key=a\\b", "k ey=1", "k;ey=1", "k(=1", "key=ä",
    ])
    func leavesOutWhatDoesNotFollowTheGrammar(header: String) {
        #expect(W3CBaggage(header).isEmpty)
        #expect(W3CBaggage("a=1," + header + ",b=2").text == "a=1,b=2")
    }

    @Test func decodesValuesAndKeepsProperties() {
        let baggage = W3CBaggage(" userId = alice ,serverNode=DF%2028,isProduction=false ; ttl=60;secret")
        #expect(baggage["userId"] == "alice")
        #expect(baggage["serverNode"] == "DF 28")
        #expect(baggage["isProduction"] == "false")
        #expect(baggage.text == "userId=alice,serverNode=DF%2028,isProduction=false;ttl=60;secret")
    }

    @Test(arguments: ["Amélie", "a,b;c=d\"e\\f", "100%", "%41", "\u{1F50E}", "", "\n\t"])
    func bringsAnyValueBack(value: String) {
        var baggage = W3CBaggage()
        baggage["key"] = value
        #expect(W3CBaggage(baggage.text)["key"] == value)
    }

    @Test func repairsWhatIsNotUTF8() {
        #expect(W3CBaggage("key=%FFa%2")["key"] == "\u{FFFD}a%2")
    }

    @Test func takesTheLastOfMembersWithOneKey() {
        #expect(W3CBaggage("a=1,b=2,a=3").text == "a=3,b=2")
    }

    @Test func takesAtMost64Members() {
        let header = (0..<70).map { "k\($0)=v" }.joined(separator: ",")
        #expect(W3CBaggage(header).members.count == 64)
        #expect(W3CBaggage(header).text == (0..<64).map { "k\($0)=v" }.joined(separator: ","))
    }

    @Test func readsAndWritesAtMost8192Bytes() {
        let value = String(repeating: "v", count: 4_093)
        let exactly = "a=\(value),b=\(value + "v")"
        #expect(exactly.utf8.count == 8_192)
        #expect(W3CBaggage(exactly).text == exactly)
        #expect(W3CBaggage(exactly + "v").text == "a=\(value)")
        var grown = W3CBaggage(exactly)
        grown["c"] = "1"
        #expect(grown.text == exactly)
    }

    @Test func ignoresKeysThatCannotBeCarried() {
        var baggage = W3CBaggage()
        baggage["bad key"] = "1"
        baggage["good"] = "2"
        #expect(baggage.text == "good=2")
        baggage["good"] = nil
        #expect(baggage.isEmpty)
    }
}
