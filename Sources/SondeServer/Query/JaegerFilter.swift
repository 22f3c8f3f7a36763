// SPDX-License-Identifier: Apache-2.0
// Jaeger's structured filter (`query.filter`), a tree in JSON, becomes the tree that every store evaluates. A draft still:
// what is not served is refused, never ignored, since an answer without a condition would pass for one with it.
//
//   {"op": "and", "args": [{"call": {"op": "gt", "args": [{"field": {"name": "duration", "level": "span"}},
//                                                         {"scalar": {"value": "2s"}}]}}, …]}
//
// https://github.com/jaegertracing/jaeger/blob/main/docs/rfc/0005-structured-query-filters.md

import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct JaegerFilter {
    /// Calls inside one another at most, as Jaeger has it.
    static let maxDepth = 20

    static func condition(_ text: String) throws(Refusal) -> FieldExpression {
        guard let tree = try? JSONValue.parse(Array(text.utf8), as: "query.filter") else {
            throw refusal("it is not JSON")
        }
        return try predicate(tree, depth: 1)
    }

    // MARK: Predicates

    private static func predicate(_ call: JSONValue, depth: Int) throws(Refusal) -> FieldExpression {
        guard depth <= maxDepth else { throw refusal("calls nest more than \(maxDepth) deep") }
        guard let name = call["op"]?.string, let arguments = call["args"]?.array else {
            throw refusal(#"expected {"op": …, "args": […]}"#)
        }
        switch name {
        case "and", "or":
            guard arguments.count > 1 else { throw refusal("\(name) takes two predicates or more") }
            let parts = try predicates(arguments, of: name, depth: depth)
            return name == "and" ? .all(parts) : .any(parts)
        case "not":
            try check(name, arguments, count: 1)
            return .not(try predicates(arguments, of: name, depth: depth)[0])
        case "some":
            try check(name, arguments, count: 2)
            return try some(arguments[0], arguments[1], depth: depth)
        case "exists":
            try check(name, arguments, count: 1)
            return exists(try reference(arguments[0], of: name))
        case "in", "not_in":
            try check(name, arguments, count: 2)
            return try membership(name, try reference(arguments[0], of: name), arguments[1])
        case "regex":
            try check(name, arguments, count: 2)
            return try match(try reference(arguments[0], of: name), arguments[1])
        default:
            guard let comparison = comparisons[name] else { throw refusal("\(name) is no operator") }
            try check(name, arguments, count: 2)
            return try compare(name, comparison, arguments)
        }
    }

    private static let comparisons: [String: Comparison] = [
        "eq": .equal, "ne": .notEqual, "gt": .greater, "lt": .less, "gte": .greaterOrEqual, "lte": .lessOrEqual,
    ]

    private static func check(_ name: String, _ arguments: [JSONValue], count: Int) throws(Refusal) {
        guard arguments.count == count else {
            throw refusal("\(name) takes \(count) arguments, not \(arguments.count)")
        }
    }

    private static func predicates(
        _ arguments: [JSONValue], of name: String, depth: Int
    ) throws(Refusal) -> [FieldExpression] {
        var parts: [FieldExpression] = []
        for argument in arguments {
            guard let call = argument["call"] else { throw refusal("\(name) takes predicates") }
            parts.append(try predicate(call, depth: depth + 1))
        }
        return parts
    }

    /// One event (link) that meets a predicate. Ours are looked at one condition at a time, which is the same as long as
    /// there is only one, and it does not deny.
    private static func some(_ collection: JSONValue, _ call: JSONValue, depth: Int) throws(Refusal) -> FieldExpression
    {
        guard let level = collection["nested"]?["level"]?.string, level == "event" || level == "link",
            let call = call["call"]
        else { throw refusal("some takes events or links and a predicate") }
        guard isSingle(call, level: level) else {
            throw unsupported("several conditions on one and the same \(level)")
        }
        return try predicate(call, depth: depth + 1)
    }

    private static func isSingle(_ call: JSONValue, level: String) -> Bool {
        let denying: Set = ["not", "ne", "not_in", "some", "and", "or"]
        return !denying.contains(call["op"]?.string ?? "")
    }

    // MARK: Leaves

    private static func exists(_ reference: JaegerFilterReference) -> FieldExpression {
        .any(reference.fields.map { .compare(.field($0), .notEqual, .literal(.nil)) })
    }

    /// What denies holds where there is a value and none of them agrees.
    private static func denied(
        _ positive: FieldExpression, _ reference: JaegerFilterReference
    ) -> FieldExpression {
        .all([exists(reference), .not(positive)])
    }

    private static func compare(
        _ name: String, _ comparison: Comparison, _ arguments: [JSONValue]
    ) throws(Refusal) -> FieldExpression {
        let isFirst = JaegerFilterReference.names(arguments[0])
        guard isFirst || JaegerFilterReference.names(arguments[1]) else {
            throw unsupported("comparing two constants")
        }
        let subject = try reference(arguments[isFirst ? 0 : 1], of: name)
        let other = arguments[isFirst ? 1 : 0]
        let turned = isFirst ? comparison : comparison.mirrored
        let positive = turned == .notEqual ? .equal : turned
        let operands = try operands(other, against: subject, of: name, positive)
        let condition = FieldExpression.any(
            subject.fields.flatMap { field in operands.map { .compare(.field(field), positive, $0) } })
        return turned == .notEqual ? denied(condition, subject) : condition
    }

    /// What the other side may be: another value of the span, or a constant in all types that its text reads as.
    private static func operands(
        _ value: JSONValue, against subject: JaegerFilterReference, of name: String, _ comparison: Comparison
    ) throws(Refusal) -> [FieldExpression] {
        if JaegerFilterReference.names(value) { return try reference(value, of: name).fields.map { .field($0) } }
        guard let text = value["scalar"]?["value"]?.string else {
            throw refusal("\(name) compares values or constants")
        }
        if subject.isWord, comparison != .equal { throw refusal("\(name) has no order for \(subject.name)") }
        return try subject.literals(text, type: value["scalar"]?["type"]?.string ?? "").map { .literal($0) }
    }

    private static func membership(
        _ name: String, _ subject: JaegerFilterReference, _ list: JSONValue
    ) throws(Refusal) -> FieldExpression {
        guard let values = list["list"]?["values"]?.array, !values.isEmpty else {
            throw refusal("\(name) takes a list of one value or more")
        }
        let type = list["list"]?["type"]?.string ?? ""
        guard !type.isEmpty || subject.isField else { throw refusal("\(name) takes a list that tells its type") }
        var alternatives: [FieldExpression] = []
        for value in values {
            guard let text = value.string else { throw refusal("the values of a list are texts") }
            for literal in try subject.literals(text, type: type) {
                alternatives += subject.fields.map { .compare(.field($0), .equal, .literal(literal)) }
            }
        }
        return name == "in" ? .any(alternatives) : denied(.any(alternatives), subject)
    }

    private static func match(_ subject: JaegerFilterReference, _ pattern: JSONValue) throws(Refusal) -> FieldExpression
    {
        guard let text = pattern["scalar"]?["value"]?.string, !subject.isTime else {
            throw refusal("regex takes a text and a pattern")
        }
        let expression: RegularExpression
        do { expression = try RegularExpression(text, matchesWhole: false) } catch {
            throw refusal("cannot read the pattern \(text.prefix(80)): \(error)")
        }
        guard !subject.isWord else { throw unsupported("a pattern for \(subject.name)") }
        return .any(subject.fields.map { .match(.field($0), expression, isNegated: false) })
    }

    private static func reference(_ value: JSONValue, of name: String) throws(Refusal) -> JaegerFilterReference {
        guard JaegerFilterReference.names(value) else { throw refusal("\(name) takes an attribute or a field") }
        return try JaegerFilterReference(value)
    }

    // MARK: Refusals

    static func refusal(_ reason: String) -> Refusal { .invalid("malformed parameter query.filter: \(reason)") }

    static func unsupported(_ what: String) -> Refusal {
        Refusal(.badRequest, code: "unsupported", "query.filter: \(what) can't be searched for here")
    }
}

/// A value of the span that a filter names.
struct JaegerFilterReference {
    /// As the filter has it, for messages.
    let name: String
    /// Where it may stand; an attribute without a level in two places.
    let fields: [Field]
    let isField: Bool

    static func names(_ value: JSONValue) -> Bool { value["attr"] != nil || value["field"] != nil }

    init(_ value: JSONValue) throws(Refusal) {
        if let attribute = value["attr"] {
            guard let key = attribute["key"]?.string, !key.isEmpty else {
                throw JaegerFilter.refusal("an attribute has no key")
            }
            let level = attribute["level"]?.string ?? ""
            guard let scopes = Self.scopes[level] else { throw JaegerFilter.refusal("\(level) is no level") }
            (name, fields, isField) = (key, scopes.map { .attribute($0, key: key) }, false)
        } else {
            let level = value["field"]?["level"]?.string ?? ""
            let field = value["field"]?["name"]?.string ?? ""
            name = "\(level).\(field)"
            isField = true
            if let known = Self.fields[name] {
                fields = [known]
            } else if Self.unserved.contains(name) {
                throw JaegerFilter.unsupported(name)
            } else {
                throw JaegerFilter.refusal("\(name) is no field")
            }
        }
    }

    private static let scopes: [String: [AttributeScope]] = [
        "": [.span, .resource], "span": [.span], "resource": [.resource], "scope": [.instrumentation],
        "event": [.event], "link": [.link],
    ]

    private static let fields: [String: Field] = [
        "span.traceID": .intrinsic(.traceID), "span.spanID": .intrinsic(.spanID),
        "span.parentSpanID": .intrinsic(.parentID), "span.name": .intrinsic(.name), "span.kind": .intrinsic(.kind),
        "span.duration": .intrinsic(.duration), "span.status": .intrinsic(.status),
        "span.statusMessage": .intrinsic(.statusMessage),
        "resource.service": .attribute(.resource, key: "service.name"),
        "scope.name": .intrinsic(.instrumentationName), "scope.version": .intrinsic(.instrumentationVersion),
        "event.name": .intrinsic(.eventName), "event.timeSinceStart": .intrinsic(.eventTimeSinceStart),
        "link.traceID": .intrinsic(.linkTraceID), "link.spanID": .intrinsic(.linkSpanID),
    ]

    /// Fields of the draft that no condition of ours can name.
    private static let unserved: Set = [
        "span.traceState", "span.startTime", "span.endTime", "resource.schemaURL", "scope.schemaURL", "event.time",
        "link.traceState",
    ]

    var isTime: Bool { name == "span.duration" || name == "event.timeSinceStart" }
    /// Whether it holds one of a few words.
    var isWord: Bool { name == "span.kind" || name == "span.status" }

    /// A constant as the value it is compared with.
    func literals(_ text: String, type: String) throws(Refusal) -> [FieldLiteral] {
        guard isField else { return try Self.attributeLiterals(text, type: type) }
        guard type.isEmpty || type == "string" else { throw JaegerFilter.refusal("\(name) holds no \(type)") }
        switch name {
        case "span.duration", "event.timeSinceStart":
            guard type.isEmpty, let duration = DurationText.parse(text) else {
                throw JaegerFilter.refusal("\(text) is no duration like 2s or 50us")
            }
            return [.duration(Int64(clamping: duration))]
        case "span.kind":
            guard let kind = SpanKind.allCases.first(where: { $0.name == text }) else {
                throw JaegerFilter.refusal("\(text) is no kind of span")
            }
            return [.kind(kind)]
        case "span.status":
            guard let status = StatusCode.allCases.first(where: { $0.name == text }) else {
                throw JaegerFilter.refusal("\(text) is no status")
            }
            return [.status(status)]
        default: return [.string(text)]
        }
    }

    /// Without a type in every type that the text reads as: only the sender of the attribute knew which it is.
    private static func attributeLiterals(_ text: String, type: String) throws(Refusal) -> [FieldLiteral] {
        let number: FieldLiteral? = Int64(text).map { .int($0) } ?? Double(text).map { .double($0) }
        let flag: FieldLiteral? = text == "true" || text == "false" ? .bool(text == "true") : nil
        let found: FieldLiteral? =
            switch type {
            case "string": .string(text)
            case "int": Int64(text).map { .int($0) }
            case "double": Double(text).map { .double($0) }
            case "bool": flag
            case "": .string(text)
            default: throw JaegerFilter.refusal("\(type) is no type")
            }
        guard let found else { throw JaegerFilter.refusal("\(text) is no \(type)") }
        return [found] + (type.isEmpty ? [number, flag].compactMap(\.self) : [])
    }
}
