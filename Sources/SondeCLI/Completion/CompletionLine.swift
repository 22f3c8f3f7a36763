// SPDX-License-Identifier: Apache-2.0
// A half-typed command line, as the shells hand it over. bash cuts words at `=` and `:`, so that `service=or` arrives as
// three words and an address as five; here they are whole again.

import ArgumentParser

struct CompletionLine: Hashable, Sendable {
    /// The words before the one that is being typed.
    let words: [String]
    /// What has been typed of the word so far, without a quote at its beginning.
    let typed: String
    /// The part of ``typed`` that the shell keeps by itself: answers begin behind it.
    private let kept: String

    /// - Parameter isCut: whether the shell cuts words at `=` and `:`.
    init(words: [String], index: Int, prefix: String, isCut: Bool) {
        var before = Array(words.prefix(max(0, index)))
        var kept = ""
        if isCut {
            // A separator that was just typed is the word itself; what follows it is empty as yet.
            let isSeparator = Self.isSeparator(prefix)
            let current = isSeparator ? "" : prefix
            var whole: [String] = []
            var joinsNext = false
            for word in before + (isSeparator ? [prefix] : []) {
                if joinsNext || (Self.isSeparator(word) && whole.count > 1) {
                    whole[whole.count - 1] += word
                } else {
                    whole.append(word)
                }
                joinsNext = Self.isSeparator(word) && whole.count > 1
            }
            if joinsNext { kept = whole.removeLast() }
            before = whole
            self.typed = Self.unquoted(kept) + Self.unquoted(current)
        } else {
            self.typed = Self.unquoted(prefix)
        }
        self.words = before.map(Self.unquoted)
        self.kept = Self.unquoted(kept)
    }

    init(_ words: [String], _ index: Int, _ prefix: String) {
        self.init(words: words, index: index, prefix: prefix, isCut: CompletionShell.requesting == .bash)
    }

    /// The value of an option, given as a word of its own or behind `=`.
    func value(of option: String) -> String? {
        for (index, word) in words.enumerated().reversed() {
            if word == option, index + 1 < words.count { return words[index + 1] }
            if word.hasPrefix(option + "=") { return String(word.dropFirst(option.utf8.count + 1)) }
        }
        return nil
    }

    /// Those of the whole words that begin with what was typed, as the shell wants them.
    func answers(_ candidates: some Sequence<String>) -> [String] {
        candidates.filter { $0.hasPrefix(typed) }.map { String($0.dropFirst(kept.count)) }
    }

    private static func isSeparator(_ word: String) -> Bool { word == "=" || word == ":" }

    private static func unquoted(_ word: String) -> String {
        guard let first = word.first, first == "\"" || first == "'" else { return word.replacing("\\", with: "") }
        let inner = word.dropFirst()
        return String(inner.last == first ? inner.dropLast() : inner)
    }
}
