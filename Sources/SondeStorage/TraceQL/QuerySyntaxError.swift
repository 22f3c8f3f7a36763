// SPDX-License-Identifier: Apache-2.0
// Why a query can't be read, and where.

/// A query that can't be read: what is wrong, what was expected there, and the character at which it went wrong.
package struct QuerySyntaxError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// The text is not of the language, or could never match.
        case malformed
        /// The text is of the language, but this part of it is not answered.
        case unsupported
    }

    package var code: Code
    /// What is wrong and what was expected, without the place.
    package var message: String
    /// Unicode scalars before the place; the number of scalars in the text if it ended too early.
    package var offset: Int

    package init(_ code: Code, _ message: String, at offset: Int) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    package init(_ message: String, at offset: Int) { self.init(.malformed, message, at: offset) }

    /// The message with its place, counted from 1 as people count.
    package var sentence: String {
        let isSentence = message.hasPrefix("cannot ") || message.hasPrefix("nothing can match")
        let beginning = code == .unsupported ? "cannot answer the query: " : "cannot read the query: "
        return (isSentence ? "" : beginning) + "\(message) (at character \(offset + 1))"
    }

    package var readError: ReadError {
        switch code {
        case .malformed: .invalid(sentence)
        case .unsupported: .unsupported(sentence)
        }
    }

    /// The part of `text` around the place on one line, and below it a caret under the character. Both are at most
    /// `width` wide where every character takes one column.
    package func excerpt(of text: String, width: Int = 76) -> [String] {
        let scalars = Array(text.unicodeScalars)
        let place = min(max(0, offset), scalars.count)
        let start = max(0, min(place - width / 2, scalars.count + 1 - width))
        let end = min(scalars.count, start + width)
        var line = String.UnicodeScalarView()
        // A control character would move the caret away from its place.
        for scalar in scalars[start..<end] { line.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar) }
        return [String(line), String(repeating: " ", count: place - start) + "^"]
    }
}
