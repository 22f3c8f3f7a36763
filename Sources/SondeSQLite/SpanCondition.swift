// SPDX-License-Identifier: Apache-2.0
// A condition of a query on one span, taken apart for columns: a tree of and, or and not over leaves that each look at
// one thing, so that a leaf is decided once for each value of its column, by the exact evaluator itself. What a leaf can't
// tell stays open, and whatever is open in the end is decided on the whole span or trace.

import SondeModel
import SondeStorage

/// What is known of a condition. In this order: of parts that must all hold the least counts, of alternatives the most.
enum Truth: UInt8 {
    case no = 0
    case open = 1
    case yes = 2

    init(_ holds: Bool?) { self = holds.map { $0 ? .yes : .no } ?? .open }

    var negated: Truth { Truth(rawValue: 2 - rawValue) ?? .open }
}

struct SpanCondition {
    indirect enum Node {
        case all([Node])
        case any([Node])
        case not(Node)
        /// Its place in ``SpanCondition/leaves``.
        case leaf(Int)
    }

    private(set) var root = Node.all([])
    private(set) var leaves: [ConditionLeaf] = []

    init(_ expression: FieldExpression) { root = node(expression) }

    private mutating func node(_ expression: FieldExpression) -> Node {
        switch expression {
        case .all(let parts): .all(parts.map { node($0) })
        case .any(let parts): .any(parts.map { node($0) })
        case .not(let inner) where inner.isBoolean: .not(node(inner))
        default: add(ConditionLeaf(expression))
        }
    }

    private mutating func add(_ leaf: ConditionLeaf) -> Node {
        leaves.append(leaf)
        return .leaf(leaves.count - 1)
    }

    /// What is known if this is known of the leaves.
    func truth(_ leaf: (Int) -> Truth) -> Truth { Self.truth(root, leaf) }

    private static func truth(_ node: Node, _ leaf: (Int) -> Truth) -> Truth {
        switch node {
        case .leaf(let number): return leaf(number)
        case .not(let inner): return truth(inner, leaf).negated
        case .all(let parts):
            var least = Truth.yes
            for part in parts where least != .no { least = min(least, truth(part, leaf)) }
            return least
        case .any(let parts):
            var most = Truth.no
            for part in parts where most != .yes { most = max(most, truth(part, leaf)) }
            return most
        }
    }

    /// The same for each span of a slice.
    func truths(_ leaf: (Int) throws(ReadError) -> TruthColumn) throws(ReadError) -> TruthColumn {
        try Self.truths(root, leaf)
    }

    private static func truths(
        _ node: Node, _ leaf: (Int) throws(ReadError) -> TruthColumn
    ) throws(ReadError) -> TruthColumn {
        switch node {
        case .leaf(let number): return try leaf(number)
        case .not(let inner): return try truths(inner, leaf).negated
        case .all(let parts):
            var least = TruthColumn.same(.yes)
            for part in parts where !least.isAll(.no) { least = least.joined(try truths(part, leaf), takingLess: true) }
            return least
        case .any(let parts):
            var most = TruthColumn.same(.no)
            for part in parts where !most.isAll(.yes) { most = most.joined(try truths(part, leaf), takingLess: false) }
            return most
        }
    }
}

extension Truth: Comparable {
    static func < (a: Truth, b: Truth) -> Bool { a.rawValue < b.rawValue }
}

/// ``Truth`` of each span of a slice, as raw values.
enum TruthColumn {
    case same(Truth)
    case each([UInt8])

    var negated: TruthColumn {
        switch self {
        case .same(let truth): .same(truth.negated)
        case .each(let truths): .each(truths.map { 2 &- $0 })
        }
    }

    func isAll(_ truth: Truth) -> Bool {
        if case .same(truth) = self { true } else { false }
    }

    func joined(_ other: TruthColumn, takingLess: Bool) -> TruthColumn {
        switch (self, other) {
        case (.same(let a), .same(let b)): return .same(takingLess ? min(a, b) : max(a, b))
        case (.same(let a), .each(let b)), (.each(let b), .same(let a)):
            let raw = a.rawValue
            return .each(takingLess ? b.map { min($0, raw) } : b.map { max($0, raw) })
        case (.each(var a), .each(let b)):
            for index in a.indices { a[index] = takingLess ? min(a[index], b[index]) : max(a[index], b[index]) }
            return .each(a)
        }
    }

    subscript(_ index: Int) -> UInt8 {
        switch self {
        case .same(let truth): truth.rawValue
        case .each(let truths): truths[index]
        }
    }

    /// Whether nothing can hold.
    var isNowhere: Bool {
        switch self {
        case .same(let truth): truth == .no
        case .each(let truths): !truths.contains { $0 != 0 }
        }
    }
}

/// A part of a condition that looks at one thing of a span.
struct ConditionLeaf {
    enum Subject: Hashable {
        /// Nothing that a span alone could tell.
        case trace
        case constant
        /// Name and kind.
        case operation
        /// The resource's `service.name`.
        case service
        case status
        case duration
        /// Whether the span names a parent.
        case parent
        /// An attribute of the span itself.
        case spanAttribute(String)
        /// The first of span, resource, scope, events and links that has the key.
        case attribute(String)
        /// Any attribute of the key, wherever it stands.
        case anywhere(String)
        /// Resource and scope.
        case context
        /// Events and links.
        case extras
        case statusMessage
        /// More than one thing, or one that no column has: whole spans are looked at.
        case several
    }

    let expression: FieldExpression
    let subject: Subject
    /// A span can meet it only if the filter of its slice may hold one of these; empty if no filter tells.
    let filterHashes: [UInt64]
    /// What it asks of the duration, if it is a plain bound.
    let durationBound: DurationBound?

    init(_ expression: FieldExpression) {
        self.expression = expression
        var fields: [Field] = []
        expression.collectFields(&fields)
        if expression.needsTrace {
            subject = .trace
        } else if case .anywhere(let key, _) = expression {
            subject = .anywhere(key)
        } else if expression.asksForParent {
            subject = .parent
        } else if let first = fields.first {
            let subjects = Set(fields.map(\.subject))
            subject = subjects.count == 1 ? first.subject : .several
        } else {
            subject = .constant
        }
        filterHashes = expression.wantedPairs
        durationBound = subject == .duration ? DurationBound(expression) : nil
    }
}

/// A comparison of the duration with whole nanoseconds.
struct DurationBound {
    let comparison: Comparison
    let value: Int64

    init?(_ expression: FieldExpression) {
        guard case .compare(let left, let comparison, let right) = expression else { return nil }
        if case .field(.intrinsic(.duration)) = left, let value = Self.value(right) {
            self.comparison = comparison
            self.value = value
        } else if case .field(.intrinsic(.duration)) = right, let value = Self.value(left) {
            self.comparison = comparison.mirrored
            self.value = value
        } else {
            return nil
        }
    }

    private static func value(_ expression: FieldExpression) -> Int64? {
        switch expression {
        case .literal(.duration(let value)), .literal(.int(let value)): value
        default: nil
        }
    }

    @inline(__always)
    func holds(_ duration: UInt64) -> Bool {
        let duration = Int64(clamping: duration)
        switch comparison {
        case .equal: return duration == value
        case .notEqual: return duration != value
        case .less: return duration < value
        case .lessOrEqual: return duration <= value
        case .greater: return duration > value
        case .greaterOrEqual: return duration >= value
        }
    }

    /// What is known of spans that take at most `longest`.
    func truth(longest: UInt64) -> Truth {
        switch comparison {
        case .equal where Int64(clamping: longest) < value: .no
        case .greater, .greaterOrEqual: holds(longest) ? .open : .no
        case .less, .lessOrEqual: holds(longest) ? .yes : .open
        default: .open
        }
    }
}

extension Field {
    fileprivate var subject: ConditionLeaf.Subject {
        switch self {
        case .attribute(.span, let key): .spanAttribute(key)
        case .attribute(.any, let key): .attribute(key)
        case .attribute(.resource, "service.name"): .service
        case .attribute(.resource, _), .attribute(.instrumentation, _): .context
        case .attribute(.event, _), .attribute(.link, _): .extras
        case .parentAttribute: .trace
        case .intrinsic(let intrinsic): intrinsic.subject
        }
    }

    /// Whether trace tables and hot columns have it: all but attributes and what belongs to events, links and scopes.
    var isHot: Bool {
        switch self {
        case .attribute(.resource, "service.name"): true
        case .attribute, .parentAttribute: false
        case .intrinsic(let intrinsic):
            switch intrinsic {
            case .statusMessage, .eventName, .eventTimeSinceStart, .linkSpanID, .linkTraceID, .instrumentationName,
                .instrumentationVersion:
                false
            default: true
            }
        }
    }
}

extension Intrinsic {
    fileprivate var subject: ConditionLeaf.Subject {
        switch self {
        case .name, .kind: .operation
        case .status: .status
        case .statusMessage: .statusMessage
        case .duration: .duration
        case .spanID, .parentID, .traceID, .eventTimeSinceStart: .several
        case .eventName, .linkSpanID, .linkTraceID: .extras
        case .instrumentationName, .instrumentationVersion: .context
        default: .trace
        }
    }
}

extension FieldExpression {
    /// Whether it is either true or false on every span, so that a negation turns one into the other.
    fileprivate var isBoolean: Bool {
        switch self {
        case .compare, .match, .all, .any, .anywhere: true
        case .literal, .field, .not, .negative, .arithmetic: false
        }
    }

    /// Whether it asks only if there is a parent.
    fileprivate var asksForParent: Bool {
        switch self {
        case .compare(.field(.intrinsic(.parentID)), _, .literal(.nil)),
            .compare(.literal(.nil), _, .field(.intrinsic(.parentID))):
            true
        default: false
        }
    }

    func collectFields(_ fields: inout [Field]) {
        switch self {
        case .literal: return
        case .field(let field): fields.append(field)
        case .not(let inner), .negative(let inner), .match(let inner, _, _): inner.collectFields(&fields)
        case .arithmetic(let left, _, let right), .compare(let left, _, let right):
            left.collectFields(&fields)
            right.collectFields(&fields)
        case .all(let parts), .any(let parts): for part in parts { part.collectFields(&fields) }
        case .anywhere(let key, _): fields.append(.attribute(.any, key: key))
        }
    }

    /// For an equality: hashes of the pairs of key and value of which one must be there. The values of arrays are pairs of
    /// their own in a filter that says so.
    fileprivate var wantedPairs: [UInt64] {
        switch self {
        case .anywhere(let key, .equals(let text)): return [AttributeFilter.hash(key: key, text: text)]
        case .compare(.field(.attribute(_, let key)), .equal, .literal(let literal)),
            .compare(.literal(let literal), .equal, .field(.attribute(_, let key))):
            return literal.texts.map { AttributeFilter.hash(key: key, text: $0) }
        case .match(.field(.attribute(_, let key)), let expression, false):
            return expression.literal.map { [AttributeFilter.hash(key: key, text: $0)] } ?? []
        default: return []
        }
    }
}

extension FieldLiteral {
    /// The texts of all attribute values that equal it.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .bool(let flag): [flag ? "true" : "false"]
        case .int(let number), .duration(let number):
            [AttributeValue.int(number).text]
                + (Int64(exactly: Double(number)) == number ? [AttributeValue.double(Double(number)).text] : [])
        case .double(let number):
            [AttributeValue.double(number).text] + (Int64(exactly: number).map { [AttributeValue.int($0).text] } ?? [])
        case .status, .kind, .nil: []
        }
    }
}
