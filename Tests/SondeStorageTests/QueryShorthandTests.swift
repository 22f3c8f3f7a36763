// SPDX-License-Identifier: Apache-2.0
// What the shorthand means, and what it refuses.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@Suite struct QueryShorthandTests {
    @Test(arguments: [
        ("bogus", 0), ("=x", 0), ("service=\"open", 8), ("duration>fast", 9), ("kind=clientele", 5), ("status=bad", 7),
        ("\"\"=x", 0), ("a=\"b\"c", 5), ("duration>18446744073709551615ns", 9), ("duration<0ns", 0),
        ("service=a service=b", 10), ("error status=ok", 6), ("a>b", 2), ("a~(", 2), ("duration~1s", 8),
        ("kind>server", 4),
        ("service>a", 7), ("(error", 6), ("error)", 5), ("NOT", 3), ("a=1 OR", 6), ("has:", 0), ("a=1 AND", 7),
        ("()", 1), ("name=\"x\"y", 8),
    ])
    func refusesWhatItCannotReadAndSaysWhere(text: String, offset: Int) {
        #expect {
            try read(text)
        } throws: { error in
            guard let error = error as? QuerySyntaxError else { return false }
            #expect(error.offset == offset, "\(error.sentence)")
            return error.code == .malformed
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
        #expect(try read("(service = orders AND (\(text)))") == wanted)
    }

    @Test func boundsTightenEachOther() throws {
        let query = try read("duration>1s duration>=2s duration<9s duration<8s")
        #expect(query.minDuration == 2_000_000_000)
        #expect(query.maxDuration == 7_999_999_999)
        #expect(query.expression == nil)
    }

    @Test func nothingAsksForNothing() throws {
        #expect(try read("  ") == TraceQuery())
    }

    @Test func valuesKeepTheirOperatorsAndParentheses() throws {
        #expect(try read("sql=a=b>c").attributes == [AttributeCondition(key: "sql", value: "a=b>c")])
        #expect(try read("f=g(x)").attributes == [AttributeCondition(key: "f", value: "g(x)")])
        #expect(try read("(f=g)").attributes == [AttributeCondition(key: "f", value: "g")])
        #expect(try read("path=C:\\x\\*").attributes == [AttributeCondition(key: "path", value: "C:\\x\\*")])
    }

    @Test func whatConditionsCanSayIsInThemAndAllOfItInTheTree() throws {
        let query = try read("service=orders duration>=5ms n>=5 a=b")
        #expect(query.service == "orders")
        #expect(query.minDuration == 5_000_000)
        #expect(query.attributes == [AttributeCondition(key: "a", value: "b")])
        guard case .all(let parts)? = query.expression?.condition else {
            Issue.record("expected one condition of parts")
            return
        }
        #expect(parts.count == 4)
        #expect(query.expression?.text == "service=orders duration>=5ms n>=5 a=b")
    }

    @Test func theSameTermTwiceIsNoContradiction() throws {
        #expect(try read("service=a service=a a=b a=b").attributes.count == 1)
    }

    @Test(arguments: [
        "{ status = error }", "  {}", "({} > {})", "count() > 2", "by(name) | count() > 1", "avg(duration) > 1s",
    ])
    func whatBeginsWithABraceOrAFunctionIsTraceQL(text: String) throws {
        let query = try read(text)
        #expect(query.expression?.isTraceQL == true)
        #expect(try query.expression?.root == TraceExpression(parsing: text).root)
    }

    @Test(arguments: ["count=2", "(error)", "by=x", "min>2"])
    func anythingElseIsTheShorthand(text: String) throws {
        #expect(!TraceExpression.isTraceQL(text))
        _ = try read(text)
    }

    /// One span with everything that terms ask for.
    private static let span: SpanRecord = {
        var span = SpanRecord.sample(
            2, parent: 1, service: "orders", name: "GET /orders/7", kind: .client, duration: 20,
            status: SpanStatus(code: .error, message: "no stock"),
            attributes: [
                Attribute("code", .int(500)), Attribute("text", .string("500")), Attribute("ratio", .double(0.5)),
                Attribute("flag", .bool(true)), Attribute("list", .array([.int(3), .string("x")])),
                Attribute("both", .string("a")), Attribute("odd key", .string("v")),
            ])
        span.resource.attributes += [Attribute("region", .string("eu-west")), Attribute("both", .string("b"))]
        span.events = [
            SpanEvent(time: .sample(ms: 3), name: "exception", attributes: [Attribute("type", .string("E"))])
        ]
        return span
    }()

    @Test(arguments: [
        ("error", true), ("root", false), ("NOT root", true), ("!error", false), ("not error", false),
        ("kind=client", true),
        ("kind!=client", false), ("status!=ok", true), ("statusMessage~stock", true), ("service!=orders", false),
        ("service~ord", true), ("service=~ord", false), ("service=~ord.*", true), ("name=GET*", true),
        ("name=\"GET /orders/*\"", true), ("name=*7", true), ("name=*8", false), ("name=GET\\*", false),
        ("operation~orders/\\d", true), ("name!~^POST", true), ("name!=GET*", false), ("duration!=20ms", false),
        ("duration>=20ms duration<=20ms", true), ("duration>20ms", false), ("code=500", true), ("text=500", true),
        ("code>=500", true), ("text>=500", true), ("text>500", false), ("code!=500", false), ("code!=501", true),
        ("ratio<0.75", true), ("ratio>=5e-1", true), ("flag=true", true), ("flag>0", false), ("list>2", true),
        ("list>3", false), ("list=[3,\"x\"]", true), ("has:code", true), ("has:nothing", false),
        ("has:\"odd key\"", true), ("\"odd key\"=v", true), ("nothing!=x", false), ("NOT nothing=x", true),
        ("nothing!~x", false), ("region~west$", true), ("region~^west", false), ("both=b", true), ("both!=b", false),
        ("both!=c", true), ("type=E", true), ("event:name=exception", true), ("event:timeSinceStart>2ms", true),
        ("span:id=2", true), ("root OR error", true), ("root or service=x", false), ("root || error", true),
        ("error && NOT (root OR code<500)", true), ("(error) (code=500)", true), ("error AND code=501", false),
        ("root OR error code=501", false), ("code = 500", true), ("code >= 501", false), ("error=true", false),
    ])
    func terms(text: String, holds: Bool) throws {
        let query = try read(text)
        let trace = Trace(id: .sample(1), assembling: [Self.span])
        #expect((query.summary(of: trace) != nil) == holds)
        // Asked among alternatives, nothing of it is in the other conditions.
        #expect((try read("(\(text)) OR none=none").summary(of: trace) != nil) == holds)
    }

    @Test func aServiceWithoutANameIsTheUnknownOne() throws {
        var span = Self.span
        span.resource = Resource()
        let trace = Trace(id: .sample(1), assembling: [span])
        for (text, holds) in [
            ("service=unknown_service", true), ("service=unknown_service n>1 OR error", true),
            ("(service=unknown_service OR n=1) has:code", true), ("service!=unknown_service", false),
            ("(service!=unknown_service OR n=1)", false), ("service=orders", false),
        ] {
            #expect((try read(text).summary(of: trace) != nil) == holds, "\(text)")
        }
    }

    @Test func flagsNarrowWhateverWasAsked() throws {
        let trace = Trace(
            id: .sample(1),
            assembling: [
                .sample(1, name: "GET /a"), .sample(2, parent: 1, name: "sql"), .sample(3, parent: 1, name: "b"),
            ])
        for (text, root, pattern, holds) in [
            ("", true, "GET *", true), ("", true, "sql", false), ("name=sql OR name=b", false, "s*", true),
            ("name=sql OR name=b", true, nil, false), ("{ name = \"sql\" }", false, "s*l", true),
            ("{ name = \"sql\" }", false, "x*", false), ("{ name = \"sql\" } << {}", true, "GET*", true),
            ("{ name = \"sql\" } || { name = \"b\" } | count() = 2", false, "b", true),
        ] as [(String, Bool, String?, Bool)] {
            var query = try read(text)
            if root { try query.addRootOnly() }
            if let pattern { try query.addOperation(like: pattern) }
            #expect((query.summary(of: trace) != nil) == holds, "\(text) \(pattern ?? "")")
            // The text says all of it, for those who ask elsewhere.
            var again = query
            again.expression = nil
            try again.add(query.expression?.text ?? "")
            #expect(again == query)
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func randomTermsAreRead(seed: UInt64) throws {
        var dice = Dice(state: seed)
        let queries = RandomQueries(
            services: ["orders", "odd \"service\""], names: ["GET /orders/7", "a\\b*"], keys: ["code", "odd key"],
            values: [.int(500), .string("a \"b\" (c)"), .bool(true), .array([.int(1)])])
        for _ in 0..<200 {
            let text = queries.shorthand(&dice)
            do throws(QuerySyntaxError) {
                var query = TraceQuery()
                try query.add(text)
            } catch {
                // Two services, or names, can be asked for at random.
                #expect(error.message.contains("nothing can match"), "\(text)\n\(error.sentence)")
            }
        }
    }

    @discardableResult
    private func read(_ text: String) throws -> TraceQuery {
        var query = TraceQuery()
        try query.add(text)
        return query
    }
}
