// SPDX-License-Identifier: Apache-2.0
// What the terms of the shorthand mean.
//
//   service · name (or operation) · kind · status · statusMessage · duration · traceDuration · rootName · rootService, and
//   TraceQL's names with a colon: what every span has. Any other name is an attribute's key, wherever it stands.

import SondeModel

/// One thing that must hold.
struct ShorthandTerm: Sendable {
    /// What it means.
    var condition: FieldExpression
    /// The condition of a query that says the same.
    var plain: Plain?
    var text: String
    var offset: Int

    enum Plain: Hashable, Sendable {
        case service(String)
        case operation(String)
        case kind(SpanKind)
        case status(StatusCode)
        case duration(Comparison, Int64)
        case traceDuration(Comparison, Int64)
        case attribute(AttributeCondition)
    }

    init(_ condition: FieldExpression, plain: Plain? = nil, text: String, at offset: Int) {
        self.condition = condition
        self.plain = plain
        self.text = text
        self.offset = offset
    }

    /// Name, operator and value as they were written.
    struct Parts: Sendable {
        var name: String
        /// A name in quotes is always an attribute's key.
        var isQuoted: Bool
        var symbol: String
        var value: String
        var text: String
        var offset: Int
        var symbolOffset: Int
        var valueOffset: Int

        func term(_ condition: FieldExpression, _ plain: Plain? = nil) -> ShorthandTerm {
            ShorthandTerm(condition, plain: plain, text: text, at: offset)
        }
    }
}

extension ShorthandTerm {
    /// A term without an operator.
    static func word(_ word: String, isQuoted: Bool, at offset: Int) throws(QuerySyntaxError) -> ShorthandTerm {
        if !isQuoted {
            switch word {
            case "error":
                let condition = FieldExpression.compare(
                    .field(.intrinsic(.status)), .equal, .literal(.status(.error)))
                return ShorthandTerm(condition, plain: .status(.error), text: word, at: offset)
            case "root":
                let condition = FieldExpression.compare(.field(.intrinsic(.parentID)), .equal, .literal(.nil))
                return ShorthandTerm(condition, text: word, at: offset)
            case _ where word.hasPrefix("has:") && word.utf8.count > 4:
                let key = String(word.dropFirst(4))
                return ShorthandTerm(.anywhere(key: key, .exists), text: word, at: offset)
            default: break
            }
        }
        throw QuerySyntaxError(
            "cannot read \(word): expected a term like name=value, has:key, or one of the words error and root",
            at: offset)
    }

    static func comparison(_ parts: Parts) throws(QuerySyntaxError) -> ShorthandTerm {
        guard !parts.isQuoted else { return try attribute(parts) }
        switch parts.name {
        case "service": return try service(parts)
        case "kind":
            return try choice(parts, .kind, SpanKind.allCases.map { ($0.name, .kind($0), .kind($0)) })
        case "status":
            return try choice(parts, .status, StatusCode.allCases.map { ($0.name, .status($0), .status($0)) })
        case "duration": return try number(parts, .duration) { .duration($0, $1) }
        case "traceDuration": return try number(parts, .traceDuration) { .traceDuration($0, $1) }
        case "rootService": return try string(parts, .intrinsic(.rootService))
        default: break
        }
        let hasColon = parts.name.unicodeScalars.contains(":")
        guard let intrinsic = hasColon ? Intrinsic(rawValue: parts.name) : Self.shortNames[parts.name] else {
            return try attribute(parts)
        }
        switch intrinsic.type {
        case .number: return try number(parts, intrinsic) { _, _ in nil }
        case .kind: return try choice(parts, .kind, SpanKind.allCases.map { ($0.name, .kind($0), .kind($0)) })
        case .status:
            return try choice(parts, .status, StatusCode.allCases.map { ($0.name, .status($0), .status($0)) })
        case .string, .bool, .nil:
            return try string(parts, .intrinsic(intrinsic), plain: intrinsic == .name ? { .operation($0) } : nil)
        }
    }

    /// The names without a colon that are no attributes; `parent` and the rest of TraceQL's stay keys.
    private static let shortNames: [String: Intrinsic] = [
        "name": .name, "operation": .name, "statusMessage": .statusMessage, "rootName": .rootName,
        "rootServiceName": .rootService,
    ]

    // MARK: What spans have

    private static func service(_ parts: Parts) throws(QuerySyntaxError) -> ShorthandTerm {
        let field = Field.attribute(.resource, key: "service.name")
        var term = try string(parts, field) { .service($0) }
        // A span whose sender gave no name has this one.
        guard parts.value == Resource.unknownService, let some = try? RegularExpression(".+")
        else { return term }
        let hasNone = FieldExpression.not(.match(.field(field), some, isNegated: false))
        if parts.symbol == "=" { term.condition = .any([term.condition, hasNone]) }
        if parts.symbol == "!=" { term.condition = .all([term.condition, .not(hasNone)]) }
        return term
    }

    private static func string(
        _ parts: Parts, _ field: Field, plain: ((String) -> Plain)? = nil
    ) throws(QuerySyntaxError) -> ShorthandTerm {
        let isNegated = parts.symbol.hasPrefix("!")
        switch parts.symbol {
        case "=", "!=":
            if let pattern = Wildcards.pattern(parts.value) {
                return parts.term(.match(.field(field), try regex(pattern, parts), isNegated: isNegated))
            }
            var text = Wildcards.plain(parts.value)
            if case .intrinsic(let intrinsic) = field { text = intrinsic.whole(id: text) }
            let condition = FieldExpression.compare(
                .field(field), isNegated ? .notEqual : .equal, .literal(.string(text)))
            return parts.term(condition, isNegated ? nil : plain?(text))
        case "~", "!~", "=~":
            let expression = try regex(parts.value, parts, matchesWhole: parts.symbol == "=~")
            return parts.term(.match(.field(field), expression, isNegated: isNegated))
        default:
            throw QuerySyntaxError(
                "\(parts.name) is text: expected =, !=, ~, !~ or =~ behind it", at: parts.symbolOffset)
        }
    }

    private static func choice(
        _ parts: Parts, _ intrinsic: Intrinsic, _ choices: [(name: String, literal: FieldLiteral, plain: Plain)]
    ) throws(QuerySyntaxError) -> ShorthandTerm {
        guard parts.symbol == "=" || parts.symbol == "!=" else {
            throw QuerySyntaxError("expected = or != behind \(parts.name)", at: parts.symbolOffset)
        }
        guard let choice = choices.first(where: { $0.name == parts.value.lowercased() }) else {
            throw QuerySyntaxError(
                "cannot read \(parts.text): expected one of \(choices.map(\.name).joined(separator: ", "))",
                at: parts.valueOffset)
        }
        let isNegated = parts.symbol == "!="
        let condition = FieldExpression.compare(
            .field(.intrinsic(intrinsic)), isNegated ? .notEqual : .equal, .literal(choice.literal))
        return parts.term(condition, isNegated ? nil : choice.plain)
    }

    private static func number(
        _ parts: Parts, _ intrinsic: Intrinsic, _ plain: (Comparison, Int64) -> Plain?
    ) throws(QuerySyntaxError) -> ShorthandTerm {
        guard let comparison = Comparison(rawValue: parts.symbol) else {
            throw QuerySyntaxError(
                "\(parts.name) is a number: expected =, !=, <, <=, > or >= behind it", at: parts.symbolOffset)
        }
        let isDuration = [.duration, .traceDuration, .eventTimeSinceStart].contains(intrinsic)
        let value = isDuration ? DurationText.parse(parts.value).flatMap { Int64(exactly: $0) } : Int64(parts.value)
        guard let value else {
            let expected = isDuration ? "a duration like 1.2s, 100ms or 4500ns" : "a number"
            throw QuerySyntaxError("cannot read \(parts.text): expected \(expected)", at: parts.valueOffset)
        }
        guard !(isDuration && value == 0 && comparison == .less) else {
            throw QuerySyntaxError("nothing can match: \(parts.text) asks for less than nothing", at: parts.offset)
        }
        let literal = isDuration ? FieldLiteral.duration(value) : .int(value)
        return parts.term(
            .compare(.field(.intrinsic(intrinsic)), comparison, .literal(literal)), plain(comparison, value))
    }

    // MARK: Attributes

    private static func attribute(_ parts: Parts) throws(QuerySyntaxError) -> ShorthandTerm {
        let key = parts.name
        switch parts.symbol {
        case "=":
            let plain = Plain.attribute(AttributeCondition(key: key, value: parts.value))
            return parts.term(.anywhere(key: key, .equals(parts.value)), plain)
        case "!=": return parts.term(Self.present(key, butNot: .equals(parts.value)))
        case "~", "=~":
            let expression = try regex(parts.value, parts, matchesWhole: parts.symbol == "=~")
            return parts.term(.anywhere(key: key, .matches(expression)))
        case "!~":
            let expression = try regex(parts.value, parts, matchesWhole: false)
            return parts.term(Self.present(key, butNot: .matches(expression)))
        default: break
        }
        guard let comparison = Comparison(rawValue: parts.symbol), let value = Double(parts.value), value.isFinite
        else {
            throw QuerySyntaxError(
                "cannot read \(parts.text): expected a number behind \(parts.symbol)", at: parts.valueOffset)
        }
        return parts.term(.anywhere(key: key, .compares(comparison, value)))
    }

    /// There is such an attribute, and none of them meets the condition.
    private static func present(_ key: String, butNot condition: LooseCondition) -> FieldExpression {
        .all([.anywhere(key: key, .exists), .not(.anywhere(key: key, condition))])
    }

    private static func regex(
        _ pattern: String, _ parts: Parts, matchesWhole: Bool = true
    ) throws(QuerySyntaxError) -> RegularExpression {
        do {
            return try RegularExpression(pattern, matchesWhole: matchesWhole)
        } catch {
            throw QuerySyntaxError("cannot read \(parts.text): \(error.message)", at: parts.valueOffset)
        }
    }
}
