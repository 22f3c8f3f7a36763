// SPDX-License-Identifier: Apache-2.0
// What the shorthand means, and what it refuses.

import SondeModel
import SondeStorage
import SondeWire
import Testing

@Suite struct QueryShorthandTests {
    private let shorthand = QueryShorthand { DurationText.parse($0) }

    @Test(arguments: [
        "bogus", "=x", "service=\"open", "duration>fast", "kind=clientele", "status=bad", "\"\"=x", "a=\"b\"c",
        "duration>18446744073709551615ns", "duration<0ns", "service=a service=b", "error status=ok",
    ])
    func refusesWhatItCannotRead(text: String) {
        #expect {
            try read(text)
        } throws: { error in
            guard case .invalid? = error as? ReadError else { return false }
            return true
        }
    }

    @Test(arguments: [
        "{ status = error }", "  {}", "http.response.status_code>=500", "service!=orders", "name=~x.*", "duration!=1s",
    ])
    func saysSoWhenAQueryCannotExpressIt(text: String) {
        #expect {
            try read(text)
        } throws: { error in
            guard case .unsupported? = error as? ReadError else { return false }
            return true
        }
    }

    @Test func allTermsBecomeConditions() throws {
        var wanted = TraceQuery()
        wanted.service = "orders"
        wanted.operation = "GET /orders"
        wanted.kind = .server
        wanted.status = .error
        wanted.minDuration = 200_000_001
        wanted.maxDuration = 2_000_000_000
        wanted.minTraceDuration = 1_000_000_000
        wanted.attributes = [
            AttributeCondition(key: "http.request.method", value: "GET"),
            AttributeCondition(key: "odd key", value: "say \"hi\" \\ bye"),
        ]
        let text = #"""
              service=orders name="GET /orders"  kind=server error duration>200ms duration<=2s traceDuration>=1s
              http.request.method=GET "odd key"="say \"hi\" \\ bye"
            """#
        #expect(try read(text) == wanted)
    }

    @Test func boundsTightenEachOther() throws {
        let query = try read("duration>1s duration>=2s duration<9s duration<8s")
        #expect(query.minDuration == 2_000_000_000)
        #expect(query.maxDuration == 7_999_999_999)
    }

    @Test func nothingAsksForNothing() throws {
        #expect(try read("  ") == TraceQuery())
    }

    @Test func valuesKeepTheirOperators() throws {
        #expect(try read("sql=a=b>c").attributes == [AttributeCondition(key: "sql", value: "a=b>c")])
    }

    @discardableResult
    private func read(_ text: String) throws -> TraceQuery {
        var query = TraceQuery()
        try shorthand.add(text, to: &query)
        return query
    }
}
