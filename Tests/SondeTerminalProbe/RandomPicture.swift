// SPDX-License-Identifier: Apache-2.0
// Pictures as no program would draw them, the same for the same seed.

package import SondeTerminal

/// SplitMix64, small and the same everywhere.
package struct SeededGenerator: RandomNumberGenerator {
    package var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

package struct RandomPicture {
    package var random: SeededGenerator

    package init(random: SeededGenerator) { self.random = random }

    static let texts = [
        "GET /api/orders", "注文を作成する", "e\u{301}tude cafe\u{301}", "👨‍👩‍👧 family", "🇩🇪🇫🇷", "שלום עולם", "مرحبا", "│├─└ ✗ ▌",
        "\u{1B}[31mred\u{1B}]0;title\u{7}", "a\u{200D}b", "한국어", "☎\u{FE0F} call", "tab\there\nline", "x", "   ", "⣿⡇",
        "\u{301}mark first", "ﷺ", "ｆｕｌｌ", "1\u{FE0F}\u{20E3}", "🛒 cart", "\u{202E}evil", "i\u{307}\u{308}\u{309}",
    ]
    static let roles: [Role] = [
        .plain, .strong, .faint, .heading, .good, .notice, .bad, .hue(0), .hue(7), .tint(3), .block(11),
    ]
    static let grounds: [Ground] = [
        .normal, .raised, .selected, .matched, .bad, .hue(1), .bar(2), .bar(9), .lightBar(2), .lightBar(5),
    ]

    /// Draws something onto a picture.
    package mutating func draw(on frame: inout Frame) {
        let row = Int.random(in: -1...frame.size.rows, using: &random)
        let column = Int.random(in: -4...frame.size.columns + 1, using: &random)
        let role = Self.roles.randomElement(using: &random) ?? .plain
        let ground = Bool.random(using: &random) ? nil : Self.grounds.randomElement(using: &random)
        let attributes = Attributes(
            rawValue: UInt8.random(in: 0..<32, using: &random) & UInt8.random(in: 0..<32, using: &random))
        let rect = Rect(
            column: column, row: row, columns: Int.random(in: 0...12, using: &random),
            rows: Int.random(in: 0...3, using: &random))
        switch Int.random(in: 0..<8, using: &random) {
        case 0: frame.fill(rect, ground: ground ?? .raised)
        case 1: frame.recolour(rect, ground: ground ?? .selected)
        case 2: frame.put("▌", role, row: row, column: column, ground: ground)
        case 3:
            frame.cursor = Bool.random(using: &random) ? nil : (row, column)
        default:
            let text = Self.texts.randomElement(using: &random) ?? ""
            let limit = Bool.random(using: &random) ? nil : Int.random(in: 0...20, using: &random)
            frame.draw(text, role, row: row, column: column, limit: limit, ground: ground, attributes: attributes)
        }
    }

    /// A list that has moved up or down by some rows since the picture before, with something drawn onto it.
    package mutating func drawList(at step: Int, on frame: inout Frame) {
        frame.clear()
        let top = step + Int.random(in: -2...2, using: &random)
        for row in 0..<frame.size.rows {
            let number = top + row
            frame.draw("\(number) \(Self.texts[(number + 40) % Self.texts.count])", .hue(number), row: row)
            frame.fill(Rect(column: 20, row: row, columns: (number + 40) % 9, rows: 1), ground: .bar(number))
        }
        draw(on: &frame)
    }
}
