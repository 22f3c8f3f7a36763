// SPDX-License-Identifier: Apache-2.0
// The short way to ask for traces: terms separated by spaces, all of which hold on one span.
//
//   service=orders duration>200ms (http.request.method=GET OR has:retry) NOT name=GET*
//
//   either = all { OR all }      all = unary { [ AND ] unary }      unary = NOT unary | "!" unary | "(" either ")" | term
//   term   = error | root | has:KEY | name op value            op = = != ~ !~ =~ > >= < <=
//
// It becomes the tree that TraceQL becomes, one condition on a span; QueryShorthand+Terms.swift says what a term means.

import SondeModel

extension TraceQuery {
    /// Adds what `text` asks for, in TraceQL or the shorthand, to the conditions.
    ///
    /// What the other conditions can express is put there, so that stores find it quickly; if something is left, all of
    /// it is in ``expression`` as well.
    ///
    /// - Throws: ``QuerySyntaxError`` for what can't be read, is not supported, or contradicts an earlier condition.
    package mutating func add(_ text: String) throws(QuerySyntaxError) {
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return }
        guard !TraceExpression.isTraceQL(text) else {
            expression = try TraceExpression(parsing: text)
            return
        }
        var parser = try ShorthandParser(text)
        let terms = try parser.parse()
        var isPlain = true
        for term in terms where try !add(term) { isPlain = false }
        guard !isPlain else { return }
        let conditions = terms.map(\.condition)
        let condition = conditions.count == 1 ? conditions[0] : FieldExpression.all(conditions)
        expression = TraceExpression(text: text, root: .filter(condition))
    }

    /// Puts a term into a condition of its own; false if there is none for it.
    private mutating func add(_ term: ShorthandTerm) throws(QuerySyntaxError) -> Bool {
        switch term.plain {
        case .service(let name): try setOnce(\.service, name, term)
        case .operation(let name): try setOnce(\.operation, name, term)
        case .kind(let kind): try setOnce(\.kind, kind, term)
        case .status(let status): try setOnce(\.status, status, term)
        case .duration(let comparison, let value): return bound(\.minDuration, \.maxDuration, comparison, value)
        case .traceDuration(let comparison, let value):
            return bound(\.minTraceDuration, \.maxTraceDuration, comparison, value)
        case .attribute(let condition): if !attributes.contains(condition) { attributes.append(condition) }
        case nil: return false
        }
        return true
    }

    private mutating func setOnce<Value: Equatable>(
        _ place: WritableKeyPath<TraceQuery, Value?>, _ value: Value, _ term: ShorthandTerm
    ) throws(QuerySyntaxError) {
        guard self[keyPath: place] == nil || self[keyPath: place] == value else {
            throw QuerySyntaxError("nothing can match: \(term.text) contradicts an earlier condition", at: term.offset)
        }
        self[keyPath: place] = value
    }

    /// False for what a pair of bounds can't say.
    private mutating func bound(
        _ low: WritableKeyPath<TraceQuery, UInt64?>, _ high: WritableKeyPath<TraceQuery, UInt64?>,
        _ comparison: Comparison, _ value: Int64
    ) -> Bool {
        guard value >= 0 else { return false }
        let value = UInt64(value)
        switch comparison {
        case .greaterOrEqual: self[keyPath: low] = max(self[keyPath: low] ?? 0, value)
        case .lessOrEqual: self[keyPath: high] = min(self[keyPath: high] ?? .max, value)
        case .greater: self[keyPath: low] = max(self[keyPath: low] ?? 0, value + 1)
        case .less where value > 0: self[keyPath: high] = min(self[keyPath: high] ?? .max, value - 1)
        case .equal:
            self[keyPath: low] = max(self[keyPath: low] ?? 0, value)
            self[keyPath: high] = min(self[keyPath: high] ?? .max, value)
        case .less, .notEqual: return false
        }
        return true
    }

    /// Adds that a matching span has no parent.
    package mutating func addRootOnly() throws(QuerySyntaxError) { try narrow("root", "span:parentID = nil") }

    /// Adds that a matching span's name fits a pattern, in which `*` stands for anything and `\*` for itself.
    package mutating func addOperation(like pattern: String) throws(QuerySyntaxError) {
        let regex = Wildcards.regularExpression(pattern)
        try narrow("name=~\(Self.quoted(regex))", "name =~ \(Self.quoted(regex))")
    }

    /// Adds one more condition to whatever there is, as text, so that it can be asked elsewhere too.
    private mutating func narrow(_ term: String, _ condition: String) throws(QuerySyntaxError) {
        guard let expression else { return try add(term) }
        if TraceExpression.isTraceQL(expression.text) {
            try add("(\(expression.text)) | { \(condition) }")
        } else {
            try add("(\(expression.text)) \(term)")
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}

extension TraceExpression {
    private static let functions: Set<String> = ["count", "avg", "min", "max", "sum", "by", "select", "coalesce"]

    /// Whether a query is TraceQL: behind any opening parentheses stands a brace, or a function like `count(`. Anything
    /// else is the shorthand.
    package static func isTraceQL(_ text: String) -> Bool {
        let rest = text.unicodeScalars.drop { $0.properties.isWhitespace || $0 == "(" }
        if rest.first == "{" { return true }
        let word = rest.prefix { RegexSet.word.contains($0) }
        return functions.contains(String(word)) && rest[word.endIndex...].first { !$0.properties.isWhitespace } == "("
    }

    /// Whether it was written in TraceQL, so that what it found is shown with each trace.
    package var isTraceQL: Bool { Self.isTraceQL(text) }
}

/// `*` for any text.
enum Wildcards {
    /// Nil without a wildcard.
    static func pattern(_ text: String) -> String? {
        var isEscaped = false
        let hasWildcard = text.unicodeScalars.contains { scalar in
            defer { isEscaped = scalar == "\\" && !isEscaped }
            return scalar == "*" && !isEscaped
        }
        return hasWildcard ? regularExpression(text) : nil
    }

    /// `\*` without its backslash.
    static func plain(_ text: String) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "*", plain.last == "\\" { plain.removeLast() }
            plain.append(scalar)
        }
        return String(plain)
    }

    static func regularExpression(_ text: String) -> String {
        var pattern = ""
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            if scalar == "\\", rest.first == "*" {
                rest.removeFirst()
                pattern += "\\*"
            } else if scalar == "*" {
                pattern += ".*"
            } else if "\\.+?()[]{}|^$".unicodeScalars.contains(scalar) {
                pattern += "\\" + String(scalar)
            } else {
                pattern.unicodeScalars.append(scalar)
            }
        }
        return pattern
    }
}

/// Reads the shorthand's structure.
struct ShorthandParser {
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0

    init(_ text: String) throws(QuerySyntaxError) {
        scalars = Array(text.unicodeScalars)
        guard scalars.count <= QueryLimits.textScalars else {
            throw QuerySyntaxError(
                "the query is \(scalars.count) characters long; at most \(QueryLimits.textScalars) are read",
                at: QueryLimits.textScalars)
        }
    }

    /// What must hold, each by itself.
    mutating func parse() throws(QuerySyntaxError) -> [ShorthandTerm] {
        let terms = try either()
        guard place == scalars.count else { throw QuerySyntaxError("this ) closes nothing", at: place) }
        return terms
    }

    // MARK: Structure

    private mutating func either() throws(QuerySyntaxError) -> [ShorthandTerm] {
        depth += 1
        defer { depth -= 1 }
        guard depth <= QueryLimits.depth else {
            throw QuerySyntaxError("the query nests deeper than \(QueryLimits.depth) levels", at: place)
        }
        skipSpaces()
        let start = place
        let first = try all()
        guard takeKeyword("OR", "||") else { return first }
        var sides = [Self.one(first)]
        repeat { sides.append(Self.one(try all())) } while takeKeyword("OR", "||")
        return [ShorthandTerm(.any(sides), text: text(from: start), at: start)]
    }

    private static func one(_ terms: [ShorthandTerm]) -> FieldExpression {
        terms.count == 1 ? terms[0].condition : .all(terms.map(\.condition))
    }

    private mutating func all() throws(QuerySyntaxError) -> [ShorthandTerm] {
        var terms = try unary()
        while true {
            let hasKeyword = takeKeyword("AND", "&&")
            guard hasKeyword || beginsTerm else { return terms }
            terms += try unary()
        }
    }

    private var beginsTerm: Bool {
        guard place < scalars.count, scalars[place] != ")" else { return false }
        return !isAtKeyword("OR", "||")
    }

    private mutating func unary() throws(QuerySyntaxError) -> [ShorthandTerm] {
        skipSpaces()
        let start = place
        guard place < scalars.count else { throw QuerySyntaxError("expected a term like name=value", at: place) }
        if takeKeyword("NOT", nil) || takeBang() {
            depth += 1
            defer { depth -= 1 }
            guard depth <= QueryLimits.depth else {
                throw QuerySyntaxError("the query nests deeper than \(QueryLimits.depth) levels", at: place)
            }
            let inner = Self.one(try unary())
            return [ShorthandTerm(.not(inner), text: text(from: start), at: start)]
        }
        guard scalars[place] == "(" else { return [try term()] }
        place += 1
        let inner = try either()
        guard place < scalars.count, scalars[place] == ")" else {
            throw QuerySyntaxError("expected ) for what was opened at character \(start + 1)", at: place)
        }
        place += 1
        skipSpaces()
        return inner
    }

    // MARK: Characters

    private mutating func skipSpaces() {
        while place < scalars.count, scalars[place].properties.isWhitespace { place += 1 }
    }

    private func text(from start: Int) -> String {
        var end = place
        while end > start, scalars[end - 1].properties.isWhitespace { end -= 1 }
        return String(String.UnicodeScalarView(scalars[start..<end]))
    }

    /// A keyword in either case stands by itself, between spaces and parentheses.
    private func isAtKeyword(_ word: String, _ symbol: String?) -> Bool {
        let rest = scalars[place...]
        if let symbol, rest.starts(with: Array(symbol.unicodeScalars)) { return true }
        let length = word.unicodeScalars.count
        guard String(String.UnicodeScalarView(rest.prefix(length))).uppercased() == word else { return false }
        let after = rest.dropFirst(length).first
        return after.map { $0.properties.isWhitespace || $0 == "(" || $0 == ")" } ?? true
    }

    private mutating func takeKeyword(_ word: String, _ symbol: String?) -> Bool {
        skipSpaces()
        guard isAtKeyword(word, symbol) else { return false }
        let isSymbol = symbol.map { scalars[place...].starts(with: Array($0.unicodeScalars)) } ?? false
        place += isSymbol ? 2 : word.unicodeScalars.count
        skipSpaces()
        return true
    }

    private mutating func takeBang() -> Bool {
        guard scalars[place] == "!" else { return false }
        place += 1
        return true
    }

    // MARK: Terms

    private mutating func term() throws(QuerySyntaxError) -> ShorthandTerm {
        let start = place
        if scalars[place...].starts(with: Array("has:\"".unicodeScalars)) { return try existence(start) }
        let isQuoted = scalars[place] == "\""
        let name = isQuoted ? try quoted() : word { "=<>!~()".unicodeScalars.contains($0) }
        let end = place
        skipSpaces()
        let isSpaced = place > end
        let (symbol, symbolPlace) = (takeOperator(), end)
        guard let symbol else {
            // A term without an operator ends where its name does.
            place = end
            try checkEnd(start)
            skipSpaces()
            return try ShorthandTerm.word(name, isQuoted: isQuoted, at: start)
        }
        if isSpaced { skipSpaces() }
        guard !name.isEmpty else { throw QuerySyntaxError("expected a name before \(symbol)", at: start) }
        let valuePlace = place
        let value = try value()
        let text = text(from: start)
        try checkEnd(start)
        skipSpaces()
        return try ShorthandTerm.comparison(
            .init(
                name: name, isQuoted: isQuoted, symbol: symbol, value: value, text: text, offset: start,
                symbolOffset: symbolPlace, valueOffset: valuePlace))
    }

    /// `has:"key"`
    private mutating func existence(_ start: Int) throws(QuerySyntaxError) -> ShorthandTerm {
        place += 4
        let key = try quoted()
        let term = ShorthandTerm(.anywhere(key: key, .exists), text: text(from: start), at: start)
        try checkEnd(start)
        skipSpaces()
        return term
    }

    private func checkEnd(_ start: Int) throws(QuerySyntaxError) {
        guard place < scalars.count, !scalars[place].properties.isWhitespace, scalars[place] != ")" else { return }
        guard place > start else { throw QuerySyntaxError("expected a term like name=value", at: start) }
        throw QuerySyntaxError("expected a space, or the end, behind \(text(from: start))", at: place)
    }

    private static let operators = ["!=", "!~", ">=", "<=", "=~", "=", "~", ">", "<"]

    private mutating func takeOperator() -> String? {
        for symbol in Self.operators where scalars[place...].starts(with: Array(symbol.unicodeScalars)) {
            place += symbol.unicodeScalars.count
            return symbol
        }
        return nil
    }

    private mutating func value() throws(QuerySyntaxError) -> String {
        guard place < scalars.count, scalars[place] == "\"" else {
            var open = 0
            // A parenthesis that the value has not opened belongs to the query.
            return word { scalar in
                if scalar == "(" { open += 1 }
                if scalar == ")" { open -= 1 }
                return open < 0
            }
        }
        return try quoted()
    }

    /// What comes before a space or an end.
    private mutating func word(endsAt isEnd: (Unicode.Scalar) -> Bool) -> String {
        let word = scalars[place...].prefix { !$0.properties.isWhitespace && !isEnd($0) }
        place += word.count
        return String(String.UnicodeScalarView(word))
    }

    /// The text between quotes. Only `\"` and `\\` are escapes, so that regular expressions need no more.
    private mutating func quoted() throws(QuerySyntaxError) -> String {
        let start = place
        place += 1
        var text = String.UnicodeScalarView()
        while place < scalars.count {
            let next = scalars[place]
            place += 1
            if next == "\"" { return String(text) }
            if next == "\\", place < scalars.count, scalars[place] == "\"" || scalars[place] == "\\" {
                text.append(scalars[place])
                place += 1
            } else {
                text.append(next)
            }
        }
        throw QuerySyntaxError("the closing quote of what begins here is missing", at: start)
    }
}
