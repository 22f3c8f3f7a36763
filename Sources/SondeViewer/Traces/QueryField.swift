// SPDX-License-Identifier: Apache-2.0
// `/`: the query line, with candidates from the source for the word under the caret: names of attributes, and behind an
// operator the values that such an attribute has.

import SondeModel
import SondeStorage
import SondeTerminal

struct QueryField: Sendable {
    enum Outcome: Sendable {
        case open
        case closed
        /// What stands there shall be searched for.
        case entered(TraceQuery, String)
    }

    private(set) var field: TextField
    private(set) var candidates: [String] = []
    private(set) var chosen = 0
    /// What is wrong with what was entered.
    private(set) var complaint: StyledText?
    /// What the candidates shall replace, and how.
    private(set) var word: QueryWord

    init(_ text: String, history: [String]) {
        field = TextField(text.isEmpty ? "" : text + " ", history: history)
        word = QueryWord(field.textBeforeCursor)
    }

    // MARK: Keys

    mutating func receive(_ input: Input) -> Outcome {
        if case .key(let press) = input, let outcome = receive(press) { return outcome }
        let before = field.text
        _ = field.receive(input)
        if field.text != before { complaint = nil }
        word = QueryWord(field.textBeforeCursor)
        candidates = []
        chosen = 0
        return .open
    }

    /// Nil for keys that are the field's own.
    private mutating func receive(_ press: KeyPress) -> Outcome? {
        switch press.key {
        case .escape: return .closed
        case .enter: return enter()
        case .tab:
            complete()
            return .open
        case .down where !candidates.isEmpty:
            chosen = (chosen + 1) % candidates.count
            return .open
        case .up where !candidates.isEmpty:
            chosen = (chosen + candidates.count - 1) % candidates.count
            return .open
        default: return nil
        }
    }

    private mutating func enter() -> Outcome {
        var query = TraceQuery()
        let text = field.text.trimmed
        do throws(QuerySyntaxError) { try query.add(text) } catch {
            complaint = StyledText(error.sentence, .bad)
            field.move(to: min(error.offset, text.count))
            candidates = []
            return .open
        }
        return .entered(query, text)
    }

    private mutating func complete() {
        guard candidates.indices.contains(chosen) else { return }
        field.replace(last: word.typed.count, with: candidates[chosen] + (word.isValue ? " " : ""))
        word = QueryWord(field.textBeforeCursor)
        candidates = []
        chosen = 0
    }

    // MARK: Candidates

    /// What to ask for the word under the caret, in the range of time that is looked at.
    func requests(_ range: TimeRange, now: Timestamp) -> [Request] {
        var query = AttributeQuery()
        (query.start, query.end) = range.bounds(now: now)
        query.limit = Limits.queryCandidates
        query.prefix = word.prefix
        query.scope = word.scope
        if word.isValue { return word.key.isEmpty ? [] : [.attributeValues(of: word.key, query)] }
        return [.attributeKeys(query)]
    }

    /// Takes an answer to one of ``requests(_:now:)``; those to an earlier word are of no use any more.
    mutating func receive(_ answer: Answer, for request: Request) {
        switch (answer, request) {
        case (.attributeKeys(let list), .attributeKeys(let query)) where !word.isValue && query.prefix == word.prefix:
            let names = word.names + list.elements.filter { $0.scope != .intrinsic }.map { word.text(ofKey: $0.key) }
            offer(names)
        case (.attributeValues(let list), .attributeValues(let key, let query))
        where word.isValue && key == word.key && query.prefix == word.prefix:
            offer(list.elements.map { word.text(ofValue: $0) })
        default: break
        }
    }

    private mutating func offer(_ names: [String]) {
        var seen: Set<String> = []
        candidates = Array(names.filter { seen.insert($0).inserted && $0 != word.typed }.prefix(Limits.queryCandidates))
        chosen = min(chosen, max(0, candidates.count - 1))
    }
}

/// The word before the caret: the beginning of a name, or a value behind a name and an operator.
struct QueryWord: Hashable, Sendable {
    let isTraceQL: Bool
    /// What a candidate replaces.
    let typed: String
    let isValue: Bool
    /// The attribute whose value is typed.
    let key: String
    /// What candidates begin with, as the source knows them.
    let prefix: String
    /// What stands in front of the key and belongs to it: `.`, `span.`.
    private let lead: String

    init(_ text: String) {
        isTraceQL = TraceExpression.isTraceQL(text)
        let (name, symbol, value) = Self.parts(text, isTraceQL)
        isValue = symbol
        typed = symbol ? value : name
        let (lead, key) = isTraceQL ? Self.split(name) : ("", name)
        self.lead = lead
        self.key = Self.intrinsic(key, isTraceQL, lead)
        prefix = symbol ? Self.unquoted(value) : key
    }

    /// The scope that the lead names.
    var scope: ListedScope? {
        switch lead {
        case "span.": .span
        case "resource.": .resource
        case "event.": .event
        case "link.": .link
        default: nil
        }
    }

    /// Names that the language itself has.
    var names: [String] {
        let all =
            isTraceQL
            ? ["status", "name", "kind", "duration", "traceDuration", "resource.", "span.", "event."]
            : ["service=", "name=", "error", "kind=", "status=", "duration>", "traceDuration>", "root", "has:"]
        return typed.isEmpty && isTraceQL ? [] : all.filter { $0.hasPrefix(typed) }
    }

    func text(ofKey key: String) -> String {
        isTraceQL ? (lead.isEmpty ? "." : lead) + key : TraceQuery.quoted(key) + "="
    }

    func text(ofValue value: AttributeValueSummary) -> String {
        guard isTraceQL else {
            return TraceQuery.quoted(value.text, stars: key == "name" || key == "service")
        }
        let isBare = [.int, .double, .bool, .keyword].contains(value.type)
        return isBare ? value.text : "\"" + value.text.map { "\"\\".contains($0) ? "\\\($0)" : "\($0)" }.joined() + "\""
    }

    // MARK: Reading

    /// The name, whether an operator follows it, and what stands behind that.
    private static func parts(_ text: String, _ isTraceQL: Bool) -> (name: String, symbol: Bool, value: String) {
        let characters = Array(text)
        let start = wordStart(characters, isTraceQL)
        let word = characters[start...]
        guard let symbol = word.firstIndex(where: { "=!<>~".contains($0) }) else {
            return (String(word), false, "")
        }
        let value = word[symbol...].drop { "=!<>~ ".contains($0) }
        return (String(word[..<symbol]).trimmed, true, String(value))
    }

    /// Where the term begins in which the caret stands: behind the last blank, or what else ends a term, that is not
    /// in quotes. TraceQL has blanks around its operators.
    private static func wordStart(_ characters: [Character], _ isTraceQL: Bool) -> Int {
        var start = 0
        var isQuoted = false
        for (place, character) in characters.enumerated() {
            if character == "\"" { isQuoted.toggle() }
            guard !isQuoted else { continue }
            let ends = isTraceQL ? "{}()&|".contains(character) : character.isWhitespace || "()".contains(character)
            if ends { start = place + 1 }
        }
        while start < characters.count, characters[start].isWhitespace { start += 1 }
        return start
    }

    private static func split(_ name: String) -> (lead: String, key: String) {
        for lead in ["span.", "resource.", "event.", "link.", "."] where name.hasPrefix(lead) {
            return (lead, String(name.dropFirst(lead.count)))
        }
        return ("", name)
    }

    /// Names of the language by which values are listed.
    private static func intrinsic(_ key: String, _ isTraceQL: Bool, _ lead: String) -> String {
        if isTraceQL { return key }
        return key == "operation" ? "name" : key
    }

    private static func unquoted(_ value: String) -> String {
        value.hasPrefix("\"") ? String(value.dropFirst().prefix { $0 != "\"" }) : value
    }
}
