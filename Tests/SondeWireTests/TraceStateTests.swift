// SPDX-License-Identifier: Apache-2.0
// Cases of https://www.w3.org/TR/trace-context-2/#tracestate-header.

import Testing

@testable import SondeWire

struct TraceStateTests {
    @Test(arguments: [
        "foo", "=1", "foo=", "foo=1,bar", "Foo=1", "foo @=1", " foo =1", "foo=1=2", "foo=b\u{7}r", "foo=bär", "@foo=1",
        "_foo=1", "foo=\u{7F}", String(repeating: "z", count: 257) + "=1", "a=" + String(repeating: "v", count: 257),
    ])
    func dropsAListThatIsInvalidAnywhere(header: String) {
        #expect(TraceState(header) == nil)
        #expect(TraceState("ok=1," + header) == nil)
    }

    @Test(arguments: [
        ("foo=1", "foo=1"), ("foo=1,bar=2", "foo=1,bar=2"), ("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"),
        ("foo=1,,,bar=2,", "foo=1,bar=2"), ("", ""), (",", ""), ("0foo=1", "0foo=1"),
        ("foo@=1,bar@x@y=2", "foo@=1,bar@x@y=2"),
        ("foo= 1", "foo= 1"), ("foo=a b", "foo=a b"), ("foo-_*/bar=a:/!\"#~", "foo-_*/bar=a:/!\"#~"),
    ])
    func carriesAValidListOnUnchanged(header: String, text: String) {
        #expect(TraceState(header)?.text == text)
    }

    @Test func takes32MembersAndNoMore() {
        let members = (0..<33).map { "k\($0)=\($0)" }
        #expect(TraceState(members.prefix(32).joined(separator: ","))?.text.utf8.count == 203)
        #expect(TraceState(members.joined(separator: ",")) == nil)
    }

    @Test func takesKeysAndValuesOf256Characters() {
        let member = String(repeating: "k", count: 256) + "=" + String(repeating: "v", count: 256)
        #expect(TraceState(member)?.text == member)
    }

    @Test func keepsTheFirstOfMembersWithOneKey() {
        #expect(TraceState("foo=1,bar=2,foo=3")?.text == "foo=1,bar=2")
    }

    @Test func findsTheValueOfAKey() throws {
        let state = try #require(TraceState("foo=1,foobar=2"))
        #expect(state["foobar"] == "2")
        #expect(state["foo"] == "1")
        #expect(state["bar"] == nil)
    }

    @Test func blanksAroundMembersAreDroppedHoweverMany() {
        let blanks = String(repeating: " \t", count: 8_000)
        #expect(TraceState("\(blanks)a=1\(blanks),\(blanks),b=2\(blanks)")?.text == "a=1,b=2")
        #expect(TraceState(blanks)?.isEmpty == true)
        #expect(W3CBaggage("\(blanks)k=v\(blanks),\(blanks)")["k"] == "v")
    }
}
