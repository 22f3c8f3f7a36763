// SPDX-License-Identifier: Apache-2.0
// What an expression is worth on one span: with its trace exactly, without it as far as a span can tell.

package import SondeModel

/// A trace, and what every span of it shares, worked out once.
struct TraceFacts {
    let trace: Trace
    let duration: Int64
    let rootName: String
    let rootService: String

    init(_ trace: Trace) {
        self.trace = trace
        duration = Int64(clamping: trace.durationNanoseconds)
        let root = trace.mainRoot.map { trace.spans[$0] }
        rootName = root?.name ?? ""
        rootService = root?.resource.serviceName ?? ""
    }
}

extension FieldExpression {
    /// Whether the condition holds on a span seen alone. Nil if that depends on other spans of its trace; never nil
    /// where ``needsTrace`` is false.
    package func holds(on span: SpanRecord) -> Bool? { holds(span, 0, nil) }

    /// Whether the condition holds on the span at `index` of a trace.
    func holds(at index: Int, in facts: TraceFacts) -> Bool { holds(facts.trace.spans[index], index, facts) ?? false }

    /// As a condition: `true`, and nothing else, holds.
    fileprivate func holds(_ span: SpanRecord, _ index: Int, _ facts: TraceFacts?) -> Bool? {
        switch self {
        case .compare(let left, let comparison, let right):
            return comparison.holds(left.value(span, index, facts), right.value(span, index, facts))
        case .match(let inner, let expression, let isNegated):
            return Self.match(inner.value(span, index, facts), expression, isNegated)
        case .all(let parts):
            var result: Bool? = true
            for part in parts {
                switch part.holds(span, index, facts) {
                case false: return false
                case nil: result = nil
                default: continue
                }
            }
            return result
        case .any(let parts):
            var result: Bool? = false
            for part in parts {
                switch part.holds(span, index, facts) {
                case true: return true
                case nil: result = nil
                default: continue
                }
            }
            return result
        case .not, .literal, .field, .negative, .arithmetic: return Self.isTrue(value(span, index, facts))
        case .anywhere(let key, let condition): return condition.holds(key, span)
        }
    }

    private static func isTrue(_ value: FieldValue) -> Bool? {
        switch value {
        case .unknown: nil
        case .value(.bool(let flag)): flag
        case .list(let values): values.contains(.bool(true))
        default: false
        }
    }

    private static func match(
        _ value: FieldValue, _ expression: RegularExpression, _ isNegated: Bool
    ) -> Bool? {
        switch value {
        case .unknown: return nil
        case .value(.string(let text)): return expression.matches(text) != isNegated
        case .list(let values):
            let texts = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
            guard isNegated else { return texts.contains(where: expression.matches) }
            return (values.isEmpty || !texts.isEmpty) && !texts.contains(where: expression.matches)
        default: return false
        }
    }

    func value(_ span: SpanRecord, _ index: Int, _ facts: TraceFacts?) -> FieldValue {
        switch self {
        case .literal(let literal): return .value(literal)
        case .field(let field): return field.value(span, index, facts)
        case .not(let inner):
            switch inner.value(span, index, facts) {
            case .unknown: return .unknown
            case .value(.bool(let flag)): return .value(.bool(!flag))
            default: return .absent
            }
        case .negative(let inner):
            let zero = FieldLiteral.int(0)
            return Self.reckon(.value(zero), .subtract, inner.value(span, index, facts))
        case .arithmetic(let left, let sign, let right):
            return Self.reckon(left.value(span, index, facts), sign, right.value(span, index, facts))
        case .compare, .match, .all, .any, .anywhere:
            return holds(span, index, facts).map { .value(.bool($0)) } ?? .unknown
        }
    }

    private static func reckon(_ left: FieldValue, _ sign: ArithmeticOperator, _ right: FieldValue) -> FieldValue {
        if left == .unknown || right == .unknown { return .unknown }
        guard case .value(let a) = left, case .value(let b) = right, let result = sign.result(a, b) else {
            return .absent
        }
        return .value(result)
    }
}

// Fields.

extension Field {
    /// The value on the span at `index` of a trace.
    func value(at index: Int, in facts: TraceFacts) -> FieldValue { value(facts.trace.spans[index], index, facts) }

    fileprivate func value(_ span: SpanRecord, _ index: Int, _ facts: TraceFacts?) -> FieldValue {
        switch self {
        case .attribute(let scope, let key): return scope.value(of: key, span)
        case .parentAttribute(let scope, let key):
            // A span that names no parent has none in any trace, unless it shares its id with a client.
            guard let facts else { return .unknown }
            guard let parent = facts.trace.parents[index] else { return .absent }
            return scope.value(of: key, facts.trace.spans[parent])
        case .intrinsic(let intrinsic): return intrinsic.value(span, index, facts)
        }
    }
}

extension AttributeScope {
    fileprivate func value(of key: String, _ span: SpanRecord) -> FieldValue {
        switch self {
        case .span: return span.attributes[key].map { FieldValue($0) } ?? .absent
        case .resource: return span.resource.attributes[key].map { FieldValue($0) } ?? .absent
        case .instrumentation: return span.scope.attributes[key].map { FieldValue($0) } ?? .absent
        case .event: return FieldValue(all: span.events.compactMap { $0.attributes[key] })
        case .link: return FieldValue(all: span.links.compactMap { $0.attributes[key] })
        case .any:
            for scope in [AttributeScope.span, .resource, .instrumentation, .event, .link] {
                let value = scope.value(of: key, span)
                if value != .absent { return value }
            }
            return .absent
        }
    }
}

extension Intrinsic {
    fileprivate func value(_ span: SpanRecord, _ index: Int, _ facts: TraceFacts?) -> FieldValue {
        switch self {
        case .name: .value(.string(span.name))
        case .status: .value(.status(span.status.code))
        case .statusMessage: .value(.string(span.status.message))
        case .kind: .value(.kind(span.kind))
        case .duration: .value(.duration(Int64(clamping: span.durationNanoseconds)))
        case .spanID: .value(.string(span.spanID.hex))
        case .parentID: span.parentSpanID.isValid ? .value(.string(span.parentSpanID.hex)) : .absent
        case .traceID: .value(.string(span.traceID.hex))
        case .eventName: FieldValue(all: span.events.map { .string($0.name) })
        case .eventTimeSinceStart: Self.list(span.events.map { .duration(Self.elapsed(from: span.start, to: $0.time)) })
        case .linkSpanID: FieldValue(all: span.links.map { .string($0.spanID.hex) })
        case .linkTraceID: FieldValue(all: span.links.map { .string($0.traceID.hex) })
        case .instrumentationName: .value(.string(span.scope.name))
        case .instrumentationVersion: .value(.string(span.scope.version))
        case .childCount, .traceDuration, .rootName, .rootService, .nestedSetLeft, .nestedSetRight, .nestedSetParent:
            facts.map { .value(traceValue(index, $0)) } ?? .unknown
        }
    }

    private static func list(_ values: [FieldLiteral]) -> FieldValue {
        values.isEmpty ? .absent : values.count == 1 ? .value(values[0]) : .list(values)
    }

    /// Negative for an event before the start.
    private static func elapsed(from start: Timestamp, to time: Timestamp) -> Int64 {
        time < start
            ? -Int64(clamping: time.nanoseconds(until: start)) : Int64(clamping: start.nanoseconds(until: time))
    }

    private func traceValue(_ index: Int, _ facts: TraceFacts) -> FieldLiteral {
        let trace = facts.trace
        switch self {
        case .childCount: return .int(Int64(trace.children(of: index).count))
        case .traceDuration: return .duration(facts.duration)
        case .rootName: return .string(facts.rootName)
        case .rootService: return .string(facts.rootService)
        case .nestedSetLeft: return .int(Self.nestedSetLeft(index, trace))
        case .nestedSetRight:
            return .int(Self.nestedSetLeft(index, trace) + 2 * Int64(trace.subtreeCounts[index]) - 1)
        case .nestedSetParent:
            if let parent = trace.parents[index] { return .int(Self.nestedSetLeft(parent, trace)) }
            return .int(trace.spans[index].parentSpanID.isValid ? 0 : -1)
        default: return .nil
        }
    }

    /// The number of the span's beginning when a walk numbers each beginning and end of a span, from 1: before the span
    /// at `index` all earlier spans have begun, and all of them but its ancestors have ended.
    private static func nestedSetLeft(_ index: Int, _ trace: Trace) -> Int64 {
        Int64(2 * index - trace.depths[index] + 1)
    }
}

// The shorthand's conditions.

extension LooseCondition {
    /// Whether an attribute of this key, anywhere in the span, meets the condition.
    package func holds(_ key: String, _ span: SpanRecord) -> Bool {
        holds(key, span.attributes) || holds(key, span.resource.attributes) || holds(key, span.scope.attributes)
            || span.events.contains { holds(key, $0.attributes) } || span.links.contains { holds(key, $0.attributes) }
    }

    private func holds(_ key: String, _ attributes: [Attribute]) -> Bool {
        attributes.contains { $0.key == key && holds($0.value) }
    }

    /// Whether one value, or an element of it, meets the condition.
    package func holds(_ value: AttributeValue) -> Bool {
        if holdsOfWhole(value) { return true }
        guard case .array(let elements) = value else { return false }
        return elements.contains(where: holdsOfWhole)
    }

    private func holdsOfWhole(_ value: AttributeValue) -> Bool {
        switch self {
        case .exists: return true
        case .equals(let text): return value.text.utf8.elementsEqual(text.utf8)
        case .matches(let expression): return expression.matches(value.text)
        case .compares(let comparison, let wanted):
            guard let literal = FieldLiteral(value) else { return false }
            if case .string(let text) = literal {
                guard let number = Double(text), number.isFinite else { return false }
                return comparison.holds(number, wanted)
            }
            return comparison.holds(literal, .double(wanted))
        }
    }
}
