// SPDX-License-Identifier: Apache-2.0
// What TraceQL is read as, and what is refused at which character with which words.

import SondeModel
import SondeStorage
import Testing

@Suite struct TraceQLParserTests {
    // MARK: Errors

    @Test(arguments: [
        ("", 0, "expected {, ( or an aggregate"), ("{ .a = 1", 8, "expected } for what was opened at character 1"),
        ("{ .a = 1 } |", 12, "expected {, by(…)"), ("{ .a = 1 } | count()", 20, "expected =, !=, <"),
        ("{ .a = \"x }", 7, "no closing quote"), ("{ .a = `x }", 7, "no closing `"),
        ("{ .a = 'x' }", 7, "double quotes"),
        ("{ .a & .b }", 5, "and is &&"), ("{ foo = 1 }", 2, "there is no field foo"), ("{ . = 1 }", 3, "the key of"),
        ("{ span:foo = 1 }", 2, "expected one of span:name"), ("{ foo:bar = 1 }", 2, "scopes of intrinsics"),
        ("{ .a == 1 }", 6, "expected a field"), ("{ .a = }", 7, "expected a field"), ("{ .a = 1 = 2 }", 9, "&&, ||"),
        ("{ .a =~ 5 }", 8, "a regular expression in quotes"), ("{ .a =~ \"x(\" }", 10, "is not closed"),
        ("{ duration =~ \"x\" }", 11, "only strings"), ("{ name = 5 }", 9, "a string in quotes"),
        ("{ status = \"error\" }", 11, "ok, error or unset"), ("{ status > ok }", 9, "only be compared with = and !="),
        ("{ .a < nil }", 5, "nil can only be compared"), ("{ kind = error }", 9, "expected server, client"),
        ("{ name }", 2, "expected a condition"), ("{ .a = 1 && name }", 12, "expected a condition"),
        ("{ 5 }", 2, "expected a condition"), ("{ !name }", 3, "expected a condition"),
        ("{ name + 1 = 2 }", 2, "expected a number"), ("{ 1 + \"a\" = 2 }", 6, "expected a number"),
        ("{ .a = 99999999999999999999 }", 7, "larger than"), ("{ .a = 1.2.3 }", 7, "a number like"),
        ("{ duration > 5parsecs }", 13, "a duration like"), ("{} )", 3, "this ) closes nothing"),
        ("{} {}", 3, "expected &&"),
        ("({}", 3, "expected ) for what was opened at character 1"), ("{} >> ", 6, "expected { or ("),
        ("{} | by()", 8, "expected a field"), ("{} | by(.a", 10, "expected )"), ("{} | select()", 12, "a field"),
        ("{} | select(.a .b)", 15, "expected , or )"), ("{} | avg()", 9, "expected a field"),
        ("{} | avg(name) > 1", 9, "takes numbers"), ("{} | count(.a) > 1", 11, ") right behind count("),
        ("{} | count() > \"x\"", 15, "expected {, by"), ("{} | count() = ", 15, "expected"),
        ("{ .a = \"\\q\" }", 8, "this escape is not known"), ("{ span.a.\"b = 1 }", 9, "no closing quote"),
    ])
    func pointsAtTheCharacter(text: String, offset: Int, words: String) {
        #expect {
            try TraceExpression(parsing: text)
        } throws: { error in
            guard let error = error as? QuerySyntaxError else { return false }
            #expect(error.code == .malformed)
            #expect(error.message.contains(words), "\(error.message)")
            #expect(error.offset == offset, "\(error.message)")
            return true
        }
    }

    @Test(arguments: [
        ("{} | rate()", 5, "rate()"), ("{} | count_over_time() by (name)", 5, "count_over_time()"),
        ("{} | quantile_over_time(duration, .9)", 5, "quantile_over_time()"), ("{} | topk(10)", 5, "topk()"),
        ("{} | compare({ status = error })", 5, "compare()"), ("{} with (most_recent=true)", 3, "with("),
    ])
    func namesTheTierThatIsNotSupported(text: String, offset: Int, words: String) {
        #expect {
            try TraceExpression(parsing: text)
        } throws: { error in
            guard let error = error as? QuerySyntaxError else { return false }
            return error.code == .unsupported && error.offset == offset && error.message.contains(words)
        }
    }

    @Test func boundsWhatIsRead() {
        let deep = String(repeating: "(", count: 50_000)
        let row = Array(repeating: "{}", count: 5_000).joined(separator: " > ")
        let sums = "{ " + Array(repeating: "1", count: 5_000).joined(separator: " + ") + " = 1 }"
        let bangs = "{ " + String(repeating: "!", count: 5_000) + ".a }"
        let minus = "{ 1 = " + String(repeating: "-", count: 5_000) + "1 }"
        let rows = (0..<40).reduce("1") { inner, _ in "(" + inner + "*1*1*1-1-1-1)" }
        let many = Array(repeating: "{}", count: 65).joined(separator: " || ")
        for text in [deep, row, sums, "{ \(rows) > 0 }", bangs, minus, many, String(repeating: " ", count: 32_769)] {
            #expect(throws: QuerySyntaxError.self) { try TraceExpression(parsing: text) }
        }
    }

    @Test func longRowsOfAlternativesAreRead() throws {
        let text = "{ " + (0..<1_500).map { ".id = \($0)" }.joined(separator: " || ") + " }"
        guard case .filter(.any(let parts)) = try TraceExpression(parsing: text).root else {
            Issue.record("expected one filter of alternatives")
            return
        }
        #expect(parts.count == 1_500)
    }

    @Test func drawsACaretUnderTheCharacter() throws {
        let text = "{ name = 5 }"
        #expect {
            try TraceExpression(parsing: text)
        } throws: { error in
            (error as? QuerySyntaxError)?.excerpt(of: text) == ["{ name = 5 }", "         ^"]
        }
        let long = String(repeating: " ", count: 500) + "{ name = 5 }" + String(repeating: " ", count: 500)
        #expect {
            try TraceExpression(parsing: long)
        } throws: { error in
            guard let lines = (error as? QuerySyntaxError)?.excerpt(of: long), lines.count == 2 else { return false }
            let column = lines[1].count - 1
            return lines[0].count <= 76 && Array(lines[0])[column] == "5"
        }
    }

    // MARK: Fields

    @Test(arguments: [
        (".foo", Field.attribute(.any, key: "foo")), (".http.status_code", .attribute(.any, key: "http.status_code")),
        ("span.foo-bar/baz", .attribute(.span, key: "foo-bar/baz")), ("resource.a", .attribute(.resource, key: "a")),
        ("event.a", .attribute(.event, key: "a")), ("link.a", .attribute(.link, key: "a")),
        ("instrumentation.a", .attribute(.instrumentation, key: "a")),
        (#"span."foo bar""#, .attribute(.span, key: "foo bar")),
        (#"span.a."b c".d"#, .attribute(.span, key: "a.b c.d")),
        (#"."q\"""#, .attribute(.any, key: "q\"")), ("parent.a", .parentAttribute(.any, key: "a")),
        ("parent.span.a", .parentAttribute(.span, key: "a")),
        ("parent.resource.a", .parentAttribute(.resource, key: "a")),
        ("name", .intrinsic(.name)), ("span:name", .intrinsic(.name)), ("status", .intrinsic(.status)),
        ("span:status", .intrinsic(.status)), ("kind", .intrinsic(.kind)), ("span:kind", .intrinsic(.kind)),
        ("duration", .intrinsic(.duration)), ("span:duration", .intrinsic(.duration)),
        ("statusMessage", .intrinsic(.statusMessage)), ("span:statusMessage", .intrinsic(.statusMessage)),
        ("rootName", .intrinsic(.rootName)), ("trace:rootName", .intrinsic(.rootName)),
        ("rootServiceName", .intrinsic(.rootService)), ("trace:rootService", .intrinsic(.rootService)),
        ("traceDuration", .intrinsic(.traceDuration)), ("trace:duration", .intrinsic(.traceDuration)),
        ("trace:id", .intrinsic(.traceID)), ("span:id", .intrinsic(.spanID)), ("span:parentID", .intrinsic(.parentID)),
        ("parent", .intrinsic(.parentID)), ("span:childCount", .intrinsic(.childCount)),
        ("event:name", .intrinsic(.eventName)), ("event:timeSinceStart", .intrinsic(.eventTimeSinceStart)),
        ("link:spanID", .intrinsic(.linkSpanID)), ("link:traceID", .intrinsic(.linkTraceID)),
        ("instrumentation:name", .intrinsic(.instrumentationName)),
        ("instrumentation:version", .intrinsic(.instrumentationVersion)),
        ("nestedSetParent", .intrinsic(.nestedSetParent)), ("nestedSetLeft", .intrinsic(.nestedSetLeft)),
        ("nestedSetRight", .intrinsic(.nestedSetRight)),
    ])
    func readsFields(text: String, field: Field) throws {
        #expect(try condition("\(text) = nil") == .compare(.field(field), .equal, .literal(.nil)))
        // What a field is called in answers reads as the same field.
        #expect(try condition("\(field.text) = nil") == .compare(.field(field), .equal, .literal(.nil)))
    }

    @Test(arguments: [
        ("\"a\\\"b\\\\\\n\\u00e9\"", FieldLiteral.string("a\"b\\\né")), ("`a\\d\"`", .string("a\\d\"")), ("5", .int(5)),
        ("-5", .int(-5)), ("minInt", .int(.min)), ("maxInt", .int(.max)), ("1.5", .double(1.5)),
        ("1e3", .double(1_000)),
        ("1h5m", .duration(3_900_000_000_000)), ("-5s", .duration(-5_000_000_000)), ("1.5ms", .duration(1_500_000)),
        ("true", .bool(true)), ("false", .bool(false)), ("nil", .nil), ("error", .status(.error)), ("ok", .status(.ok)),
        ("unset", .status(.unset)), ("server", .kind(.server)), ("unspecified", .kind(.unspecified)),
    ])
    func readsLiterals(text: String, literal: FieldLiteral) throws {
        let field = FieldExpression.field(.attribute(.any, key: "a"))
        #expect(try condition(".a = \(text)") == .compare(field, .equal, .literal(literal)))
    }

    @Test func bindsAsPeopleExpect() throws {
        #expect(try condition(".a || .b && !.c = true") == condition(".a || (.b && ((!.c) = true))"))
        #expect(try condition("1 + 2 * 3 ^ 2 ^ 2 = .a - -1") == condition("(1 + (2 * (3 ^ (2 ^ 2)))) = (.a - (-1))"))
        let a = "{ .a }", b = "{ .b }", c = "{ .c }"
        #expect(try root("\(a) || \(b) && \(c) >> \(a)") == root("\(a) || (\(b) && (\(c) >> \(a)))"))
        #expect(try root("\(a) > \(b) > \(c)") == root("(\(a) > \(b)) > \(c)"))
    }

    @Test(arguments: StructuralOperator.Relation.allCases, StructuralOperator.Form.allCases)
    func readsStructuralOperators(relation: StructuralOperator.Relation, form: StructuralOperator.Form) throws {
        let structural = StructuralOperator(relation, form)
        let all = SpansetExpression.filter(.literal(.bool(true)))
        #expect(try root("{}\(structural.text){}") == .structural(all, structural, all))
    }

    @Test func readsPipelines() throws {
        let all = SpansetExpression.filter(.literal(.bool(true)))
        let count = ScalarExpression.aggregate(.count, nil, text: "count()")
        let duration = FieldExpression.field(.intrinsic(.duration))
        #expect(try root("count() > 2") == .pipeline(all, [.compare(count, .greater, .literal(.int(2)))]))
        #expect(
            try root("{} | by(duration) | coalesce() | select(name, .a) | { true }")
                == .pipeline(
                    all,
                    [
                        .by(duration, text: "duration"), .coalesce,
                        .select([.intrinsic(.name), .attribute(.any, key: "a")]), .filter(all),
                    ]))
        let average = ScalarExpression.aggregate(.avg, duration, text: "avg( duration )")
        #expect(
            try root("{} | avg( duration ) / 2 >= 1s")
                == .pipeline(
                    all,
                    [
                        .compare(
                            .arithmetic(average, .divide, .literal(.int(2))), .greaterOrEqual,
                            .literal(.duration(1_000_000_000)))
                    ]))
        #expect(
            try root("({} | count() > 1) && {}")
                == .and([.pipeline(all, [.compare(count, .greater, .literal(.int(1)))]), all]))
    }

    @Test func idsMayLackZerosAndBeInEitherCase() throws {
        #expect(try condition("span:id = \"AB\"") == condition("span:id = \"00000000000000ab\""))
        #expect(
            try condition("\"1\" = trace:id") == condition("\"00000000000000000000000000000001\" = trace:id"))
    }

    private func condition(_ text: String) throws -> FieldExpression? {
        try TraceExpression(parsing: "{ \(text) }").condition
    }

    private func root(_ text: String) throws -> SpansetExpression { try TraceExpression(parsing: text).root }
}
