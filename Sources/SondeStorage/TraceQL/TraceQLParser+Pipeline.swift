// SPDX-License-Identifier: Apache-2.0
// Stages behind `|`, and what is refused there by name.

extension TraceQLParser {
    /// Functions over time, which a search can't answer.
    private static let metrics: Set<String> = [
        "rate", "count_over_time", "min_over_time", "max_over_time", "avg_over_time", "sum_over_time",
        "quantile_over_time", "histogram_over_time", "compare", "topk", "bottomk",
    ]

    mutating func pipeline() throws(QuerySyntaxError) -> SpansetExpression {
        var first = SpansetExpression.filter(.literal(.bool(true)))
        var stages: [PipelineStage] = []
        if beginsSet { first = try spansets() } else { stages.append(try stage(isFirst: true)) }
        while take("|") { stages.append(try stage(isFirst: false)) }
        return stages.isEmpty ? first : .pipeline(first, stages)
    }

    /// Whether a set follows, behind any parentheses: `({` against `(count()`.
    private var beginsSet: Bool {
        var distance = 0
        while token(after: distance).kind == .symbol("(") { distance += 1 }
        if token(after: distance).kind == .symbol("{") { return true }
        guard distance > 0, case .word(let word) = token(after: distance).kind else { return false }
        // `(by(x) | …)` is a pipeline in parentheses as well.
        return ["by", "coalesce", "select"].contains(word)
    }

    private mutating func stage(isFirst: Bool) throws(QuerySyntaxError) -> PipelineStage {
        if beginsSet { return .filter(try spansets()) }
        guard case .word(let word) = token.kind else { return try comparison(isFirst: isFirst) }
        let start = offset
        if Self.metrics.contains(word) {
            throw QuerySyntaxError(
                .unsupported,
                "metrics queries like \(word)() are not supported; search with { … }, or graph the span metrics of /metrics",
                at: start)
        }
        switch word {
        case "by":
            advance()
            let open = try open(word)
            let begin = offset
            let expression = try value()
            let written = text(begin..<lastEnd)
            try close(")", openedAt: open, else: "an operator or )")
            return .by(expression, text: written)
        case "coalesce":
            advance()
            try close(")", openedAt: try open(word), else: ")")
            return .coalesce
        case "select":
            advance()
            return .select(try fields())
        default: return try comparison(isFirst: isFirst)
        }
    }

    private mutating func open(_ word: String) throws(QuerySyntaxError) -> Int {
        let start = offset
        guard take("(") else { throw expected("( behind \(word)") }
        return start
    }

    private mutating func fields() throws(QuerySyntaxError) -> [Field] {
        let start = try open("select")
        var fields = [try field()]
        while take(",") { fields.append(try field()) }
        try close(")", openedAt: start, else: ", or )")
        return fields
    }

    // MARK: Scalars

    private mutating func comparison(isFirst: Bool) throws(QuerySyntaxError) -> PipelineStage {
        let start = offset
        let left = try sum(isFirst: isFirst)
        guard case .symbol(let symbol) = token.kind, let comparison = Comparison(rawValue: symbol) else {
            throw expected("=, !=, <, <=, > or >= behind \(text(start..<lastEnd).prefix(60))")
        }
        advance()
        return .compare(left, comparison, try sum(isFirst: false))
    }

    private mutating func sum(isFirst: Bool) throws(QuerySyntaxError) -> ScalarExpression {
        var left = try product(isFirst: isFirst)
        while let sign = arithmetic("+", "-") {
            try countOperator()
            left = .arithmetic(left, sign, try product(isFirst: false))
        }
        return left
    }

    private mutating func product(isFirst: Bool) throws(QuerySyntaxError) -> ScalarExpression {
        var left = try power(isFirst: isFirst)
        while let sign = arithmetic("*", "/", "%") {
            try countOperator()
            left = .arithmetic(left, sign, try power(isFirst: false))
        }
        return left
    }

    private mutating func power(isFirst: Bool) throws(QuerySyntaxError) -> ScalarExpression {
        try deeper { parser throws(QuerySyntaxError) in
            if parser.take("-") { return .negative(try parser.power(isFirst: false)) }
            let base = try parser.scalar(isFirst: isFirst)
            guard parser.take("^") else { return base }
            return .arithmetic(base, .power, try parser.power(isFirst: false))
        }
    }

    private mutating func scalar(isFirst: Bool) throws(QuerySyntaxError) -> ScalarExpression {
        let start = offset
        switch token.kind {
        case .int(let value):
            advance()
            return .literal(.int(value))
        case .double(let value):
            advance()
            return .literal(.double(value))
        case .duration(let value):
            advance()
            return .literal(.duration(value))
        case .symbol("("):
            advance()
            let inner = try sum(isFirst: false)
            try close(")", openedAt: start, else: "an operator or )")
            return inner
        case .word(let word):
            if let aggregate = Aggregate(rawValue: word) { return try call(aggregate) }
        default: break
        }
        throw expected(
            isFirst
                ? "{, ( or an aggregate like count()"
                : "{, by(…), select(…), coalesce(), count(), avg(…), min(…), max(…), sum(…) or a number")
    }

    private mutating func call(_ aggregate: Aggregate) throws(QuerySyntaxError) -> ScalarExpression {
        let start = offset
        advance()
        let open = try open(aggregate.rawValue)
        var argument: FieldExpression?
        if aggregate != .count {
            let place = offset
            let value = try value()
            guard value.type == nil || value.type == .number else {
                throw QuerySyntaxError("\(aggregate.rawValue)() takes numbers and durations", at: place)
            }
            argument = value
        }
        try close(")", openedAt: open, else: aggregate == .count ? ") right behind count(" : "an operator or )")
        return .aggregate(aggregate, argument, text: text(start..<lastEnd))
    }

    mutating func arithmetic(_ symbols: String...) -> ArithmeticOperator? {
        guard case .symbol(let symbol) = token.kind, symbols.contains(symbol) else { return nil }
        advance()
        return ArithmeticOperator(rawValue: symbol)
    }
}
