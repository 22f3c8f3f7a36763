// SPDX-License-Identifier: Apache-2.0
// What a person does at a terminal: keys, the mouse, a paste. Keys have names, for help and for configuration files.

package enum Key: Hashable, Sendable {
    /// A character as the keyboard made it: `G` is Shift and g already.
    case character(Character)
    case enter, escape, tab, backTab, backspace, delete, insert
    case up, down, left, right, home, end, pageUp, pageDown
    case function(Int)
}

package struct KeyPress: Hashable, Sendable {
    package var key: Key
    package var control = false
    package var alt = false
    /// Only for keys that are no characters.
    package var shift = false

    package init(_ key: Key, control: Bool = false, alt: Bool = false, shift: Bool = false) {
        self.key = key
        self.control = control
        self.alt = alt
        self.shift = shift
    }

    package static func character(_ character: Character) -> KeyPress { KeyPress(.character(character)) }

    /// As people write it: `g`, `G`, `space`, `enter`, `f1`, `ctrl-l`, `alt-left`, `shift-tab`; nil for anything else.
    package init?(_ text: String) {
        var rest = text[...]
        var press = KeyPress(.enter)
        while let dash = rest.dropFirst().firstIndex(of: "-"), dash != rest.index(before: rest.endIndex) {
            switch rest[..<dash].lowercased() {
            case "ctrl", "control", "c": press.control = true
            case "alt", "meta", "m": press.alt = true
            case "shift", "s": press.shift = true
            default: return nil
            }
            rest = rest[rest.index(after: dash)...]
        }
        guard let key = Self.key(named: String(rest)) else { return nil }
        press.key = key
        self = press.normalized
    }

    /// One way to say each thing: Shift and Tab are ``Key/backTab``, Shift and a letter the capital.
    private var normalized: KeyPress {
        var press = self
        if press.key == .tab, press.shift { (press.key, press.shift) = (.backTab, false) }
        guard case .character(let character) = press.key else { return press }
        if press.shift, let capital = character.uppercased().first { press.key = .character(capital) }
        if press.control, let small = character.lowercased().first { press.key = .character(small) }
        press.shift = false
        return press
    }

    /// How help and hints write it; ``init(_:)`` reads it.
    package var text: String {
        let modifiers = (control ? "ctrl-" : "") + (alt ? "alt-" : "") + (shift ? "shift-" : "")
        return modifiers + Self.name(of: key)
    }

    private static func key(named name: String) -> Key? {
        if name.count == 1, let character = name.first { return .character(character) }
        let name = name.lowercased()
        if name.first == "f", let number = Int(name.dropFirst()), (1...24).contains(number) { return .function(number) }
        return names.first { $0.name == name }?.key
    }

    private static func name(of key: Key) -> String {
        switch key {
        case .character(" "): "space"
        case .character(let character): String(character)
        case .function(let number): "f\(number)"
        default: names.first { $0.key == key }?.name ?? ""
        }
    }

    /// The first name of a key is the one that is shown.
    private static let names: [(name: String, key: Key)] = [
        ("enter", .enter), ("return", .enter), ("esc", .escape), ("escape", .escape), ("tab", .tab),
        ("shift-tab", .backTab), ("backtab", .backTab), ("backspace", .backspace), ("delete", .delete),
        ("del", .delete), ("insert", .insert), ("ins", .insert), ("up", .up), ("down", .down), ("left", .left),
        ("right", .right), ("home", .home), ("end", .end), ("pageup", .pageUp), ("pgup", .pageUp),
        ("pagedown", .pageDown), ("pgdn", .pageDown), ("space", .character(" ")), ("minus", .character("-")),
    ]
}

package struct MousePress: Hashable, Sendable {
    package enum Action: Hashable, Sendable { case press, release, drag, wheelUp, wheelDown }

    package var action: Action
    /// 0 left, 1 middle, 2 right; 0 for the wheel.
    package var button: Int
    /// From 0.
    package var row: Int
    package var column: Int
    package var control = false
    package var alt = false
    package var shift = false

    package init(
        _ action: Action, button: Int = 0, row: Int, column: Int, control: Bool = false, alt: Bool = false,
        shift: Bool = false
    ) {
        self.action = action
        self.button = button
        self.row = row
        self.column = column
        self.control = control
        self.alt = alt
        self.shift = shift
    }
}

package enum Input: Hashable, Sendable {
    case key(KeyPress)
    case mouse(MousePress)
    /// Text that was pasted as a whole, as it came: make it visible before drawing it.
    case paste(String)
    case focus(Bool)
    case resize(Size)
    /// The program has the terminal again after it was suspended.
    case resume
}
