// SPDX-License-Identifier: Apache-2.0
// Finds in a statement what it does and to which tables. It is no parser: it knows the words behind which SQLite's
// grammar puts a table, and leaves out what it does not understand.

struct StatementReader {
    private let tokens: [SQLToken]
    private var depth = 0
    /// Names that a WITH gives to its queries: no tables.
    private var local: Set<Substring> = []
    private var parts: [Part] = []
    /// The operation of the statement as a whole.
    private(set) var operation: String?

    /// An operation and its tables.
    private struct Part {
        var operation: String
        var targets: [String] = []
    }

    init(_ tokens: [SQLToken]) { self.tokens = tokens }

    /// The tables, each once.
    var targets: [String] {
        var seen: [String] = []
        for target in parts.flatMap(\.targets) where !seen.contains(target) { seen.append(target) }
        return seen
    }

    var summary: String {
        let hasTargets = parts.contains { !$0.targets.isEmpty }
        var summary = ""
        for part in parts where !hasTargets || !part.targets.isEmpty {
            for word in [part.operation] + part.targets {
                guard summary.utf8.count + word.utf8.count < Limits.summaryBytes else { return summary }
                summary += summary.isEmpty ? word : " " + word
            }
        }
        return summary
    }

    mutating func read() {
        var index = 0
        while index < tokens.count {
            let token = tokens[index]
            if token.isMark("(") { depth += 1 }
            if token.isMark(")") { depth -= 1 }
            if token.is("WITH"), operation == nil || depth > 0 { readLocalNames(after: index) }
            if let keyword = keyword(at: index) {
                begin(keyword)
                if Self.definitions.contains(keyword) { return readDefinition(after: index) }
            }
            readTargets(at: index)
            index += 1
        }
    }

    // MARK: Operations

    private static let queries: Set<String> = ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE"]
    private static let definitions: Set<String> = ["CREATE", "DROP", "ALTER", "REINDEX", "ANALYZE"]
    private static let others: Set<String> = [
        "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "VACUUM", "ATTACH", "DETACH", "EXPLAIN",
        "VALUES",
    ]

    /// The operation that begins here: one of the first word, or a query inside.
    private func keyword(at index: Int) -> String? {
        guard tokens[index].kind == .word else { return nil }
        let word = tokens[index].text.uppercased()
        if index == 0, Self.others.contains(word) || Self.definitions.contains(word) { return word }
        guard Self.queries.contains(word) else { return nil }
        if index > 0 {
            // ON CONFLICT DO UPDATE, ON DELETE CASCADE, INSERT OR REPLACE, replace(a, b, c)
            let before = tokens[index - 1]
            guard !["DO", "ON", "FOR", "OR"].contains(where: { before.is($0) }) else { return nil }
        }
        if word == "REPLACE", index + 1 < tokens.count, tokens[index + 1].isMark("(") { return nil }
        return word
    }

    private mutating func begin(_ keyword: String) {
        if operation == nil || operation == "EXPLAIN", depth == 0 { operation = keyword }
        parts.append(Part(operation: keyword))
    }

    // MARK: Tables

    private mutating func readTargets(at index: Int) {
        let token = tokens[index]
        if token.is("FROM") {
            // a IS NOT DISTINCT FROM b
            guard index == 0 || !tokens[index - 1].is("DISTINCT") else { return }
            readList(from: index + 1)
        } else if token.is("JOIN") {
            readTable(at: index + 1, mayBeFunction: true)
        } else if token.is("INTO") {
            readTable(at: index + 1, mayBeFunction: false)
        } else if token.is("UPDATE"), keyword(at: index) != nil {
            // UPDATE OR IGNORE item
            let isConditional = index + 1 < tokens.count && tokens[index + 1].is("OR")
            readTable(at: index + (isConditional ? 3 : 1), mayBeFunction: false)
        }
    }

    /// `a, b AS x, c`: the tables of a FROM, up to what is no comma and no other name.
    private mutating func readList(from start: Int) {
        var index = start
        while true {
            index = readTable(at: index, mayBeFunction: true)
            while index < tokens.count, tokens[index].is("AS") || isAlias(tokens[index]) { index += 1 }
            guard index < tokens.count, tokens[index].isMark(",") else { return }
            index += 1
        }
    }

    private static let afterTable: Set<String> = [
        "WHERE", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "OUTER", "ON", "USING", "GROUP", "ORDER",
        "HAVING", "LIMIT", "WINDOW", "UNION", "EXCEPT", "INTERSECT", "SET", "RETURNING", "INDEXED", "NOT",
    ]

    private func isAlias(_ token: SQLToken) -> Bool {
        token.kind == .quoted || (token.kind == .word && !Self.afterTable.contains(token.text.uppercased()))
    }

    /// Notes the table named here, `schema.table` in one, and returns the place behind it.
    @discardableResult
    private mutating func readTable(at start: Int, mayBeFunction: Bool) -> Int {
        guard start < tokens.count, var name = tokens[start].name.map(String.init), !tokens[start].is("SELECT") else {
            return start
        }
        var index = start + 1
        if index + 1 < tokens.count, tokens[index].isMark("."), let inner = tokens[index + 1].name {
            name += "." + inner
            index += 2
        }
        let isCall = mayBeFunction && index < tokens.count && tokens[index].isMark("(")
        guard !isCall, !local.contains(name[...]) else { return index }
        guard !parts.isEmpty, !parts[parts.count - 1].targets.contains(name) else { return index }
        parts[parts.count - 1].targets.append(name)
        return index
    }

    /// `WITH a (x, y) AS (…), b AS (…)`: the names, wherever their queries end.
    private mutating func readLocalNames(after start: Int) {
        var index = start + 1
        if index < tokens.count, tokens[index].is("RECURSIVE") { index += 1 }
        while index < tokens.count, let name = tokens[index].name {
            local.insert(name)
            index = behindParentheses(index + 1)
            while index < tokens.count, ["AS", "NOT", "MATERIALIZED"].contains(where: { tokens[index].is($0) }) {
                index += 1
            }
            index = behindParentheses(index)
            guard index < tokens.count, tokens[index].isMark(",") else { return }
            index += 1
        }
    }

    private func behindParentheses(_ start: Int) -> Int {
        guard start < tokens.count, tokens[start].isMark("(") else { return start }
        var open = 0
        for index in start..<tokens.count {
            if tokens[index].isMark("(") { open += 1 }
            if tokens[index].isMark(")") { open -= 1 }
            if open == 0 { return index + 1 }
        }
        return tokens.count
    }

    /// `CREATE UNIQUE INDEX IF NOT EXISTS name`: the kind of thing belongs to the operation, its name is the target.
    private mutating func readDefinition(after start: Int) {
        let kinds = ["TABLE", "INDEX", "VIEW", "TRIGGER"]
        let last = parts.count - 1
        for index in (start + 1)..<max(start + 1, min(tokens.count, start + 4)) {
            guard let kind = kinds.first(where: { tokens[index].is($0) }) else { continue }
            parts[last].operation += " " + kind
            var place = index + 1
            while place < tokens.count, ["IF", "NOT", "EXISTS"].contains(where: { tokens[place].is($0) }) { place += 1 }
            readTable(at: place, mayBeFunction: false)
            return
        }
    }
}
