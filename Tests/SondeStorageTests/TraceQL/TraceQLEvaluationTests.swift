// SPDX-License-Identifier: Apache-2.0
// What TraceQL finds, on a trace worked through by hand.
//
//   0  1 GET /checkout  gateway   server  100 ms  error "boom"      status_code int 500, cached true, both "span"
//   1  ├ 2 authorize    users     client   20 ms  ok                status_code string "500", ratio 0.5
//   2  └ 3 charge       payments  client   50 ms  error             tags ["a", "b"], empty [], retries 3
//   3    ├ 4 sql        payments  client   10 ms                    rows 10; events e1 (+1 ms), e2 (+12 ms); link
//   4    └ 5 sql        payments  client   20 ms                    rows 2.5
//
// Resource of every span: region "eu", both "resource". Scope of span 4: "pgx" 1.2, lang "go".

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@Suite struct TraceQLEvaluationTests {
    private let trace: Trace

    init() {
        let gateway = SpanRecord.sample(
            1, service: "gateway", name: "GET /checkout", duration: 100,
            status: SpanStatus(code: .error, message: "boom"),
            attributes: [
                Attribute("http.status_code", .int(500)), Attribute("cached", .bool(true)),
                Attribute("both", .string("span")),
            ])
        let authorize = SpanRecord.sample(
            2, parent: 1, service: "users", name: "authorize", kind: .client, start: 5, duration: 20,
            status: SpanStatus(code: .ok),
            attributes: [Attribute("http.status_code", .string("500")), Attribute("ratio", .double(0.5))])
        let charge = SpanRecord.sample(
            3, parent: 1, service: "payments", name: "charge", kind: .client, start: 30, duration: 50,
            status: SpanStatus(code: .error),
            attributes: [
                Attribute("tags", .array([.string("a"), .string("b")])), Attribute("empty", .array([])),
                Attribute("retries", .int(3)), Attribute("gone", .empty), Attribute("raw", .bytes([1])),
            ])
        var first = SpanRecord.sample(
            4, parent: 3, service: "payments", name: "sql", kind: .client, start: 35, duration: 10,
            attributes: [Attribute("rows", .int(10))])
        let second = SpanRecord.sample(
            5, parent: 3, service: "payments", name: "sql", kind: .client, start: 50, duration: 20,
            attributes: [Attribute("rows", .double(2.5))])
        first.events = [
            SpanEvent(time: .sample(ms: 36), name: "e1", attributes: [Attribute("n", .int(1))]),
            SpanEvent(time: .sample(ms: 47), name: "e2", attributes: [Attribute("n", .int(2))]),
        ]
        first.links = [
            SpanLink(traceID: .sample(9), spanID: SpanID(7), attributes: [Attribute("why", .string("retry"))])
        ]
        first.scope = InstrumentationScope(name: "pgx", version: "1.2", attributes: [Attribute("lang", .string("go"))])
        trace = Trace(id: .sample(1), assembling: [gateway, authorize, charge, first, second].map(Self.inRegion))
    }

    private static func inRegion(_ span: SpanRecord) -> SpanRecord {
        var span = span
        span.resource.attributes += [Attribute("region", .string("eu")), Attribute("both", .string("resource"))]
        return span
    }

    @Test(arguments: [
        // Selectors, typed comparison.
        ("{}", [0, 1, 2, 3, 4]), ("{ false }", []), ("{ .http.status_code = 500 }", [0]),
        ("{ .http.status_code = \"500\" }", [1]), ("{ .http.status_code = 500.0 }", [0]),
        ("{ .http.status_code != 500 }", []), ("{ .http.status_code != \"x\" }", [1]),
        ("{ .http.status_code >= 499.5 }", [0]), ("{ .http.status_code > \"40\" }", [1]),
        ("{ .http.status_code = nil }", [2, 3, 4]), ("{ .http.status_code != nil }", [0, 1]),
        ("{ .rows > 2 }", [3, 4]), ("{ .rows < 10 }", [4]), ("{ span.ratio = 0.5 }", [1]), ("{ .cached }", [0]),
        ("{ .cached = true }", [0]), ("{ !.cached }", []), ("{ .cached || .rows = 10 }", [0, 3]),
        ("{ !(.cached = true) }", [1, 2, 3, 4]), ("{ .gone = nil && .retries = 3 }", [2]), ("{ .raw != nil }", [2]),
        ("{ .raw = \"01\" }", []),
        // Arrays.
        ("{ .tags = \"b\" }", [2]), ("{ .tags != \"b\" }", []), ("{ .tags != \"c\" }", [2]),
        ("{ .tags =~ \"[ab]\" }", [2]),
        ("{ .tags !~ \"[ab]\" }", []), ("{ .tags !~ \"x\" }", [2]), ("{ .empty = \"a\" }", []),
        ("{ .empty != \"a\" }", [2]), ("{ .tags != 5 }", []),
        // Scopes.
        ("{ .both = \"span\" }", [0]), ("{ .both = \"resource\" }", [1, 2, 3, 4]),
        ("{ resource.both = \"resource\" }", [0, 1, 2, 3, 4]), ("{ span.both = \"resource\" }", []),
        ("{ event.n = 2 }", [3]), ("{ .n = 1 }", [3]), ("{ event.n != 2 }", []), ("{ event.n != 3 }", [3]),
        ("{ link.why = \"retry\" }", [3]), ("{ instrumentation.lang = \"go\" }", [3]),
        ("{ parent.retries = 3 }", [3, 4]), ("{ parent.span.cached }", [1, 2]),
        ("{ parent.resource.service.name = \"gateway\" }", [1, 2]), ("{ parent.x = nil }", [0, 1, 2, 3, 4]),
        // Intrinsics.
        ("{ name = \"sql\" }", [3, 4]), ("{ span:name =~ \"s.l|char.*\" }", [2, 3, 4]),
        ("{ name !~ \"s.l\" }", [0, 1, 2]),
        ("{ name =~ \"sq\" }", []), ("{ status = error }", [0, 2]), ("{ status != error }", [1, 3, 4]),
        ("{ statusMessage = \"boom\" }", [0]), ("{ kind = server }", [0]), ("{ kind != client }", [0]),
        ("{ duration >= 20ms && duration < 0.1s }", [1, 2, 4]), ("{ duration = 10000000 }", [3]),
        ("{ rootName = \"GET /checkout\" && rootServiceName = \"gateway\" && name = \"sql\" }", [3, 4]),
        ("{ trace:duration = 100ms }", [0, 1, 2, 3, 4]), ("{ span:id = \"4\" }", [3]),
        ("{ span:parentID = \"3\" }", [3, 4]),
        ("{ span:parentID = nil }", [0]), ("{ parent = nil }", [0]), ("{ nestedSetParent < 0 }", [0]),
        ("{ nestedSetLeft = 4 && nestedSetRight = 9 }", [2]), ("{ nestedSetParent = 4 }", [3, 4]),
        ("{ span:childCount = 2 }", [0, 2]), ("{ span:childCount = 0 }", [1, 3, 4]), ("{ event:name = \"e2\" }", [3]),
        ("{ event:timeSinceStart > 10ms }", [3]), ("{ event:timeSinceStart > 12ms }", []),
        ("{ link:traceID = \"5a5a0000000000000000000000000009\" && link:spanID = \"7\" }", [3]),
        ("{ instrumentation:name = \"pgx\" && instrumentation:version = \"1.2\" }", [3]),
        // Arithmetic.
        ("{ duration > 2 * 20ms + 1ns }", [0, 2]), ("{ .retries * 2 = 6 }", [2]), ("{ .rows % 4 = 2 }", [3]),
        ("{ .rows ^ 2 = 6.25 }", [4]), ("{ -.retries = -3 }", [2]), ("{ .rows / 0 = 1 }", []),
        ("{ .both + 1 = 2 }", []),
        ("{ .rows = .rows }", [3, 4]), ("{ .retries / 2 = 1.5 }", [2]),
        // Sets.
        ("{ .cached } && { name = \"charge\" }", [0, 2]), ("{ .cached } && { name = \"x\" }", []),
        ("{ .cached } || { name = \"x\" }", [0]), ("{ name = \"sql\" } && { name = \"sql\" }", [3, 4]),
        ("{ .cached } && { name = \"x\" } || { .ratio > 0 }", [1]),
        // Structure.
        ("{ .cached } > {}", [1, 2]), ("{ .cached } >> {}", [1, 2, 3, 4]), ("{ name = \"sql\" } < {}", [2]),
        ("{ name = \"sql\" } << {}", [0, 2]), ("{ name = \"authorize\" } ~ {}", [2]),
        ("{ name = \"sql\" } ~ {}", [3, 4]),
        ("{ .rows = 10 } ~ { .rows = 10 }", []), ("{} ~ { .cached }", []), ("{ .cached } !> {}", [0, 3, 4]),
        ("{ .cached } !>> {}", [0]), ("{} !< {}", [1, 3, 4]), ("{ name = \"sql\" } !<< {}", [1, 3, 4]),
        ("{ name = \"authorize\" } !~ {}", [0, 1, 3, 4]), ("{ name = \"x\" } !> { name = \"sql\" }", [3, 4]),
        ("{ status = error } !< { status = error }", [2]), ("{ .cached } &> { name = \"charge\" }", [0, 2]),
        ("{ .cached } &>> { name = \"sql\" }", [0, 3, 4]), ("{ .rows = 10 } &< {}", [2, 3]),
        ("{ .rows = 10 } &<< {}", [0, 2, 3]), ("{ .rows = 10 } &~ {}", [3, 4]),
        ("{ .cached } &> { name = \"sql\" }", []),
        ("{ .cached } > { status = error } > { .rows > 5 }", [3]), ("{} !> {} ", [0]), ("{} &>> {}", [0, 1, 2, 3, 4]),
        // Pipelines with one set.
        ("count() = 5", [0, 1, 2, 3, 4]), ("{ name = \"sql\" } | count() > 2", []),
        ("{ name = \"sql\" } | count() > 1", [3, 4]),
        ("{ name = \"sql\" } | avg(duration) = 15ms", [3, 4]), ("{ name = \"sql\" } | sum(.rows) = 12.5", [3, 4]),
        ("{} | min(.rows) = 2.5", [0, 1, 2, 3, 4]), ("{} | max(duration) >= 100ms", [0, 1, 2, 3, 4]),
        ("{ name = \"charge\" } | max(.rows) < 100", []),
        ("{ name = \"sql\" } | max(duration) = 2 * min(duration)", [3, 4]),
        ("{} | { status = error } | count() = 2", [0, 2]), ("({} | count() > 9) || { .cached }", [0]),
        ("({ name = \"sql\" } | count() = 2) < {}", [2]),
        ("{} | by(name) | coalesce() | count() = 5", [0, 1, 2, 3, 4]),
        ("{ name = \"sql\" } | select(name)", [3, 4]), ("{ .tags != nil } | sum(.tags) > 0", []),
        ("{ event:name != nil } | sum(event.n) = 3", [3]),
    ])
    func finds(text: String, spans: [Int]) throws {
        let sets = try TraceExpression(parsing: text).spanSets(in: trace)
        #expect(sets.map(\.spans) == (spans.isEmpty ? [] : [spans]))
        #expect(try TraceExpression(parsing: text).matches(trace) == !spans.isEmpty)
    }

    @Test func partsSetsByAValue() throws {
        let sets = try TraceExpression(parsing: "{} | by(resource.service.name) | count() > 1").spanSets(in: trace)
        let name = SpanSet.Value(name: "by(resource.service.name)", value: .value(.string("payments")))
        let count = SpanSet.Value(name: "count()", value: .value(.int(3)))
        #expect(sets == [SpanSet(spans: [2, 3, 4], values: [name, count])])
    }

    @Test func whatLacksTheValueIsASetOfItsOwn() throws {
        let sets = try TraceExpression(parsing: "{ kind = client } | by(.rows)").spanSets(in: trace)
        #expect(sets.map(\.spans) == [[1, 2], [3], [4]])
        #expect(sets.map { $0.values[0].value } == [.absent, .value(.int(10)), .value(.double(2.5))])
    }

    @Test func showsSelectedFields() throws {
        var query = TraceQuery()
        try query.add("{ name = \"sql\" } | select(.rows, name, event.n, .none)")
        query.spansPerSet = 1
        let summary = try #require(query.summary(of: trace))
        #expect(summary.matchedSpans == 2)
        #expect(summary.spanSets.count == 1)
        let shown = summary.spanSets[0]
        #expect(shown.matched == 2)
        #expect(shown.spans.map(\.spanID) == [SpanID(4)])
        #expect(
            shown.spans[0].attributes == [
                Attribute(".rows", .int(10)), Attribute("span:name", .string("sql")),
                Attribute("event.n", .array([.int(1), .int(2)])),
            ])
    }

    @Test func showsSoManySetsAndSpansAndSaysHowManyMore() throws {
        let records = (1...300 as ClosedRange<UInt64>).map { SpanRecord.sample($0, start: Int64($0)) }
        let trace = Trace(id: .sample(1), assembling: records)
        var query = TraceQuery()
        try query.add("{} | by(span:id)")
        let summary = try #require(query.summary(of: trace))
        #expect(summary.spanSets.count == 100)
        #expect(summary.omittedSpanSets == 200)
        #expect(summary.matchedSpans == 300)
        query.expression = try TraceExpression(parsing: "{}")
        query.spansPerSet = 1_000
        #expect(query.summary(of: trace)?.spanSets.first?.spans.count == 100)
    }

    @Test func otherConditionsHoldOnASpanThatWasFound() throws {
        var query = TraceQuery()
        try query.add("{ name = \"sql\" }")
        query.service = "payments"
        #expect(query.summary(of: trace)?.matchedSpans == 2)
        query.service = "gateway"
        #expect(query.summary(of: trace) == nil)
    }

    @Test func aTraceWithoutSpansMatchesNothing() throws {
        #expect(try !TraceExpression(parsing: "{} | count() = 0").matches(Trace(id: .sample(1), assembling: [])))
    }

    @Test func spansAloneAreJudgedAsFarAsTheyTell() throws {
        func verdict(_ text: String, _ index: Int) throws -> Bool? {
            try TraceExpression(parsing: text).condition?.holds(on: trace.spans[index])
        }
        #expect(try verdict("{ .cached && rootName = \"x\" }", 1) == false)
        #expect(try verdict("{ .cached && rootName = \"x\" }", 0) == nil)
        #expect(try verdict("{ .cached || rootName = \"x\" }", 0) == true)
        #expect(try verdict("{ !(parent.a = 1) }", 0) == nil)
        #expect(try verdict("{ !(.a = 1) }", 0) == true)
    }

    @Test func numbersCompareExactly() throws {
        var span = SpanRecord.sample(1, attributes: [Attribute("n", .int(9_007_199_254_740_993))])
        span.attributes.append(Attribute("nan", .double(.nan)))
        let trace = Trace(id: .sample(1), assembling: [span])
        for (text, holds) in [
            ("{ .n = 9007199254740993 }", true), ("{ .n = 9007199254740992.0 }", false),
            ("{ .n > 9007199254740992.0 }", true), ("{ .n < 9007199254740994.0 }", true), ("{ .n < 1e300 }", true),
            ("{ .n > -1e300 }", true), ("{ .nan = .nan }", false), ("{ .nan < 1 }", false), ("{ .nan != 1 }", true),
            ("{ .n + maxInt > maxInt }", true), ("{ .n = minInt }", false),
            ("{ .n < -minInt }", true), ("{ .n = --minInt }", false), ("{ .n = -9223372036854775808.0 }", false),
        ] {
            #expect(try TraceExpression(parsing: text).matches(trace) == holds, "\(text)")
        }
    }

    // MARK: What is necessary

    @Test(arguments: [
        ("{}", 0), ("{ .a = 1 }", 1), ("{ .a = 1 } && { .b = 1 }", 2), ("{ .a = 1 } || { .b = 1 }", 1),
        ("{ .a = 1 } || {}", 0), ("{ .a = 1 } >> { .b = 1 }", 2), ("{ .a = 1 } !>> { .b = 1 }", 1),
        ("{ .a = 1 } | { .b = 1 } | count() > 2", 2), ("({ .a = 1 } && { .b = 1 }) || { .c = 1 }", 1),
    ])
    func saysWhatIsNecessary(text: String, count: Int) throws {
        #expect(try TraceExpression(parsing: text).necessaryConditions.count == count)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func whatMatchesMeetsWhatIsNecessary(seed: UInt64) throws {
        var dice = Dice(state: seed)
        let queries = RandomQueries(
            services: ["gateway", "users", "payments"], names: ["sql", "charge", "authorize"],
            keys: ["http.status_code", "rows", "tags", "both", "n", "why"],
            values: [.int(500), .string("500"), .double(2.5), .string("b"), .bool(true)])
        for _ in 0..<200 {
            let expression = try TraceExpression(parsing: queries.traceQL(&dice))
            guard expression.matches(trace) else { continue }
            for alternatives in expression.necessaryConditions {
                #expect(
                    trace.spans.contains { span in alternatives.contains { $0.holds(on: span) != false } },
                    "\(expression.text)")
            }
            if let condition = expression.condition, !condition.needsTrace {
                #expect(trace.spans.contains { condition.holds(on: $0) == true }, "\(expression.text)")
            }
        }
    }

    // MARK: Structure at size

    @Test func relationsAgreeWithTheirDefinitionsOnRandomTrees() {
        var dice = Dice(state: 5)
        for _ in 0..<60 {
            let count = UInt64.random(in: 1...14, using: &dice)
            let records = (1...count).map { id in
                SpanRecord.sample(id, parent: UInt64.random(in: 0..<id, using: &dice), start: Int64(id))
            }
            let trace = Trace(id: .sample(1), assembling: records)
            let left = trace.spans.indices.filter { _ in Bool.random(using: &dice) }
            let right = trace.spans.indices.filter { _ in Bool.random(using: &dice) }
            for relation in StructuralOperator.Relation.allCases {
                for form in StructuralOperator.Form.allCases {
                    let got = Self.related(trace, left, StructuralOperator(relation, form), right)
                    let want = Self.byDefinition(trace, left, relation, form, right)
                    #expect(got == want, "\(form.rawValue)\(relation.rawValue) \(left) \(right) \(trace.parents)")
                }
            }
        }
    }

    private static func related(
        _ trace: Trace, _ left: [Int], _ structural: StructuralOperator, _ right: [Int]
    ) -> [Int] {
        func filter(_ spans: [Int]) -> SpansetExpression {
            .filter(
                .any(
                    [.literal(.bool(false))]
                        + spans.map {
                            .compare(
                                .field(.intrinsic(.spanID)), .equal, .literal(.string(trace.spans[$0].spanID.hex)))
                        }))
        }
        let root = SpansetExpression.structural(filter(left), structural, filter(right))
        return TraceExpression(text: "{}", root: root).spanSets(in: trace).first?.spans ?? []
    }

    private static func byDefinition(
        _ trace: Trace, _ left: [Int], _ relation: StructuralOperator.Relation, _ form: StructuralOperator.Form,
        _ right: [Int]
    ) -> [Int] {
        func ancestors(_ index: Int) -> [Int] {
            trace.parents[index].map { [$0] + ancestors($0) } ?? []
        }
        func lies(_ b: Int, to a: Int) -> Bool {
            switch relation {
            case .child: trace.parents[b] == a
            case .descendant: ancestors(b).contains(a)
            case .parent: trace.parents[a] == b
            case .ancestor: ancestors(a).contains(b)
            case .sibling: a != b && trace.parents[a] != nil && trace.parents[a] == trace.parents[b]
            }
        }
        switch form {
        case .plain: return right.filter { b in left.contains { lies(b, to: $0) } }
        case .not: return right.filter { b in !left.contains { lies(b, to: $0) } }
        case .union:
            let pairs = right.flatMap { b in left.filter { lies(b, to: $0) }.flatMap { [$0, b] } }
            return Set(pairs).sorted()
        }
    }
}
