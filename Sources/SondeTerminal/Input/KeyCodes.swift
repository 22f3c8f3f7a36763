// SPDX-License-Identifier: Apache-2.0
// What terminals send for which key. Sources: XTerm Control Sequences (https://invisible-island.net/xterm/ctlseqs), the
// kitty keyboard protocol (https://sw.kovidgoyal.net/kitty/keyboard-protocol).

/// A CSI sequence, taken apart.
struct ControlSequence {
    /// `<` for SGR mouse, `?` and `>` for answers of the terminal.
    private(set) var marker: UInt8?
    private(set) var parameters: [Int] = []
    /// Parts of the second parameter behind a colon: kitty's kind of event.
    private(set) var eventType = 1
    private var hasIntermediates = false
    let final: UInt8

    init(_ body: ArraySlice<UInt8>, final: UInt8) {
        self.final = final
        var body = body
        if let first = body.first, (0x3C...0x3F).contains(first) {
            marker = first
            body = body.dropFirst()
        }
        hasIntermediates = body.contains { $0 < 0x30 }
        for (place, part) in body.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).enumerated() {
            let pieces = part.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            parameters.append(pieces.first.map(Self.number) ?? 0)
            if place == 1, pieces.count > 1 { eventType = Self.number(pieces[1]) }
        }
    }

    var isX10Mouse: Bool { final == UInt8(ascii: "M") && marker == nil && parameters == [0] }
    var isPasteStart: Bool { final == UInt8(ascii: "~") && marker == nil && parameters == [200] }

    var isStatusReport: Bool { final == UInt8(ascii: "n") && marker == nil && parameters == [0] }

    /// A key, or the beginning of one of the Linux console.
    var isKey: Bool {
        if case .key = input { return true }
        return final == UInt8(ascii: "[")
    }

    /// Nil for answers of the terminal, releases of keys, and what is not known.
    var input: Input? {
        guard !hasIntermediates else { return nil }
        if marker == UInt8(ascii: "<") { return mouse }
        guard marker == nil else { return nil }
        switch (final, parameters) {
        case (UInt8(ascii: "I"), [0]): return .focus(true)
        case (UInt8(ascii: "O"), [0]): return .focus(false)
        default: return press.map { .key($0) }
        }
    }

    private var mouse: Input? {
        MouseCode.sgr(parameters, isRelease: final == UInt8(ascii: "m")).map { .mouse($0) }
    }

    private var press: KeyPress? {
        guard eventType != 3 else { return nil }
        switch final {
        case UInt8(ascii: "~"): return tilde
        case UInt8(ascii: "u"): return KeyCode.unicode(parameters[0], modifiers: modifiers)
        case UInt8(ascii: "Z"): return KeyPress(.backTab)
        // With two numbers it may also be the answer to where the cursor is; only F3 with modifiers looks like 1;2.
        case UInt8(ascii: "R") where parameters.count == 2 && (parameters[0] != 1 || modifiers < 2): return nil
        default:
            guard var press = KeyCode.letter(final) else { return nil }
            press.apply(modifiers: modifiers)
            return press
        }
    }

    private var tilde: KeyPress? {
        // xterm's modifyOtherKeys: 27 ; modifiers ; code ~
        if parameters.count == 3, parameters[0] == 27 {
            return KeyCode.unicode(parameters[2], modifiers: modifiers)
        }
        guard var press = KeyCode.number(parameters[0]) else { return nil }
        press.apply(modifiers: modifiers)
        return press
    }

    private var modifiers: Int { parameters.count > 1 ? parameters[1] : 0 }

    /// Nothing is zero; what doesn't fit is nothing anybody knows.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int {
        digits.reduce(0) { min($0 * 10 + Int($1 &- 0x30), 1 << 24) }
    }
}

extension KeyPress {
    /// Terminals count from 1: 1 and the sum of Shift 1, Alt 2, Control 4; 0 is none said.
    mutating func apply(modifiers: Int) {
        let bits = max(0, modifiers - 1)
        shift = shift || bits & 1 != 0
        alt = alt || bits & 2 != 0
        control = control || bits & 4 != 0
        if key == .tab, shift { (key, shift) = (.backTab, false) }
    }
}

enum KeyCode {
    static func ascii(_ byte: UInt8, alt: Bool) -> KeyPress {
        switch byte {
        case 0x09: KeyPress(.tab, alt: alt)
        case 0x0A, 0x0D: KeyPress(.enter, alt: alt)
        case 0x08, 0x7F: KeyPress(.backspace, alt: alt)
        case 0x1B: KeyPress(.escape, alt: alt)
        case 0x00: KeyPress(.character(" "), control: true, alt: alt)
        case 0x01...0x1A: KeyPress(character(byte + 0x60), control: true, alt: alt)
        case 0x1C...0x1F: KeyPress(character(byte + 0x40), control: true, alt: alt)
        default: KeyPress(character(byte), alt: alt)
        }
    }

    /// The final letter of CSI, and of SS3 without a keypad.
    static func letter(_ final: UInt8) -> KeyPress? {
        switch final {
        case UInt8(ascii: "A"): KeyPress(.up)
        case UInt8(ascii: "B"): KeyPress(.down)
        case UInt8(ascii: "C"): KeyPress(.right)
        case UInt8(ascii: "D"): KeyPress(.left)
        case UInt8(ascii: "E"): KeyPress(.character("5"))
        case UInt8(ascii: "F"): KeyPress(.end)
        case UInt8(ascii: "H"): KeyPress(.home)
        case UInt8(ascii: "P")...UInt8(ascii: "S"): KeyPress(.function(Int(final) - 0x4F))
        default: nil
        }
    }

    static func singleShift(_ final: UInt8) -> KeyPress? {
        switch final {
        case UInt8(ascii: "M"): KeyPress(.enter)
        case UInt8(ascii: "I"): KeyPress(.tab)
        // The keypad in application mode: ESC O j is *, … ESC O y is 9, ESC O X is =.
        case UInt8(ascii: "j")...UInt8(ascii: "y"): KeyPress(character(final - 0x40))
        case UInt8(ascii: "X"): KeyPress(.character("="))
        default: letter(final)
        }
    }

    /// The number before a tilde.
    static func number(_ number: Int) -> KeyPress? {
        switch number {
        case 1, 7: KeyPress(.home)
        case 2: KeyPress(.insert)
        case 3: KeyPress(.delete)
        case 4, 8: KeyPress(.end)
        case 5: KeyPress(.pageUp)
        case 6: KeyPress(.pageDown)
        case 11...15: KeyPress(.function(number - 10))
        case 17...21: KeyPress(.function(number - 11))
        case 23, 24: KeyPress(.function(number - 12))
        case 25, 26: KeyPress(.function(number - 12))
        case 28, 29: KeyPress(.function(number - 13))
        case 31...34: KeyPress(.function(number - 14))
        default: nil
        }
    }

    /// kitty's CSI-u: the code point of the key, its modifiers apart.
    static func unicode(_ code: Int, modifiers: Int) -> KeyPress? {
        guard var press = plain(code) else { return nil }
        press.apply(modifiers: modifiers)
        guard case .character(let character) = press.key else { return press }
        if press.shift, !press.control, let capital = character.uppercased().first { press.key = .character(capital) }
        press.shift = false
        return press
    }

    private static func plain(_ code: Int) -> KeyPress? {
        switch code {
        case 9: KeyPress(.tab)
        case 13, 57414: KeyPress(.enter)
        case 27: KeyPress(.escape)
        case 8, 127: KeyPress(.backspace)
        case 57399...57408: KeyPress(character(UInt8(code - 57399) + 0x30))
        case 57417: KeyPress(.left)
        case 57418: KeyPress(.right)
        case 57419: KeyPress(.up)
        case 57420: KeyPress(.down)
        case 57421: KeyPress(.pageUp)
        case 57422: KeyPress(.pageDown)
        case 57423: KeyPress(.home)
        case 57424: KeyPress(.end)
        case 57425: KeyPress(.insert)
        case 57426: KeyPress(.delete)
        // The rest of the private use area are keys that do nothing alone: Caps Lock, Shift, volume.
        case 0xE000...0xF8FF: nil
        case 0x20...: UInt32(exactly: code).flatMap(Unicode.Scalar.init).map { .character(Character($0)) }
        default: nil
        }
    }

    private static func character(_ byte: UInt8) -> Key { .character(Character(Unicode.Scalar(byte))) }
    private static func character(_ byte: UInt8) -> KeyPress { KeyPress(character(byte)) }
}

enum MouseCode {
    /// CSI < code ; column ; row M or m, from 1.
    static func sgr(_ parameters: [Int], isRelease: Bool) -> MousePress? {
        guard parameters.count == 3, parameters[1] > 0, parameters[2] > 0 else { return nil }
        return press(parameters[0], column: parameters[1] - 1, row: parameters[2] - 1, isRelease: isRelease)
    }

    /// CSI M and three bytes, each 32 more than its value.
    static func x10(_ bytes: ArraySlice<UInt8>) -> MousePress? {
        let values = bytes.map { Int($0) - 32 }
        guard values.count == 3, values[0] >= 0, values[1] > 0, values[2] > 0 else { return nil }
        return press(values[0], column: values[1] - 1, row: values[2] - 1, isRelease: values[0] & 0x43 == 3)
    }

    private static func press(_ code: Int, column: Int, row: Int, isRelease: Bool) -> MousePress? {
        let isWheel = code & 64 != 0
        // Wheels that turn sideways, and buttons eight and up, mean nothing here.
        guard !isWheel || code & 3 < 2, code < 128 else { return nil }
        // Moves without a button are sent by terminals that were never asked for them.
        guard code & 32 == 0 || code & 3 != 3 else { return nil }
        let action: MousePress.Action =
            isWheel ? (code & 3 == 0 ? .wheelUp : .wheelDown) : isRelease ? .release : code & 32 != 0 ? .drag : .press
        return MousePress(
            action, button: isWheel || code & 3 == 3 ? 0 : code & 3, row: row, column: column,
            control: code & 16 != 0, alt: code & 8 != 0, shift: code & 4 != 0)
    }
}

enum UTF8Length {
    /// Bytes of the character that begins a slice, 1 for a byte that begins none; nil if more bytes are to come.
    static func of(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = bytes.first else { return nil }
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return 1
        }
        let rest = bytes.dropFirst().prefix(length - 1)
        if let stop = rest.firstIndex(where: { $0 & 0xC0 != 0x80 }) { return stop - bytes.startIndex }
        return rest.count == length - 1 ? length : nil
    }
}
