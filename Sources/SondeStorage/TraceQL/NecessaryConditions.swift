// SPDX-License-Identifier: Apache-2.0
// What must hold of single spans for a trace to match at all: enough for a store to pass over most traces without
// putting them together.

extension TraceExpression {
    /// A trace can match only if for each entry some span of it meets one of the entry's alternatives. Empty if nothing
    /// of the kind can be said.
    ///
    /// Alternatives may need the trace (``FieldExpression/needsTrace``); on a span alone they may hold unless
    /// ``FieldExpression/holds(on:)`` says false.
    package var necessaryConditions: [[FieldExpression]] { root.necessaryConditions }
}

extension SpansetExpression {
    fileprivate var necessaryConditions: [[FieldExpression]] {
        switch self {
        case .filter(.literal(.bool(true))): []
        case .filter(let condition): [[condition]]
        case .and(let parts): parts.flatMap(\.necessaryConditions)
        case .or(let parts): Self.alternatives(parts.map(\.necessaryConditions))
        // What no left span lies beside needs no left span.
        case .structural(let left, let structural, let right):
            (structural.form == .not ? [] : left.necessaryConditions) + right.necessaryConditions
        case .pipeline(let first, let stages):
            first.necessaryConditions + stages.flatMap(\.necessaryConditions)
        }
    }

    /// One side must match, hence one of the conditions of each side's: of each the one with the fewest alternatives.
    private static func alternatives(_ sides: [[[FieldExpression]]]) -> [[FieldExpression]] {
        var alternatives: [FieldExpression] = []
        for side in sides {
            guard let narrowest = side.min(by: { $0.count < $1.count }) else { return [] }
            alternatives += narrowest
        }
        return [alternatives]
    }
}

extension PipelineStage {
    fileprivate var necessaryConditions: [[FieldExpression]] {
        if case .filter(let inner) = self { inner.necessaryConditions } else { [] }
    }
}
