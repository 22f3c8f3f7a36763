// SPDX-License-Identifier: Apache-2.0
// Finding spans inside a trace: a word anywhere on a span, or a condition in the query language. Runs off the loop, in
// pieces, so that typing on stops it.

import SondeModel
import SondeStorage

struct SpanSearch: Hashable, Sendable {
    let text: String
    private let meaning: Meaning

    private enum Meaning: Hashable {
        /// Lower-case bytes, looked for in every text of a span.
        case word([UInt8])
        case query(TraceQuery)
        case unreadable(String)
    }

    /// What has an operator or braces is a condition (`duration>100ms`, `http.route=/pay`, `{ status = error }`); the
    /// rest is looked for as it stands. A text that reads as a condition only half is told to be a mistake.
    init(_ text: String) {
        self.text = text
        let isCondition =
            TraceExpression.isTraceQL(text) || text.contains { "=<>~".contains($0) } || text == "error"
            || text.hasPrefix("has:")
        guard isCondition else {
            meaning = .word(Array(text.utf8.map(Self.lowercased)))
            return
        }
        var query = TraceQuery()
        do throws(QuerySyntaxError) {
            try query.add(text)
            meaning = .query(query)
        } catch {
            // `a => b` is no query, and may well be the name of a span.
            meaning = text.first == "{" ? .unreadable(error.message) : .word(Array(text.utf8.map(Self.lowercased)))
        }
    }

    /// Why nothing can be found.
    var complaint: String? {
        if case .unreadable(let message) = meaning { message } else { nil }
    }

    /// Spans that fit, ascending; nil if the task was cancelled.
    func matches(in trace: Trace, among spans: Range<Int>? = nil) -> [Int]? {
        let spans = spans ?? trace.spans.indices
        switch meaning {
        case .unreadable: return []
        case .query(let query) where query.expression != nil:
            let found = query.expression.map { $0.spanSets(in: trace) } ?? []
            return Set(found.lazy.flatMap(\.spans)).sorted().filter { query.matches(trace.spans[$0]) }
        case .query(let query): return filter(spans) { query.matches(trace.spans[$0]) }
        case .word(let word): return wordMatches(word, in: trace, spans)
        }
    }

    /// Texts repeat from span to span (names, resources, scopes): what is known of one is not looked at again.
    private func wordMatches(_ word: [UInt8], in trace: Trace, _ spans: Range<Int>) -> [Int]? {
        guard !word.isEmpty else { return [] }
        var known: [String: Bool] = [:]
        var recent: (resource: Resource, matches: Bool)?
        var scope: (scope: InstrumentationScope, matches: Bool)?
        return filter(spans) { index in
            let name = trace.spans[index].name
            if let matches = known[name] {
                if matches { return true }
            } else {
                let matches = Self.contains(name, word)
                if known.count < Limits.rememberedNames { known[name] = matches }
                if matches { return true }
            }
            if recent?.resource != trace.spans[index].resource {
                let resource = trace.spans[index].resource
                recent = (resource, Self.contains(resource.attributes, word))
            }
            if recent?.matches == true { return true }
            if scope?.scope != trace.spans[index].scope {
                let new = trace.spans[index].scope
                scope = (new, Self.contains(new.name, word) || Self.contains(new.attributes, word))
            }
            return scope?.matches == true || Self.contains(trace.spans[index], word)
        }
    }

    private func filter(_ spans: Range<Int>, _ isMatch: (Int) -> Bool) -> [Int]? {
        var found: [Int] = []
        for index in spans {
            if index % Limits.spansBetweenChecks == 0, Task.isCancelled { return nil }
            if isMatch(index) { found.append(index) }
        }
        return found
    }

    /// What is the span's own: name, resource and scope are looked at by the caller.
    private static func contains(_ span: SpanRecord, _ word: [UInt8]) -> Bool {
        contains(span.attributes, word) || contains(span.status.message, word)
            || span.events.contains { contains($0.name, word) || contains($0.attributes, word) }
            || contains(span.spanID.hex, word) || contains(span.kind.name, word)
    }

    private static func contains(_ attributes: [Attribute], _ word: [UInt8]) -> Bool {
        attributes.contains { attribute in
            if contains(attribute.key, word) { return true }
            if case .string(let text) = attribute.value { return contains(text, word) }
            return contains(attribute.value.text, word)
        }
    }

    /// Ignores the case of ASCII letters.
    static func contains(_ text: String, _ word: [UInt8]) -> Bool {
        guard let first = word.first else { return true }
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count >= word.count else { return false }
            var start = 0
            let last = bytes.count - word.count
            search: while start <= last {
                defer { start += 1 }
                guard lowercased(bytes[start]) == first else { continue }
                for place in 1..<max(1, word.count) where lowercased(bytes[start + place]) != word[place] {
                    continue search
                }
                return true
            }
            return false
        }
    }

    static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
