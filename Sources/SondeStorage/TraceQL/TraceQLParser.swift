// SPDX-License-Identifier: Apache-2.0
// Reads TraceQL into the tree, top down.
//
//   pipeline  = spansets { "|" stage }                  a pipeline that begins with a stage begins with {} unsaid
//   spansets  = both { "||" both }      both = related { "&&" related }
//   related   = set { [ "!" | "&" ] ( ">" | ">>" | "<" | "<<" | "~" ) set }
//   set       = "{" [ condition ] "}" | "(" pipeline ")"
//   stage     = spansets | "by" "(" x ")" | "coalesce" "(" ")" | "select" "(" field { "," field } ")" | scalar cmp scalar
//
// Conditions are in TraceQLParser+Fields.swift, stages in TraceQLParser+Pipeline.swift.

struct TraceQLParser {
    let scalars: [Unicode.Scalar]
    private let tokens: [QueryToken]
    private var index = 0
    private var depth = 0
    /// Operators so far that nest to the left.
    private var operators = 0
    private var filters = 0

    init(_ text: String) throws(QuerySyntaxError) {
        scalars = Array(text.unicodeScalars)
        guard scalars.count <= QueryLimits.textScalars else {
            throw QuerySyntaxError(
                "the query is \(scalars.count) characters long; at most \(QueryLimits.textScalars) are read",
                at: QueryLimits.textScalars)
        }
        tokens = try TraceQLLexer.tokens(of: scalars)
    }

    mutating func parse() throws(QuerySyntaxError) -> SpansetExpression {
        let root = try pipeline()
        switch token.kind {
        case .end: return root
        case .word("with"):
            throw QuerySyntaxError(
                .unsupported, "hints like with(most_recent=true) are not supported; answers are newest first without",
                at: offset)
        case .symbol(")"): throw QuerySyntaxError("this ) closes nothing", at: offset)
        default: throw expected("&&, ||, a structural operator like >>, | or the end")
        }
    }

    // MARK: Tokens

    var token: QueryToken { tokens[index] }
    /// Where the current token begins.
    var offset: Int { token.range.lowerBound }
    /// Where the last token ended.
    var lastEnd: Int { index > 0 ? tokens[index - 1].range.upperBound : 0 }

    func token(after distance: Int) -> QueryToken { tokens[min(index + distance, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    func isAt(_ symbol: String) -> Bool { token.kind == .symbol(symbol) }

    mutating func take(_ symbol: String) -> Bool {
        guard isAt(symbol) else { return false }
        advance()
        return true
    }

    func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(scalars[range])) }

    func expected(_ what: String) -> QuerySyntaxError {
        let found = token.kind == .end ? "the query ends" : "found \(text(token.range).prefix(40))"
        return QuerySyntaxError("expected \(what); \(found)", at: offset)
    }

    mutating func close(_ symbol: String, openedAt start: Int, else what: String) throws(QuerySyntaxError) {
        guard !take(symbol) else { return }
        if token.kind == .end {
            throw QuerySyntaxError("expected \(symbol) for what was opened at character \(start + 1)", at: offset)
        }
        throw expected(what)
    }

    /// Runs `body` one level deeper.
    mutating func deeper<Result>(
        _ body: (inout TraceQLParser) throws(QuerySyntaxError) -> Result
    ) throws(QuerySyntaxError) -> Result {
        guard depth < QueryLimits.depth else {
            throw QuerySyntaxError("the query nests deeper than \(QueryLimits.depth) levels", at: offset)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    /// Operators in a row nest to the left, one level each; rows may begin with rows, so that all of a query count.
    mutating func countOperator() throws(QuerySyntaxError) {
        operators += 1
        guard operators > QueryLimits.depth else { return }
        throw QuerySyntaxError(
            "the query has more than \(QueryLimits.depth) operators of arithmetic or between sets", at: offset)
    }

    // MARK: Sets

    mutating func spansets() throws(QuerySyntaxError) -> SpansetExpression {
        try deeper { parser throws(QuerySyntaxError) in
            var parts = [try parser.both()]
            while parser.take("||") { parts.append(try parser.both()) }
            return parts.count == 1 ? parts[0] : .or(parts)
        }
    }

    private mutating func both() throws(QuerySyntaxError) -> SpansetExpression {
        var parts = [try related()]
        while take("&&") { parts.append(try related()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func related() throws(QuerySyntaxError) -> SpansetExpression {
        var left = try set()
        while let relation = Self.structural(token.kind) {
            try countOperator()
            advance()
            left = .structural(left, relation, try set())
        }
        return left
    }

    private static func structural(_ kind: QueryToken.Kind) -> StructuralOperator? {
        guard case .symbol(let symbol) = kind else { return nil }
        return structuralOperators[symbol]
    }

    private static let structuralOperators: [String: StructuralOperator] = {
        var operators: [String: StructuralOperator] = [:]
        for relation in StructuralOperator.Relation.allCases {
            for form in StructuralOperator.Form.allCases {
                let structural = StructuralOperator(relation, form)
                operators[structural.text] = structural
            }
        }
        return operators
    }()

    private mutating func set() throws(QuerySyntaxError) -> SpansetExpression {
        let start = offset
        if take("{") {
            filters += 1
            guard filters <= QueryLimits.spansetFilters else {
                throw QuerySyntaxError("a query has at most \(QueryLimits.spansetFilters) pairs of braces", at: start)
            }
            if take("}") { return .filter(.literal(.bool(true))) }
            let condition = try condition()
            try close("}", openedAt: start, else: "&&, ||, a comparison or }")
            return .filter(condition)
        }
        if take("(") {
            let inner = try deeper { parser throws(QuerySyntaxError) in try parser.pipeline() }
            try close(")", openedAt: start, else: "&&, ||, a structural operator, | or )")
            return inner
        }
        throw expected("{ or (")
    }
}
