// SPDX-License-Identifier: Apache-2.0
// Finding spans inside a trace.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite struct SpanSearchTests {
    private func names(_ text: String, in trace: Trace) -> [String] {
        (SpanSearch(text).matches(in: trace) ?? []).map { trace.spans[$0].name }
    }

    @Test func aWordIsFoundWhereverASpanSaysIt() {
        #expect(names("insert", in: .checkout) == ["INSERT payments"])
        #expect(names("INVENTORY", in: .checkout) == ["POST /reservations"])
        #expect(names("4242", in: .checkout) == ["POST /payments"])
        #expect(names("T-17", in: .eventful) == ["charge"])
        #expect(names("payment.terminal", in: .eventful) == ["charge"])
        #expect(names("pay.swift", in: .eventful) == ["charge"])
        #expect(names("0000000000000009", in: .checkout) == ["INSERT payments"])
        #expect(names("producer", in: .checkout) == ["publish order.failed"])
        #expect(names("no such thing", in: .checkout).isEmpty)
    }

    @Test func conditionsAreThoseOfTheQueryLanguage() {
        #expect(names("error", in: .checkout) == ["POST /payments"])
        #expect(names("duration>110ms", in: .checkout) == ["POST /checkout", "POST orders /orders"])
        #expect(names("service=payments duration<10ms", in: .checkout) == ["INSERT payments"])
        #expect(names("payment.terminal=T-17", in: .eventful) == ["charge"])
        #expect(names("{ span.attempt = 2 }", in: .eventful) == ["charge"])
        #expect(names("has:attempt", in: .eventful) == ["charge"])
    }

    @Test func whatIsNoConditionIsLookedForAsItStands() {
        let trace = Trace(id: .sample(1), assembling: [.sample(1, name: "a => b"), .sample(2, name: "b")])
        #expect(names("a => b", in: trace) == ["a => b"])
    }

    @Test func abrokenQueryIsToldRatherThanFoundNothing() {
        #expect(SpanSearch("{ duration > ").complaint != nil)
        #expect(SpanSearch("duration>10ms").complaint == nil)
    }

    @Test func aCancelledSearchHasNoAnswer() async {
        let task = Task { () -> [Int]? in
            withUnsafeCurrentTask { $0?.cancel() }
            return SpanSearch("page").matches(in: .feed)
        }
        #expect(await task.value == nil)
    }
}
