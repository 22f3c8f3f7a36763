// SPDX-License-Identifier: Apache-2.0
// How many cells of a terminal a piece of text covers. Columns only line up if this agrees with what terminals draw,
// so it follows their habit (East Asian wide and emoji take two cells, combining marks none), not the count of letters.

package enum DisplayWidth {
    /// Cells that `text` covers. Control characters count nothing: no text holds any after ``VisibleText/make(_:)``.
    package static func of(_ text: String) -> Int {
        if VisibleText.isPlainASCII(text) { return text.utf8.count }
        return text.reduce(0) { $0 + of($1) }
    }

    /// Cells that one grapheme cluster covers: 0, 1 or 2.
    package static func of(_ character: Character) -> Int {
        var scalars = character.unicodeScalars.makeIterator()
        guard let first = scalars.next() else { return 0 }
        if first.isASCII && character.utf8.count == 1 { return first.value >= 0x20 && first.value < 0x7F ? 1 : 0 }
        let width = of(first)
        while let scalar = scalars.next() {
            // A flag is two regional indicators; a variation selector 16 asks for the colourful, wide form.
            if isRegionalIndicator(scalar) || (scalar.value == 0xFE0F && first.properties.isEmoji && !first.isASCII) {
                return 2
            }
        }
        return width
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .control, .format, .lineSeparator, .paragraphSeparator: return 0
        default: break
        }
        // Vowels and final consonants of decomposed Hangul are drawn into the cell of the leading consonant.
        if (0x1160...0x11FF).contains(scalar.value) { return 0 }
        return isWide(scalar) ? 2 : 1
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x1100 else { return false }
        if scalar.properties.isEmojiPresentation && !isRegionalIndicator(scalar) { return true }
        return wideRanges.contains { $0.contains(scalar.value) }
    }

    private static func isRegionalIndicator(_ scalar: Unicode.Scalar) -> Bool {
        (0x1F1E6...0x1F1FF).contains(scalar.value)
    }

    /// East_Asian_Width W and F of Unicode 16, unassigned gaps closed; emoji come from their own property.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F,  // Hangul leading consonants
        0x2329...0x232A,  // angle brackets
        0x2E80...0x303E,  // CJK radicals, punctuation
        0x3041...0x3247,  // kana, bopomofo, enclosed
        0x3250...0x4DBF,  // enclosed, CJK extension A
        0x4E00...0xA4CF,  // CJK, Yi
        0xA960...0xA97F,  // Hangul Jamo extended A
        0xAC00...0xD7A3,  // Hangul syllables
        0xF900...0xFAFF,  // CJK compatibility
        0xFE10...0xFE19,  // vertical forms
        0xFE30...0xFE6F,  // compatibility and small forms
        0xFF01...0xFF60,  // full-width forms
        0xFFE0...0xFFE6,  // full-width signs
        0x16FE0...0x18DFF,  // Tangut, Khitan
        0x1AFF0...0x1B2FF,  // kana supplements
        0x1F200...0x1F2FF,  // enclosed ideographs
        0x20000...0x3FFFD,  // CJK extensions B and later
    ]
}
