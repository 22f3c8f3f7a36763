// SPDX-License-Identifier: Apache-2.0
// What telemetry says of a statement: its text without values, and its summary, as the conventions for databases want
// them. https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query

/// A statement without its values.
struct StatementDescription: Equatable, Sendable {
    /// `db.query.text`: literals are `?`, lists of them one, comments are gone, white space is one space.
    let text: String
    /// `db.operation.name`: the keyword of what the statement does as a whole.
    let operation: String?
    /// `db.collection.name`: the table, if there is one and only one.
    let collection: String?
    /// `db.query.summary`: operations and tables in their order, `INSERT a SELECT b`.
    let summary: String

    init(_ sql: String) {
        let tokens = SQLTokenizer.tokens(sql)
        text = StatementText(tokens).text
        var reader = StatementReader(tokens)
        reader.read()
        operation = reader.operation
        collection = reader.targets.count == 1 ? reader.targets.first : nil
        summary = reader.summary
    }

    /// Whether the statement opens or closes a transaction, sets up the connection or reads the schema, which is GRDB's
    /// doing.
    var isHousekeeping: Bool {
        collection?.hasPrefix("sqlite_") == true
            || ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA"].contains(operation)
    }
}

/// Puts tokens together again, lists of placeholders being one.
private struct StatementText {
    private(set) var text = ""

    init(_ tokens: [SQLToken]) {
        var index = 0
        while index < tokens.count, text.utf8.count < Limits.textBytes {
            add(tokens[index])
            if let end = Self.list(tokens, at: index) {
                if index > 0, tokens[index - 1].is("IN") {
                    text += "?)"
                } else {
                    for token in tokens[(index + 1)...end] { add(token) }
                }
                index = Self.endOfRepeats(tokens, from: index, end: end)
            }
            index += 1
        }
        while text.hasSuffix(";") || text.hasSuffix(" ") { text.removeLast() }
        cut(isWhole: index >= tokens.count)
    }

    private mutating func add(_ token: SQLToken) {
        if token.isSpaced, !text.isEmpty { text += " " }
        text += token.text
    }

    /// Ends what is too long with an ellipsis, between two characters.
    private mutating func cut(isWhole: Bool) {
        guard text.utf8.count > Limits.textBytes || !isWhole else { return }
        var end = text.utf8.index(text.startIndex, offsetBy: min(text.utf8.count, Limits.textBytes - 3))
        while end > text.startIndex, !text.isCharacterBoundary(end) { text.utf8.formIndex(before: &end) }
        text = text[..<end] + "…"
    }

    /// The place of `)` if at `index` begins `(?, ?, …)`.
    private static func list(_ tokens: [SQLToken], at index: Int) -> Int? {
        guard tokens[index].isMark("(") else { return nil }
        var place = index + 1
        while place + 1 < tokens.count, tokens[place].kind == .placeholder {
            if tokens[place + 1].isMark(")") { return place + 1 }
            guard tokens[place + 1].isMark(",") else { return nil }
            place += 2
        }
        return nil
    }

    /// Behind `(?, ?)` that ends at `end`: the end of the last of the rows like it, `, (?, ?), (?, ?)`.
    private static func endOfRepeats(_ tokens: [SQLToken], from start: Int, end: Int) -> Int {
        var last = end
        while last + 2 < tokens.count, tokens[last + 1].isMark(","), let next = list(tokens, at: last + 2),
            next - (last + 2) == end - start
        {
            last = next
        }
        return last
    }
}

extension String {
    fileprivate func isCharacterBoundary(_ index: Index) -> Bool { index.samePosition(in: unicodeScalars) != nil }
}
