// SPDX-License-Identifier: Apache-2.0
// The colours of the themes. Most are of xterm's 256: they look alike everywhere, and cost half the bytes of true colour.
// Red belongs to failures alone, so no hue comes near it.

enum ThemeTable {
    static func colours(_ name: Theme.Name, _ depth: ColorDepth) -> (inks: [Slot: Colour], grounds: [Slot: Colour]) {
        let tones: Tones =
            switch name {
            case .dark, .monochrome: dark
            case .light: light
            case .highContrast: highContrast
            }
        var inks = tones.inks
        var grounds = tones.grounds
        // The sixteen are the person's own choice for ink on their ground; what is chosen for 256 would miss it.
        if depth == .ansi16 {
            inks = [.good: .ansi(2), .notice: .ansi(3), .bad: .ansi(1)]
            grounds = [.matched: .ansi(3), .bad: .ansi(1)]
        }
        for number in 0..<Role.hueCount {
            let hue = depth == .ansi16 ? Colour.ansi(hues16[number % 5]) : .palette(tones.hues[number])
            let tint = depth == .ansi16 ? Colour.ansi(hues16[number % 5] + 8) : .palette(tones.tints[number])
            (inks[.hue(number)], grounds[.hue(number)]) = (hue, hue)
            (inks[.tint(number)], grounds[.tint(number)]) = (tint, tint)
        }
        if depth == .trueColor { grounds.merge(tones.fineGrounds) { $1 } }
        return (inks, grounds)
    }

    private struct Tones {
        var inks: [Slot: Colour]
        var grounds: [Slot: Colour]
        /// Where true colour has something between the greys of the 256.
        var fineGrounds: [Slot: Colour] = [:]
        var hues: [UInt8]
        var tints: [UInt8]
    }

    private static let hues16: [UInt8] = [6, 5, 4, 2, 3]

    private static let dark = Tones(
        inks: [
            .faint: .palette(244), .heading: .palette(248), .good: .palette(71), .notice: .palette(178),
            .bad: .palette(203),
        ],
        grounds: [
            .raised: .palette(235), .selected: .palette(238), .matched: .palette(220), .bad: .palette(203),
        ],
        fineGrounds: [
            .raised: .rgb(red: 0x26, green: 0x2A, blue: 0x33), .selected: .rgb(red: 0x3A, green: 0x43, blue: 0x54),
        ],
        hues: [32, 71, 136, 133, 37, 173, 99, 108, 67, 142, 139, 73],
        tints: [24, 22, 94, 53, 23, 95, 55, 65, 60, 58, 96, 66])

    private static let light = Tones(
        inks: [
            .faint: .palette(243), .heading: .palette(240), .good: .palette(28), .notice: .palette(130),
            .bad: .palette(160),
        ],
        grounds: [
            .raised: .palette(255), .selected: .palette(252), .matched: .palette(220), .bad: .palette(160),
        ],
        fineGrounds: [
            .raised: .rgb(red: 0xF0, green: 0xF2, blue: 0xF6), .selected: .rgb(red: 0xCF, green: 0xDB, blue: 0xEE),
        ],
        hues: [25, 28, 94, 127, 30, 130, 62, 65, 24, 100, 96, 66],
        tints: [117, 151, 222, 182, 116, 223, 183, 194, 153, 228, 225, 152])

    private static let highContrast = Tones(
        inks: [
            .faint: .palette(252), .heading: .palette(231), .good: .palette(46), .notice: .palette(226),
            .bad: .palette(196), .strong: .palette(231),
        ],
        grounds: [
            .raised: .palette(237), .selected: .palette(231), .matched: .palette(226), .bad: .palette(196),
        ],
        hues: [51, 46, 220, 201, 87, 214, 141, 120, 117, 190, 219, 159],
        tints: [31, 28, 136, 90, 30, 130, 61, 65, 67, 100, 96, 66])
}
