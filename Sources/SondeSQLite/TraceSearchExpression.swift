// SPDX-License-Identifier: Apache-2.0
// A query in TraceQL against a file. What the expression needs of single spans leads to the traces that may match; those
// are decided by the exact evaluator, on what trace tables and hot columns hold if that is all it asks for, else on the
// whole trace.

import SondeModel
import SondeStorage

struct ExpressionSearch {
    let expression: TraceExpression
    private let query: TraceQuery
    private let file: BlockFile
    /// What leads to traces, alone or with the query's other conditions; nil if these do alone, or every trace is a
    /// candidate.
    private(set) var driver: ConditionScan?
    /// What some span of the trace must meet besides.
    private var others: [ConditionScan]
    /// Whether a span that surely meets the driver decides.
    let isDecidedBySpans: Bool
    /// Whether trace tables and hot columns have all that the expression asks for; the same with what it selects.
    private let isHot: Bool
    private let isShownHot: Bool
    private let minimumSpans: Int

    init(_ expression: TraceExpression, _ query: TraceQuery, in file: BlockFile) {
        self.expression = expression
        self.query = query
        self.file = file
        if query.hasSpanConditions, let condition = expression.condition, condition.cost < FieldExpression.hopeless {
            // They hold on one and the same span: found together, decided together.
            driver = ConditionScan(condition, in: file)
            others = []
            isDecidedBySpans = true
        } else {
            (driver, others, isDecidedBySpans) = Self.conditions(expression, query, file)
        }
        var fields: [Field] = []
        expression.root.collectFields(&fields)
        isHot = query.attributes.isEmpty && fields.allSatisfy(\.isHot)
        isShownHot = isHot && expression.selectedFields.allSatisfy(\.isHot)
        minimumSpans = expression.root.minimumSpans
    }

    private static func conditions(
        _ expression: TraceExpression, _ query: TraceQuery, _ file: BlockFile
    ) -> (driver: ConditionScan?, others: [ConditionScan], isDecidedBySpans: Bool) {
        var conditions = expression.necessaryConditions.map { $0.count == 1 ? $0[0] : .any($0) }
            .filter { $0.cost < FieldExpression.hopeless }
            .sorted { $0.cost < $1.cost }
        var driver: FieldExpression?
        if !query.hasSpanConditions, !conditions.isEmpty { driver = conditions.removeFirst() }
        return (
            driver.map { ConditionScan($0, in: file) }, conditions.map { ConditionScan($0, in: file) },
            driver != nil && driver == expression.condition && conditions.isEmpty
        )
    }

    /// Whether a block may hold spans that lead to traces.
    func mayHold(_ block: SpanBlockInfo) -> Bool { driver?.mayHold(block) ?? true }

    mutating func slices(of block: SpanBlockInfo) throws(ReadError) -> [Int] {
        try driver?.slices(of: block) ?? []
    }

    mutating func truths(_ block: SpanBlockInfo, _ slice: Int) throws(ReadError) -> TruthColumn {
        try driver?.truths(block, slice) ?? .same(.open)
    }

    /// Whether a trace may match, as far as its pieces tell one by one.
    mutating func mayMatch(_ outline: TraceOutline) throws(ReadError) -> Bool {
        guard outline.fragments.reduce(0, { $0 + $1.fragment.rows.count }) >= minimumSpans else { return false }
        for index in others.indices {
            guard try others[index].mayHold(anywhereIn: outline, file) else { return false }
        }
        return true
    }

    /// Whether a trace matches.
    func matches(_ outline: TraceOutline) throws(ReadError) -> Bool {
        if isHot, let trace = try file.lightTrace(outline) { return query.summary(of: trace) != nil }
        guard let trace = try file.trace(outline.id.id) else { return false }
        return query.summary(of: trace) != nil
    }

    /// Adds to the row of a trace that matches which spans the expression found.
    func show(_ outline: TraceOutline, in summary: inout TraceSummary) throws(ReadError) {
        guard expression.isTraceQL else { return }
        var trace: Trace?
        if isShownHot { trace = try file.lightTrace(outline) }
        if trace == nil { trace = try file.trace(outline.id.id) }
        guard let found = trace.flatMap({ query.summary(of: $0) }) else { return }
        summary.matchedSpans = found.matchedSpans
        summary.spanSets = found.spanSets
        summary.omittedSpanSets = found.omittedSpanSets
    }
}

extension ConditionScan {
    /// Whether some span of a trace may meet the condition.
    fileprivate mutating func mayHold(
        anywhereIn outline: TraceOutline, _ file: BlockFile
    ) throws(ReadError) -> Bool {
        for (block, fragment) in outline.fragments where mayHold(block) {
            let head = try file.head(block)
            var slice = head.slice(of: fragment.rows.lowerBound)
            while slice < head.slices.count, head.slices[slice].lowerBound < fragment.rows.upperBound {
                let truths = try truths(block, slice)
                let first = head.slices[slice].lowerBound
                if fragment.rows.clamped(to: head.slices[slice]).contains(where: { truths[$0 - first] != 0 }) {
                    return true
                }
                slice += 1
            }
        }
        return false
    }
}

extension FieldExpression {
    /// Above this a condition excludes next to nothing.
    fileprivate static let hopeless = 9

    /// How many spans it leaves and what it costs to find them, roughly: the least leads the search.
    fileprivate var cost: Int {
        switch self {
        case .all(let parts): return parts.map(\.cost).min() ?? Self.hopeless
        case .any(let parts): return parts.map(\.cost).max() ?? Self.hopeless
        case .not(let inner): return max(inner.cost, 7)
        default:
            let leaf = ConditionLeaf(self)
            if !leaf.filterHashes.isEmpty { return 1 }
            switch leaf.subject {
            case .operation: return 2
            case .service, .status, .parent: return 3
            case .duration: return 4
            case .spanAttribute, .attribute, .anywhere, .context, .extras, .statusMessage: return 5
            case .several: return 8
            case .constant: return leaf.truth { _ in } == .no ? 0 : Self.hopeless
            case .trace: return Self.hopeless
            }
        }
    }
}

extension SpansetExpression {
    fileprivate func collectFields(_ fields: inout [Field]) {
        switch self {
        case .filter(let condition): condition.collectFields(&fields)
        case .and(let parts), .or(let parts): for part in parts { part.collectFields(&fields) }
        case .structural(let left, _, let right):
            left.collectFields(&fields)
            right.collectFields(&fields)
        case .pipeline(let first, let stages):
            first.collectFields(&fields)
            for stage in stages { stage.collectFields(&fields) }
        }
    }

    /// A trace with fewer spans can't match: `count() > n` counts spans of the trace, whatever picked them.
    fileprivate var minimumSpans: Int {
        switch self {
        case .filter: 1
        case .and(let parts): parts.map(\.minimumSpans).max() ?? 1
        case .or(let parts): parts.map(\.minimumSpans).min() ?? 1
        case .structural(_, _, let right): right.minimumSpans
        case .pipeline(let first, let stages): stages.reduce(first.minimumSpans) { max($0, $1.minimumSpans) }
        }
    }
}

extension PipelineStage {
    fileprivate func collectFields(_ fields: inout [Field]) {
        switch self {
        case .filter(let inner): inner.collectFields(&fields)
        case .by(let expression, _): expression.collectFields(&fields)
        case .coalesce, .select: return
        case .compare(let left, _, let right):
            left.collectFields(&fields)
            right.collectFields(&fields)
        }
    }

    fileprivate var minimumSpans: Int {
        switch self {
        case .filter(let inner): inner.minimumSpans
        case .compare(.aggregate(.count, nil, _), let comparison, .literal(.int(let number))):
            comparison.leastWhole(number)
        case .compare(.literal(.int(let number)), let comparison, .aggregate(.count, nil, _)):
            comparison.mirrored.leastWhole(number)
        default: 1
        }
    }
}

extension Comparison {
    /// The least count for which it holds, as far as it sets one.
    fileprivate func leastWhole(_ number: Int64) -> Int {
        switch self {
        case .greater: max(1, Int(clamping: number).addingReportingOverflow(1).partialValue)
        case .equal, .greaterOrEqual: max(1, Int(clamping: number))
        case .notEqual, .less, .lessOrEqual: 1
        }
    }
}

extension ScalarExpression {
    fileprivate func collectFields(_ fields: inout [Field]) {
        switch self {
        case .literal: return
        case .aggregate(_, let argument, _): argument?.collectFields(&fields)
        case .arithmetic(let left, _, let right):
            left.collectFields(&fields)
            right.collectFields(&fields)
        case .negative(let inner): inner.collectFields(&fields)
        }
    }
}

extension BlockFile {
    /// The trace as its tables and hot columns tell it: names, kinds, services, times, status, the tree. Nil if a name of
    /// it stands elsewhere.
    func lightTrace(_ outline: TraceOutline) throws(ReadError) -> Trace? {
        let spans: [SpanOutline]
        if let known = outline.spans { spans = known } else { spans = try self.spans(of: outline.fragments) }
        let isWhole = spans.allSatisfy { span in
            guard let operation = catalog.names.operation(span.operation), !operation.name.isEmpty else { return false }
            let service = catalog.names.service(operation.service)
            return !service.isEmpty && service != Resource.unknownService && service != NameTables.overflowName
        }
        guard isWhole else { return nil }
        let id = outline.id.id
        return Trace(id: id, assembling: spans.map { lightRecord($0, id) })
    }
}
