// SPDX-License-Identifier: Apache-2.0
// A query in TraceQL or in the shorthand, read once: the text and the tree that every store evaluates.
//
//   text ──TraceQLLexer──▶ tokens ──TraceQLParser──▶ SpansetExpression ──┬─▶ SpanSet of a Trace   (exact)
//                                                                       └─▶ necessary conditions (for stores)

/// A query over whole traces.
package struct TraceExpression: Hashable, Sendable {
    /// As it was written.
    package let text: String
    /// What it means.
    package let root: SpansetExpression

    /// Reads TraceQL.
    ///
    /// - Throws: ``QuerySyntaxError`` with the place and what was expected there.
    package init(parsing text: String) throws(QuerySyntaxError) {
        var parser = try TraceQLParser(text)
        self.init(text: text, root: try parser.parse())
    }

    package init(text: String, root: SpansetExpression) {
        self.text = text
        self.root = root
    }

    /// The condition of an expression that is nothing but `{ condition }`, with at most `select(…)` behind it: a trace
    /// matches exactly if one of its spans meets the condition.
    package var condition: FieldExpression? {
        switch root {
        case .filter(let condition): condition
        case .pipeline(.filter(let condition), let stages):
            stages.allSatisfy {
                if case .select = $0 { true } else { false }
            } ? condition : nil
        default: nil
        }
    }

    /// What `select(…)` asks for, in order, each once.
    package var selectedFields: [Field] {
        var fields: [Field] = []
        for field in root.selectedFields where !fields.contains(field) { fields.append(field) }
        return fields
    }
}

extension SpansetExpression {
    fileprivate var selectedFields: [Field] {
        switch self {
        case .filter: []
        case .and(let parts), .or(let parts): parts.flatMap(\.selectedFields)
        case .structural(let left, _, let right): left.selectedFields + right.selectedFields
        case .pipeline(let first, let stages): first.selectedFields + stages.flatMap(\.selectedFields)
        }
    }
}

extension PipelineStage {
    fileprivate var selectedFields: [Field] {
        switch self {
        case .select(let fields): fields
        case .filter(let inner): inner.selectedFields
        case .by, .coalesce, .compare: []
        }
    }
}
