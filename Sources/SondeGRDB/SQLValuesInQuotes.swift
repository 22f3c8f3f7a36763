// SPDX-License-Identifier: Apache-2.0
// Where SQLite takes a name for a value: the file and the key of ATTACH, what PRAGMA is set to. Keys of encrypted databases
// stand there. https://www.sqlite.org/lang_attach.html, https://www.sqlite.org/pragma.html#syntax

enum SQLValuesInQuotes {
    /// `tokens` with placeholders for such values.
    static func hidden(_ tokens: [SQLToken]) -> [SQLToken] {
        let isPrefix = { (token: SQLToken) in ["EXPLAIN", "QUERY", "PLAN"].contains { token.is($0) } }
        guard let first = tokens.firstIndex(where: { !isPrefix($0) }) else { return tokens }
        if tokens[first].is("ATTACH") { return attachment(tokens) }
        return tokens[first].is("PRAGMA") ? setting(tokens, from: first + 1) : tokens
    }

    /// `ATTACH "file" AS name KEY "secret"`: a key may even lack quotes.
    private static func attachment(_ tokens: [SQLToken]) -> [SQLToken] {
        var tokens = tokens
        var isBehindKey = false
        for index in tokens.indices.dropFirst() {
            let isName = tokens[index - 1].is("AS")
            if isBehindKey || (tokens[index].kind == .quoted && !isName) { tokens[index].hide() }
            if tokens[index].is("KEY"), !isName { isBehindKey = true }
        }
        return tokens
    }

    /// `PRAGMA main.key = "secret"`, `PRAGMA rekey(secret)`; of pragmas that are about no key only what is set in quotes,
    /// since the name of a table may stand in parentheses.
    private static func setting(_ tokens: [SQLToken], from start: Int) -> [SQLToken] {
        guard let sign = tokens[start...].firstIndex(where: { $0.isMark("=") || $0.isMark("(") }), sign > start else {
            return tokens
        }
        var tokens = tokens
        let isKey = tokens[sign - 1].name?.lowercased().hasSuffix("key") == true
        for index in (sign + 1)..<max(sign + 1, tokens.count)
        where isKey || (tokens[sign].isMark("=") && tokens[index].kind == .quoted) {
            tokens[index].hide()
        }
        return tokens
    }
}

extension SQLToken {
    fileprivate mutating func hide() {
        guard kind == .quoted || kind == .word else { return }
        kind = .placeholder
        text = "?"
    }
}
