// SPDX-License-Identifier: Apache-2.0
// A question for logs as a person types it: `level=warn service=orders connection refused`. What is none of the four
// names is part of the text that the message has to have in it.

import SondeModel
package import SondeStorage

/// Why a line is no question for logs.
package struct LogWordsError: Error, Hashable {
    package let sentence: String
}

package enum LogWords {
    static let names = ["level=", "service=", "trace=", "span=", "text="]

    package static func query(_ line: String) throws(LogWordsError) -> LogQuery {
        var query = LogQuery()
        var text: [String] = []
        for word in words(line) {
            guard let sign = word.firstIndex(of: "="), names.contains(String(word[...sign])) else {
                text.append(unquoted(word))
                continue
            }
            let value = unquoted(String(word[word.index(after: sign)...]))
            switch word[..<sign] {
            case "level": query.minLevel = try level(value)
            case "service": query.service = value.isEmpty ? nil : value
            case "trace": query.traceID = try trace(value)
            case "span": query.spanID = try span(value)
            default: text.append(value)
            }
        }
        query.text = text.isEmpty ? nil : text.joined(separator: " ")
        return query
    }

    /// The line that asks the same; times are not part of it.
    static func line(of query: LogQuery) -> String {
        var words: [String] = []
        if let level = query.minLevel { words.append("level=" + level.name) }
        if let service = query.service { words.append("service=" + quoted(service)) }
        if let trace = query.traceID { words.append("trace=" + trace.hex) }
        if let span = query.spanID { words.append("span=" + span.hex) }
        if let text = query.text {
            // Blanks at its ends, quotes and names would be read as something else.
            let isPlain = (try? self.query(text).text) == text && self.words(text).joined(separator: " ") == text
            words.append(isPlain && !names.contains { text.contains($0) } ? text : "text=" + quoted(text))
        }
        return words.joined(separator: " ")
    }

    // MARK: Values

    private static func level(_ value: String) throws(LogWordsError) -> LogLevel {
        if let level = LogLevel(name: value) { return level }
        let names = LogLevel.allCases.map(\.name).joined(separator: ", ")
        throw LogWordsError(sentence: "cannot read level=\(value): expected one of \(names)")
    }

    private static func trace(_ value: String) throws(LogWordsError) -> TraceID {
        if let id = TraceID(hex: value), id.isValid { return id }
        throw LogWordsError(sentence: "cannot read trace=\(value): expected the 32 hex digits of a trace's id")
    }

    private static func span(_ value: String) throws(LogWordsError) -> SpanID {
        if let id = SpanID(hex: value), id.isValid { return id }
        throw LogWordsError(sentence: "cannot read span=\(value): expected the 16 hex digits of a span's id")
    }

    // MARK: Words

    /// Between blanks, those in quotes aside. A quote that is not closed goes on to the end.
    static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        var isEscaped = false
        for character in line {
            if character == " " && !isQuoted {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            word.append(character)
            if isEscaped {
                isEscaped = false
            } else if character == "\\" && isQuoted {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            }
        }
        return word.isEmpty ? words : words + [word]
    }

    private static func quoted(_ text: String) -> String {
        guard text.isEmpty || text.contains(where: { " \"\\".contains($0) }) else { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Only what is in quotes as a whole loses them: `say "hi"` is a text like any other.
    private static func unquoted(_ word: String) -> String {
        guard word.first == "\"", word.count >= 2 else { return word }
        var text = ""
        var isEscaped = false
        for character in word.dropFirst() {
            if isEscaped {
                text.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                continue
            } else {
                text.append(character)
            }
        }
        return text
    }

    // MARK: Completion

    /// What the last word of a line may become.
    static func candidates(_ lineBeforeCursor: String, services: [String]) -> (replaced: Int, words: [String]) {
        let last = lineBeforeCursor.last == " " ? "" : words(lineBeforeCursor).last ?? ""
        if last.hasPrefix("level=") {
            let typed = last.dropFirst(6)
            return (typed.count, LogLevel.allCases.map(\.name).filter { $0.hasPrefix(typed) })
        }
        if last.hasPrefix("service=") {
            let typed = last.dropFirst(8)
            return (typed.count, services.map(quoted).filter { $0.hasPrefix(typed) })
        }
        return (last.count, last.isEmpty ? [] : names.filter { $0.hasPrefix(last) })
    }
}
