// SPDX-License-Identifier: Apache-2.0
// The texts that come in headers, parameters and on command lines.

import SondeModel
import SondeStorage

@testable import SondeWire

extension FuzzTarget {
    static let texts = [
        text("trace-parent", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"], ["-", "00-", "ff"]) { text in
            guard let parent = TraceParent(text) else { return false }
            try expect(TraceParent(parent.text) == parent, "a traceparent comes back as it was")
            return true
        },
        text(
            "trace-state", ["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "a@b=1, ,c=2"],
            [",", "=", " ", "\t", "@", "a=1,"]
        ) { text in
            guard let state = TraceState(text) else { return false }
            try expect(TraceState(state.text) == state, "a tracestate comes back as it was")
            return true
        },
        text(
            "baggage", ["userId=alice,serverNode=DF%2028,isProduction=false;ttl=60"],
            [",", ";", "=", "%", "%zz", "%e2"]
        ) {
            let baggage = W3CBaggage($0)
            try expect(W3CBaggage(baggage.text).text == baggage.text, "baggage comes back as it was")
            return !baggage.isEmpty
        },
        text(
            "query-shorthand",
            [
                "service=orders duration>200ms http.request.method=GET error",
                #"name="a \"b\"" status=error kind=client"#,
            ],
            [
                "=", ">", "<=", "!=", "~", "!~", "\"", "\\", " ", "{", "(", ")", "NOT ", " OR ", "has:", "root", "*",
                "duration", "traceDuration<",
            ]
        ) { try readsQuery($0) },
        text(
            "traceql",
            [
                #"{ .a >= 500 && (name =~ "GET .*" || !(status = ok)) } >> { span.b != nil } | count() > 2"#,
                "{ duration > 1.5s } &> ({ parent.resource.c = `x` } | by(kind) | avg(.d) * 2 < max(duration))",
                #"{ event:name = "e" } !~ {} | select(link."f g", trace:id) | coalesce() | { -.e ^ 2 % 3 = minInt }"#,
                "sum(span.n) - 1 = 3 || { instrumentation:version != nil }",
            ],
            [
                "{", "}", "(", ")", "|", "||", "&&", "!", "=", "!=", "=~", "!~", ">>", "<<", "~", "!>", "&<", "-", "^",
                "\"", "`", "\\", ".", "span.", "parent.", "event:", "name", "status", "error", "nil", "count()", "by(",
                "select(", "avg(duration)", "1h", "9223372036854775808", "[[:alpha:]]{2,9}", "(?i", "\\p{Lu}",
            ]
        ) { try readsQuery($0) },
        text(
            "regular-expression", [#"(?i)GET /[a-z]+/\d{1,3}(?:\?.*)?"#, #"^\Qa.b\E|[^[:space:]\x{41}-z]*?$"#],
            ["(", ")", "[", "]", "|", "*", "+", "?", "{2,3}", "{1000}", "\\b", "\\pL", "(?s:", "[^", "\\Q", "."]
        ) { pattern in
            guard let whole = try? RegularExpression(pattern),
                let part = try? RegularExpression(pattern, matchesWhole: false)
            else { return false }
            for text in ["", "GET /orders/12", pattern] where whole.matches(text) {
                try expect(part.matches(text), "what matches whole matches somewhere")
            }
            return true
        },
        text(
            "moments",
            ["2026-01-02T03:04:05.123456789Z", "2026-12-31T23:59:60+14:00", "now-1h", "1767323045000000000", "now 5m"],
            ["T", "Z", "-", "+", ":", ".", "now", "9999-12-31", "0000", "99999999999999999999"]
        ) { text in
            _ = MomentText.parse(text, now: .zero)
            _ = MomentText.parse(text, now: .distantFuture)
            guard let moment = RFC3339.parse(text) else { return false }
            try expect(RFC3339.parse(RFC3339.text(moment)) == moment, "a moment comes back as it was")
            return true
        },
        text(
            "durations", ["1.2s", "1h5m", "100ms", "7d", "0.000000001s"],
            ["ns", "µs", "d", ".", "99999999999999999999", "0", "h"]
        ) { text in
            guard let nanoseconds = DurationText.parse(text) else { return false }
            try expect(
                DurationText.parse(DurationText.text(nanoseconds)) != nil, "a duration that is shown can be read")
            return true
        },
        text(
            "authorities", ["http://user@host:8080/path", "[::1]:4318", "host:"], ["[", "]", ":", "@", "//", "65536"]
        ) {
            let authority = URLAuthority(Substring($0))
            _ = authority.hasUsablePort
            _ = URLAuthority(ofURL: $0)?.port
            return true
        },
    ]

    /// Reads a query and asks it of a trace: errors have a place in the text, and no condition that is called necessary
    /// is missed by a trace that matches.
    private static func readsQuery(_ text: String) throws -> Bool {
        var query = TraceQuery()
        do throws(QuerySyntaxError) {
            try query.add(text)
        } catch {
            let place = 0...text.unicodeScalars.count
            try expect(place.contains(error.offset), "the place of an error lies in the text")
            try expect(error.excerpt(of: text).count == 2, "an error can be shown")
            return false
        }
        guard let expression = query.expression else { return true }
        let sets = expression.spanSets(in: fuzzedTrace)
        try expect(sets.allSatisfy { !$0.spans.isEmpty && $0.spans == $0.spans.sorted() }, "sets hold spans in order")
        guard !sets.isEmpty else { return true }
        for alternatives in expression.necessaryConditions {
            let isMet = fuzzedTrace.spans.contains { span in alternatives.contains { $0.holds(on: span) != false } }
            try expect(isMet, "a trace that matches meets what is necessary")
        }
        return true
    }

    private static let fuzzedTrace = Trace(
        id: TraceID(high: 1, low: 2),
        assembling: (1...4 as ClosedRange<UInt64>).map { number in
            SpanRecord(
                traceID: TraceID(high: 1, low: 2), spanID: SpanID(number), parentSpanID: SpanID(number / 2),
                name: "GET /\(number)", kind: number == 1 ? .server : .client,
                start: Timestamp(nanoseconds: number * 1_000), end: Timestamp(nanoseconds: 9_000_000_000),
                status: SpanStatus(code: number == 4 ? .error : .ok),
                attributes: [
                    Attribute("a", .int(Int64(number) * 250)), Attribute("b", .string("b\(number)")),
                    Attribute("d", .double(1.5)), Attribute("f g", .array([.string("x"), .int(1)])),
                ],
                events: [SpanEvent(time: Timestamp(nanoseconds: number * 1_500), name: "e")],
                resource: Resource(attributes: [Attribute("service.name", .string("s\(number % 2)"))]))
        })

    private static func text(
        _ name: String, _ seeds: [String], _ words: [String], _ run: @escaping @Sendable (String) throws -> Bool
    ) -> FuzzTarget {
        FuzzTarget(name: name, seeds: { seeds.map { Array($0.utf8) } }, words: words) { bytes in
            try run(String(decoding: bytes, as: UTF8.self))
        }
    }
}
