// SPDX-License-Identifier: Apache-2.0
// The short way to ask for traces: terms separated by spaces, all of which must hold on one span.
//
//   service=orders duration>200ms http.request.method=GET error
//
//   term  = error | name op value        op = = | > | >= | < | <=
//   names = service · operation (or name) · kind · status · duration · traceDuration; any other is an attribute's key
//   names and values with spaces or operators in them stand in double quotes, with \" and \\ inside

import SondeModel

/// Reads the shorthand into a query. Pure: durations are read by whoever knows their notation.
package struct QueryShorthand: Sendable {
    private let readDuration: @Sendable (String) -> UInt64?

    package init(readDuration: @escaping @Sendable (String) -> UInt64?) {
        self.readDuration = readDuration
    }

    /// Adds what `text` asks for to the conditions of `query`.
    ///
    /// - Throws: ``ReadError/invalid(_:)`` for what can't be read or never hold, ``ReadError/unsupported(_:)`` for what
    ///   a query can't express: TraceQL, other operators on attributes.
    package func add(_ text: String, to query: inout TraceQuery) throws(ReadError) {
        guard text.first(where: { !$0.isWhitespace }) != "{" else {
            throw .unsupported("cannot ask in TraceQL yet; use terms like service=orders duration>200ms error")
        }
        for term in try terms(of: text) { try add(term, to: &query) }
    }

    // MARK: Terms

    private struct Term {
        var name: String
        var operation: String
        var value: String
        /// The term as it was written, for messages.
        var text: String
    }

    private func terms(of text: String) throws(ReadError) -> [Term] {
        var terms: [Term] = []
        var rest = text[...]
        while true {
            rest = rest.drop(while: \.isWhitespace)
            guard !rest.isEmpty else { return terms }
            terms.append(try term(&rest))
        }
    }

    private func term(_ rest: inout Substring) throws(ReadError) -> Term {
        let whole = rest
        let name = try word(&rest, until: "=<>!")
        let operation = rest.prefix { "=<>!~".contains($0) }
        rest = rest.dropFirst(operation.count)
        let value = operation.isEmpty ? "" : try word(&rest, until: "")
        let text = whole[..<rest.startIndex]
        guard !name.isEmpty, rest.first.map(\.isWhitespace) ?? true else {
            throw .invalid("cannot read \(text)\(rest.prefix { !$0.isWhitespace }): expected a term like name=value")
        }
        return Term(name: name, operation: String(operation), value: value, text: String(text))
    }

    /// A quoted word, or what comes before a space or one of `ends`.
    private func word(_ rest: inout Substring, until ends: String) throws(ReadError) -> String {
        guard rest.first == "\"" else {
            let word = rest.prefix { !$0.isWhitespace && !ends.contains($0) }
            rest = rest.dropFirst(word.count)
            return String(word)
        }
        let quoted = rest
        rest = rest.dropFirst()
        var word = ""
        while let next = rest.popFirst() {
            switch next {
            case "\"": return word
            case "\\": if let escaped = rest.popFirst() { word.append(escaped) }
            default: word.append(next)
            }
        }
        throw .invalid("cannot read \(quoted): its closing quote is missing")
    }

    // MARK: Conditions

    private func add(_ term: Term, to query: inout TraceQuery) throws(ReadError) {
        switch (term.name, term.operation) {
        case ("error", ""): try setOnce(&query.status, .error, term)
        case (_, ""):
            throw .invalid("cannot read \(term.text): expected a term like name=value, or the word error")
        case ("duration", _): try bound(&query.minDuration, &query.maxDuration, term)
        case ("traceDuration", _): try bound(&query.minTraceDuration, &query.maxTraceDuration, term)
        case (_, "="): try addEquality(term, to: &query)
        default:
            throw .unsupported("cannot ask for \(term.text): only = is known there, < and > only for duration")
        }
    }

    private func addEquality(_ term: Term, to query: inout TraceQuery) throws(ReadError) {
        switch term.name {
        case "service": try setOnce(&query.service, term.value, term)
        case "operation", "name": try setOnce(&query.operation, term.value, term)
        case "kind": try setOnce(&query.kind, read(term, SpanKind.allCases.map(\.name)) { SpanKind(name: $0) }, term)
        case "status":
            try setOnce(&query.status, read(term, StatusCode.allCases.map(\.name)) { StatusCode(name: $0) }, term)
        default: query.attributes.append(AttributeCondition(key: term.name, value: term.value))
        }
    }

    private func read<Value>(
        _ term: Term, _ words: [String], _ parse: (String) -> Value?
    ) throws(ReadError) -> Value {
        guard let value = parse(term.value) else {
            throw .invalid("cannot read \(term.text): expected one of \(words.joined(separator: ", "))")
        }
        return value
    }

    private func setOnce<Value: Equatable>(_ place: inout Value?, _ value: Value, _ term: Term) throws(ReadError) {
        guard place == nil || place == value else {
            throw .invalid("nothing can match: \(term.text) contradicts an earlier condition")
        }
        place = value
    }

    private func bound(_ low: inout UInt64?, _ high: inout UInt64?, _ term: Term) throws(ReadError) {
        guard let value = readDuration(term.value) else {
            throw .invalid("cannot read \(term.text): expected a duration like 1.2s, 100ms or 4500ns")
        }
        switch term.operation {
        case ">=": low = max(low ?? 0, value)
        case "<=": high = min(high ?? .max, value)
        case "=":
            low = max(low ?? 0, value)
            high = min(high ?? .max, value)
        case ">" where value < .max: low = max(low ?? 0, value + 1)
        case "<" where value > 0: high = min(high ?? .max, value - 1)
        case ">", "<": throw .invalid("nothing can match: \(term.text)")
        default: throw .unsupported("cannot ask for \(term.text): use =, <, <=, > or >=")
        }
    }
}
