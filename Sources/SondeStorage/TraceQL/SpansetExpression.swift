// SPDX-License-Identifier: Apache-2.0
// What may be asked of a whole trace: sets of spans, how they lie to each other, and the pipeline behind them.

/// An expression that picks sets of spans out of a trace. A trace matches if at least one set comes out.
package indirect enum SpansetExpression: Hashable, Sendable {
    /// `{ condition }`: the spans that meet it. `{}` has the literal `true`.
    case filter(FieldExpression)
    /// `a && b`: the spans of both sides if both have some.
    case and([SpansetExpression])
    /// `a || b`: the spans of every side.
    case or([SpansetExpression])
    /// `a > b` and its kin: the spans of `b` that lie so to a span of `a`.
    case structural(SpansetExpression, StructuralOperator, SpansetExpression)
    /// `a | … | …`
    case pipeline(SpansetExpression, [PipelineStage])
}

package struct StructuralOperator: Hashable, Sendable {
    package enum Relation: String, Hashable, Sendable, CaseIterable {
        /// The right span's parent is on the left.
        case child = ">"
        /// An ancestor of the right span is on the left.
        case descendant = ">>"
        /// A child of the right span is on the left.
        case parent = "<"
        /// A descendant of the right span is on the left.
        case ancestor = "<<"
        /// Another child of the right span's parent is on the left.
        case sibling = "~"
    }

    package enum Form: String, Hashable, Sendable, CaseIterable {
        case plain = ""
        /// `!>`: the right spans that do not lie so to any left span.
        case not = "!"
        /// `&>`: the left spans too.
        case union = "&"
    }

    package var relation: Relation
    package var form: Form

    package init(_ relation: Relation, _ form: Form = .plain) {
        self.relation = relation
        self.form = form
    }

    package var text: String { form.rawValue + relation.rawValue }
}

/// What comes behind a `|`.
package enum PipelineStage: Hashable, Sendable {
    /// `{ … }` and combinations of it: picks among the spans of each set.
    case filter(SpansetExpression)
    /// `by(x)`: parts each set by the value of an expression; `text` is the expression as it was written.
    case by(FieldExpression, text: String)
    /// `coalesce()`: one set of all.
    case coalesce
    /// `select(a, b)`: values to give out with each span.
    case select([Field])
    /// `count() > 2`: keeps the sets for which it holds.
    case compare(ScalarExpression, Comparison, ScalarExpression)
}

/// A number about a set of spans.
package indirect enum ScalarExpression: Hashable, Sendable {
    case literal(FieldLiteral)
    /// `text` is the aggregate as it was written, its name in answers.
    case aggregate(Aggregate, FieldExpression?, text: String)
    case arithmetic(ScalarExpression, ArithmeticOperator, ScalarExpression)
    case negative(ScalarExpression)
}

package enum Aggregate: String, Hashable, Sendable, CaseIterable {
    case count, avg, min, max, sum
}
