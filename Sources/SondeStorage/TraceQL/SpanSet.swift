// SPDX-License-Identifier: Apache-2.0
// The exact meaning of an expression: the sets of spans that it finds in an assembled trace. Pure; other stores are held
// against it.

package import SondeModel

/// Spans of one trace that an expression found together.
package struct SpanSet: Hashable, Sendable {
    /// Indices into ``SondeModel/Trace/spans``, ascending, each once. Never empty.
    package var spans: [Int]
    /// What `by` parted it by, and what aggregates said of it, under the names that the query gives them.
    package var values: [Value] = []

    package struct Value: Hashable, Sendable {
        package var name: String
        package var value: FieldValue

        package init(name: String, value: FieldValue) {
            self.name = name
            self.value = value
        }
    }

    package init(spans: [Int], values: [Value] = []) {
        self.spans = spans
        self.values = values
    }

    /// As a search shows it, with at most `limit` spans.
    func shown(_ facts: TraceFacts, _ fields: [Field], limit: Int) -> MatchedSpanSet {
        MatchedSpanSet(
            matched: spans.count,
            attributes: values.map { Attribute($0.name, $0.value.attributeValue ?? .empty) },
            spans: spans.prefix(limit).map { index in
                let attributes = fields.compactMap { field in
                    field.value(at: index, in: facts).attributeValue.map { Attribute(field.text, $0) }
                }
                return MatchedSpan(facts.trace.spans[index], attributes: attributes)
            })
    }
}

extension TraceExpression {
    /// The sets that the expression finds; the trace matches if there is one.
    package func spanSets(in trace: Trace) -> [SpanSet] {
        guard !trace.spans.isEmpty else { return [] }
        let everything = SpanSet(spans: Array(trace.spans.indices))
        return SpansetEvaluator(facts: TraceFacts(trace)).evaluate(root, on: everything)
    }

    /// Whether the trace matches.
    package func matches(_ trace: Trace) -> Bool { !spanSets(in: trace).isEmpty }
}

struct SpansetEvaluator {
    let facts: TraceFacts

    func evaluate(_ expression: SpansetExpression, on set: SpanSet) -> [SpanSet] {
        switch expression {
        case .filter(let condition): return one(set, set.spans.filter { condition.holds(at: $0, in: facts) })
        case .and(let parts):
            var found: [Int] = []
            for part in parts {
                let spans = union(evaluate(part, on: set))
                guard !spans.isEmpty else { return [] }
                found += spans
            }
            return one(set, unique(found))
        case .or(let parts): return one(set, unique(parts.flatMap { union(evaluate($0, on: set)) }))
        case .structural(let left, let structural, let right):
            let found = TraceRelations(facts.trace).spans(
                left: union(evaluate(left, on: set)), structural, right: union(evaluate(right, on: set)))
            return one(set, found)
        case .pipeline(let first, let stages):
            return stages.reduce(evaluate(first, on: set)) { sets, stage in apply(stage, to: sets) }
        }
    }

    private func one(_ set: SpanSet, _ spans: [Int]) -> [SpanSet] {
        spans.isEmpty ? [] : [SpanSet(spans: spans, values: set.values)]
    }

    private func union(_ sets: [SpanSet]) -> [Int] {
        sets.count == 1 ? sets[0].spans : unique(sets.flatMap(\.spans))
    }

    private func unique(_ spans: [Int]) -> [Int] { Set(spans).sorted() }

    // MARK: Stages

    private func apply(_ stage: PipelineStage, to sets: [SpanSet]) -> [SpanSet] {
        switch stage {
        case .filter(let expression): sets.flatMap { evaluate(expression, on: $0) }
        case .by(let expression, let text): sets.flatMap { parts(of: $0, by: expression, text) }
        case .coalesce: sets.isEmpty ? [] : [SpanSet(spans: union(sets))]
        case .select: sets
        case .compare(let left, let comparison, let right):
            sets.compactMap { keep($0, left, comparison, right) }
        }
    }

    /// Sets in the order in which their first spans stand.
    private func parts(of set: SpanSet, by expression: FieldExpression, _ text: String) -> [SpanSet] {
        var places: [FieldValue: Int] = [:]
        var parts: [SpanSet] = []
        for index in set.spans {
            let value = expression.value(facts.trace.spans[index], index, facts)
            if let place = places[value] {
                parts[place].spans.append(index)
            } else {
                places[value] = parts.count
                parts.append(SpanSet(spans: [index], values: set.values + [.init(name: "by(\(text))", value: value)]))
            }
        }
        return parts
    }

    private func keep(
        _ set: SpanSet, _ left: ScalarExpression, _ comparison: Comparison, _ right: ScalarExpression
    ) -> SpanSet? {
        var set = set
        let spans = set.spans
        guard let a = value(left, spans, &set.values), let b = value(right, spans, &set.values), comparison.holds(a, b)
        else { return nil }
        return set
    }

    // MARK: Scalars

    private func value(_ scalar: ScalarExpression, _ spans: [Int], _ values: inout [SpanSet.Value]) -> FieldLiteral? {
        switch scalar {
        case .literal(let literal): return literal
        case .negative(let inner):
            return value(inner, spans, &values).flatMap { ArithmeticOperator.subtract.result(.int(0), $0) }
        case .arithmetic(let left, let sign, let right):
            guard let a = value(left, spans, &values), let b = value(right, spans, &values) else { return nil }
            return sign.result(a, b)
        case .aggregate(let aggregate, let argument, let text):
            guard let result = value(aggregate, argument, spans) else { return nil }
            let shown = SpanSet.Value(name: text, value: .value(result))
            if !values.contains(shown) { values.append(shown) }
            return result
        }
    }

    /// Over the spans that have a number there; nil if none has.
    private func value(_ aggregate: Aggregate, _ argument: FieldExpression?, _ spans: [Int]) -> FieldLiteral? {
        guard let argument else { return .int(Int64(spans.count)) }
        let numbers = spans.flatMap { index in
            argument.value(facts.trace.spans[index], index, facts).elements.filter { $0.double?.isFinite == true }
        }
        guard let first = numbers.first else { return nil }
        switch aggregate {
        case .count: return .int(Int64(spans.count))
        case .min: return numbers.dropFirst().reduce(first) { Comparison.less.holds($1, $0) ? $1 : $0 }
        case .max: return numbers.dropFirst().reduce(first) { Comparison.greater.holds($1, $0) ? $1 : $0 }
        case .sum: return sum(numbers)
        case .avg: return sum(numbers).double.map { .double($0 / Double(numbers.count)) }
        }
    }

    /// Exact as long as all are whole and the sum fits.
    private func sum(_ numbers: [FieldLiteral]) -> FieldLiteral {
        var whole: Int64? = 0
        for number in numbers {
            switch number {
            case .int(let value), .duration(let value):
                let (sum, overflow) = (whole ?? 0).addingReportingOverflow(value)
                whole = whole == nil || overflow ? nil : sum
            default: whole = nil
            }
        }
        if let whole { return .int(whole) }
        return .double(numbers.reduce(0) { $0 + ($1.double ?? 0) })
    }
}
