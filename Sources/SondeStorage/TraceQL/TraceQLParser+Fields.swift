// SPDX-License-Identifier: Apache-2.0
// Conditions on a span, and the types that can be told before any span is seen.
//
//   condition = both { "||" both }      both = compared { "&&" compared }
//   compared  = sum [ ( = != < <= > >= =~ !~ ) sum ]
//   sum       = product { ( + - ) product }      product = unary { ( * / % ) unary }
//   unary     = ( "-" | "!" ) unary | power      power = operand [ "^" unary ]

import SondeModel

/// Types that can be told without a span; attributes have none.
enum FieldType: String, Hashable, Sendable {
    case number = "a number or duration"
    case string = "a string in quotes"
    case bool = "true or false"
    case status = "ok, error or unset"
    case kind = "server, client, producer, consumer, internal or unspecified"
    case `nil`
}

extension TraceQLParser {
    /// Something that is true or false.
    mutating func condition() throws(QuerySyntaxError) -> FieldExpression {
        let start = offset
        let expression = try value()
        try check(expression, isConditionFrom: start)
        return expression
    }

    /// Any expression.
    mutating func value() throws(QuerySyntaxError) -> FieldExpression {
        try deeper { parser throws(QuerySyntaxError) in
            let start = parser.offset
            var parts = [try parser.both()]
            while parser.isAt("||") {
                if parts.count == 1 { try parser.check(parts[0], isConditionFrom: start) }
                parser.advance()
                let next = parser.offset
                parts.append(try parser.both())
                try parser.check(parts[parts.count - 1], isConditionFrom: next)
            }
            return parts.count == 1 ? parts[0] : .any(parts)
        }
    }

    private mutating func both() throws(QuerySyntaxError) -> FieldExpression {
        let start = offset
        var parts = [try compared()]
        while isAt("&&") {
            if parts.count == 1 { try check(parts[0], isConditionFrom: start) }
            advance()
            let next = offset
            parts.append(try compared())
            try check(parts[parts.count - 1], isConditionFrom: next)
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private func check(_ expression: FieldExpression, isConditionFrom start: Int) throws(QuerySyntaxError) {
        guard let type = expression.type, type != .bool else { return }
        throw QuerySyntaxError(
            "expected a condition: compare \(text(start..<max(start, lastEnd)).prefix(60)) with something", at: start)
    }

    // MARK: Comparison

    private mutating func compared() throws(QuerySyntaxError) -> FieldExpression {
        let left = try sum()
        guard case .symbol(let symbol) = token.kind else { return left }
        let place = offset
        if symbol == "=~" || symbol == "!~" {
            advance()
            return try match(left, isNegated: symbol == "!~", at: place)
        }
        guard let comparison = Comparison(rawValue: symbol) else { return left }
        advance()
        let begin = offset
        let right = try sum()
        try check(left, comparison, right, symbolAt: place, rightFrom: begin)
        return Self.withWholeIDs(left, comparison, right)
    }

    private func check(
        _ left: FieldExpression, _ comparison: Comparison, _ right: FieldExpression, symbolAt place: Int,
        rightFrom begin: Int
    ) throws(QuerySyntaxError) {
        let isEquality = comparison == .equal || comparison == .notEqual
        let types = [left.type, right.type].compactMap { $0 }
        if !isEquality, let type = types.first(where: { $0 != .number && $0 != .string }) {
            let what = type == .nil ? "nil" : type.rawValue
            throw QuerySyntaxError("\(what) can only be compared with = and !=", at: place)
        }
        guard types.count == 2, types[0] != types[1], !types.contains(.nil) else { return }
        throw QuerySyntaxError("expected \(types[0].rawValue) here", at: begin)
    }

    private mutating func match(
        _ left: FieldExpression, isNegated: Bool, at place: Int
    ) throws(QuerySyntaxError) -> FieldExpression {
        guard left.type == nil || left.type == .string else {
            throw QuerySyntaxError("only strings can be matched with a regular expression", at: place)
        }
        guard case .string(let pattern) = token.kind else { throw expected("a regular expression in quotes") }
        let start = offset
        // An escape before the place moves it; a pattern in backquotes has none.
        let isExact = token.range.count == pattern.unicodeScalars.count + 2
        advance()
        do {
            return .match(left, try RegularExpression(pattern), isNegated: isNegated)
        } catch {
            throw QuerySyntaxError(error.message, at: isExact ? start + 1 + error.offset : start)
        }
    }

    /// Ids may be written in either case and without leading zeros.
    private static func withWholeIDs(
        _ left: FieldExpression, _ comparison: Comparison, _ right: FieldExpression
    ) -> FieldExpression {
        if case .field(.intrinsic(let intrinsic)) = left, case .literal(.string(let text)) = right {
            return .compare(left, comparison, .literal(.string(intrinsic.whole(id: text))))
        }
        if case .field(.intrinsic(let intrinsic)) = right, case .literal(.string(let text)) = left {
            return .compare(.literal(.string(intrinsic.whole(id: text))), comparison, right)
        }
        return .compare(left, comparison, right)
    }

    // MARK: Arithmetic

    private mutating func sum() throws(QuerySyntaxError) -> FieldExpression {
        let start = offset
        var left = try product()
        while let sign = sign("+", "-") {
            try countOperator()
            try check(left, isNumberFrom: start)
            advance()
            let next = offset
            let right = try product()
            try check(right, isNumberFrom: next)
            left = .arithmetic(left, sign, right)
        }
        return left
    }

    private mutating func product() throws(QuerySyntaxError) -> FieldExpression {
        let start = offset
        var left = try unary()
        while let sign = sign("*", "/", "%") {
            try countOperator()
            try check(left, isNumberFrom: start)
            advance()
            let next = offset
            let right = try unary()
            try check(right, isNumberFrom: next)
            left = .arithmetic(left, sign, right)
        }
        return left
    }

    private func sign(_ symbols: String...) -> ArithmeticOperator? {
        guard case .symbol(let symbol) = token.kind, symbols.contains(symbol) else { return nil }
        return ArithmeticOperator(rawValue: symbol)
    }

    private func check(_ expression: FieldExpression, isNumberFrom start: Int) throws(QuerySyntaxError) {
        guard let type = expression.type, type != .number else { return }
        throw QuerySyntaxError("expected a number or duration here", at: start)
    }

    private mutating func unary() throws(QuerySyntaxError) -> FieldExpression {
        try deeper { parser throws(QuerySyntaxError) in
            let start = parser.offset
            if parser.take("!") {
                let next = parser.offset
                let inner = try parser.unary()
                try parser.check(inner, isConditionFrom: next)
                return .not(inner)
            }
            if parser.take("-") {
                let inner = try parser.unary()
                try parser.check(inner, isNumberFrom: start)
                return Self.negative(inner)
            }
            let base = try parser.operand()
            guard parser.isAt("^") else { return base }
            try parser.check(base, isNumberFrom: start)
            parser.advance()
            let next = parser.offset
            let exponent = try parser.unary()
            try parser.check(exponent, isNumberFrom: next)
            return .arithmetic(base, .power, exponent)
        }
    }

    private static func negative(_ expression: FieldExpression) -> FieldExpression {
        switch expression {
        // The smallest whole number has no counterpart.
        case .literal(.int(.min)): .literal(.double(-Double(Int64.min)))
        case .literal(.int(let value)): .literal(.int(-value))
        case .literal(.double(let value)): .literal(.double(-value))
        case .literal(.duration(let value)) where value > .min: .literal(.duration(-value))
        default: .negative(expression)
        }
    }

    // MARK: Operands

    private mutating func operand() throws(QuerySyntaxError) -> FieldExpression {
        let start = offset
        if take("(") {
            let inner = try value()
            try close(")", openedAt: start, else: "&&, ||, an operator or )")
            return inner
        }
        if let literal = literal {
            advance()
            return .literal(literal)
        }
        return .field(try field())
    }

    private var literal: FieldLiteral? {
        switch token.kind {
        case .string(let value): .string(value)
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        case .duration(let value): .duration(value)
        case .word(let word): Self.words[word]
        case .symbol, .attribute, .end: nil
        }
    }

    private static let words: [String: FieldLiteral] = {
        var words: [String: FieldLiteral] = [
            "true": .bool(true), "false": .bool(false), "nil": .nil, "minInt": .int(.min), "maxInt": .int(.max),
        ]
        for status in StatusCode.allCases { words[status.name] = .status(status) }
        for kind in SpanKind.allCases { words[kind.name] = .kind(kind) }
        return words
    }()

    mutating func field() throws(QuerySyntaxError) -> Field {
        switch token.kind {
        case .attribute(let field):
            advance()
            return field
        case .word(let word):
            if let intrinsic = Intrinsic.shortNames[word] {
                advance()
                return .intrinsic(intrinsic)
            }
            let hint =
                Self.words[word] == nil ? "; for an attribute write .\(word), span.\(word) or resource.\(word)" : ""
            throw QuerySyntaxError("there is no field \(word)\(hint)", at: offset)
        default: throw expected("a field like name or .http.route, or a value")
        }
    }
}

extension Intrinsic {
    var type: FieldType {
        switch self {
        case .status: .status
        case .kind: .kind
        case .duration, .childCount, .traceDuration, .eventTimeSinceStart, .nestedSetLeft, .nestedSetRight,
            .nestedSetParent:
            .number
        case .name, .statusMessage, .spanID, .parentID, .traceID, .rootName, .rootService, .eventName, .linkSpanID,
            .linkTraceID, .instrumentationName, .instrumentationVersion:
            .string
        }
    }

    /// `text` as the whole id that it stands for, if this is an id.
    func whole(id text: String) -> String {
        let digits: Int
        switch self {
        case .spanID, .parentID, .linkSpanID: digits = 16
        case .traceID, .linkTraceID: digits = 32
        default: return text
        }
        guard !text.isEmpty, text.utf8.count <= digits else { return text }
        return String(repeating: "0", count: digits - text.utf8.count) + text.lowercased()
    }
}

extension FieldExpression {
    /// What it yields whatever the span; nil for attributes.
    var type: FieldType? {
        switch self {
        case .field(.intrinsic(let intrinsic)): intrinsic.type
        case .field: nil
        case .negative, .arithmetic: .number
        case .not, .compare, .match, .all, .any, .anywhere: .bool
        case .literal(let literal):
            switch literal {
            case .string: .string
            case .int, .double, .duration: .number
            case .bool: .bool
            case .status: .status
            case .kind: .kind
            case .nil: .nil
            }
        }
    }
}
