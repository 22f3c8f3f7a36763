// SPDX-License-Identifier: Apache-2.0
// Makes foreign text harmless to a terminal. Names and messages come from whoever may send telemetry: an escape
// sequence in a span name must not move the cursor, a right-to-left override must not turn a line around.

package enum VisibleText {
    /// `text` without any character that a terminal obeys instead of drawing: control characters become their pictures
    /// (`␛`, `␊`), invisible and direction-changing ones their code (`<202E>`). Everything else stays as it is.
    package static func make(_ text: String) -> String {
        if isPlainASCII(text) { return text }
        guard needsWork(text) else { return text }
        var visible = ""
        for character in text { append(character, to: &visible) }
        return visible
    }

    /// Whether `text` is printable ASCII only: by far the most common case, decided without looking at graphemes.
    package static func isPlainASCII(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }

    private static func needsWork(_ text: String) -> Bool {
        text.unicodeScalars.contains { isObeyed($0) || isCombining($0) || isJoiner($0) || isTag($0) }
    }

    private static func append(_ character: Character, to visible: inout String) {
        var count = 0
        for scalar in character.unicodeScalars {
            count += 1
            // Dozens of marks on one letter cover the lines above and below; no writing system needs this many.
            guard count <= Limits.scalarsPerCharacter else { return }
            if isObeyed(scalar) || (count == 1 && (isJoiner(scalar) || isTag(scalar))) {
                visible += picture(of: scalar)
            } else {
                // A mark that opens the text would be drawn onto whatever stands before it.
                if visible.isEmpty && isCombining(scalar) { visible += "\u{25CC}" }
                visible.unicodeScalars.append(scalar)
            }
        }
    }

    private static func picture(of scalar: Unicode.Scalar) -> String {
        if scalar.value < 0x20, let picture = Unicode.Scalar(0x2400 + scalar.value) {
            return String(Character(picture))
        }
        if scalar.value == 0x7F { return "\u{2421}" }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "<" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + ">"
    }

    /// Controls, line and paragraph separators, and format characters other than joiners, which scripts and emoji need.
    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: !isJoiner(scalar) && !isTag(scalar)
        default: false
        }
    }

    private static func isJoiner(_ scalar: Unicode.Scalar) -> Bool { scalar.value == 0x200C || scalar.value == 0x200D }

    /// Tags make the flags of regions after an emoji; alone they hide text.
    private static func isTag(_ scalar: Unicode.Scalar) -> Bool { (0xE0020...0xE007F).contains(scalar.value) }

    private static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: true
        default: false
        }
    }
}
