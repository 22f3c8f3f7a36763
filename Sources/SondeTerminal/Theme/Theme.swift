// SPDX-License-Identifier: Apache-2.0
// Roles and grounds to colours. A theme is a table; what a terminal can't show falls to the nearest it can, and
// without colours to bold, dim and reversed, so that nothing is told by colour alone.

package struct Theme: Hashable, Sendable {
    package enum Name: String, Hashable, Sendable, CaseIterable {
        case dark, light, monochrome
        case highContrast = "high-contrast"
    }

    package let name: Name
    package var depth: ColorDepth
    package var charset: Charset
    private var inks: [Slot: Colour]
    private var grounds: [Slot: Colour]

    package static let dark = Theme(.dark)
    package static let light = Theme(.light)
    package static let highContrast = Theme(.highContrast)
    package static let monochrome = Theme(.monochrome)

    package init(_ name: Name, depth: ColorDepth = .ansi256, charset: Charset = .unicode) {
        self.name = name
        self.depth = name == .monochrome ? .none : depth
        self.charset = charset
        (inks, grounds) = ThemeTable.colours(name, depth)
    }

    /// What the surroundings ask for: `NO_COLOR`, `TERM`, `COLORTERM`, the locale. Without a name, a terminal that tells
    /// its ground (`COLORFGBG`) decides between dark and light.
    package init(_ name: Name? = nil, environment: [String: String]) {
        self.init(
            name ?? (Self.hasLightGround(environment) ? .light : .dark),
            depth: ColorDepth.decide(.auto, isTerminal: true, environment: environment),
            charset: Charset.decide(environment: environment))
    }

    /// The last number of `15;0` is the ground, one of the sixteen: white and the bright ones are light.
    private static func hasLightGround(_ environment: [String: String]) -> Bool {
        guard let last = environment["COLORFGBG"]?.split(separator: ";").last, let ground = Int(last) else {
            return false
        }
        return ground == 7 || (9...15).contains(ground)
    }

    /// Gives a thing another colour: `bad`, `selected`, `hue-0` … `hue-11`, `tint-0` … as configuration files name
    /// them (``names``). Hues and tints colour bars and text alike.
    /// - Returns: false if there is no such thing.
    package mutating func set(_ name: String, to colour: Colour) -> Bool {
        guard let slot = Slot(name) else { return false }
        if slot.isInk { inks[slot] = colour }
        if slot.isGround { grounds[slot] = colour }
        return true
    }

    /// Everything that has a colour.
    package static let names: [String] = Slot.all.map(\.name)
}

/// A thing that has a colour.
enum Slot: Hashable, Sendable {
    case strong, faint, heading, good, notice, bad, raised, selected, matched
    case hue(Int), tint(Int)

    static let all: [Slot] =
        [.strong, .faint, .heading, .good, .notice, .bad, .raised, .selected, .matched]
        + (0..<Role.hueCount).map { .hue($0) } + (0..<Role.hueCount).map { .tint($0) }

    init?(_ name: String) {
        guard let slot = Self.all.first(where: { $0.name == name }) else { return nil }
        self = slot
    }

    var name: String {
        switch self {
        case .hue(let number): "hue-\(number)"
        case .tint(let number): "tint-\(number)"
        default: "\(self)"
        }
    }

    var isInk: Bool { self != .raised && self != .selected && self != .matched }
    var isGround: Bool {
        switch self {
        case .raised, .selected, .matched, .bad, .hue, .tint: true
        default: false
        }
    }
}

// MARK: - Paint

/// How one cell is written: what an SGR sequence sets.
struct Paint: Hashable, Sendable {
    var ink = Colour.terminal
    var ground = Colour.terminal
    var attributes: Attributes = []
}

extension Theme {
    func paint(_ role: Role, on ground: Ground, _ attributes: Attributes) -> Paint {
        var role = role
        var ground = ground
        // A block is text on its hue.
        if case .block(let number) = role { (role, ground) = (.plain, .hue(number)) }
        var paint = Paint(attributes: attributes.union(Self.attributes(of: role, depth)))
        guard depth != .none else {
            paint.attributes.formUnion(Self.attributesWithoutColour(ground))
            return paint
        }
        paint.ground = colour(ground)
        paint.ink = ink(role, on: ground, paint.ground)
        // With sixteen colours no ground leaves all inks readable: the row stands out by turning around.
        if ground == .selected, depth == .ansi16, grounds[.selected] == nil { paint.attributes.insert(.reversed) }
        return paint
    }

    private func colour(_ ground: Ground) -> Colour {
        let slot: Slot
        switch ground {
        case .normal: return .terminal
        case .raised: slot = .raised
        case .selected: slot = .selected
        case .matched: slot = .matched
        case .bad: slot = .bad
        case .hue(let number), .bar(let number): slot = .hue(Self.hue(number))
        case .lightBar(let number): slot = .tint(Self.hue(number))
        }
        return (grounds[slot] ?? .terminal).at(depth)
    }

    /// Text on a coloured ground is black or white; hues and tints keep their colour, for blocks that end within a cell.
    private func ink(_ role: Role, on ground: Ground, _ under: Colour) -> Colour {
        let isText: Bool
        let slot: Slot?
        switch role {
        case .plain, .block: (isText, slot) = (true, nil)
        case .strong: (isText, slot) = (true, .strong)
        case .faint: (isText, slot) = (true, .faint)
        case .heading: (isText, slot) = (true, .heading)
        case .good: (isText, slot) = (false, .good)
        case .notice: (isText, slot) = (false, .notice)
        case .bad: (isText, slot) = (false, .bad)
        case .hue(let number): (isText, slot) = (false, .hue(Self.hue(number)))
        case .tint(let number): (isText, slot) = (false, .tint(Self.hue(number)))
        }
        if ground == .selected, depth == .ansi16, under == .terminal { return .terminal }
        if ground == .matched || (ground == .selected && name == .highContrast) { return under.contrast.at(depth) }
        if isText, ground.isDrawn { return under.contrast.at(depth) }
        return (slot.flatMap { inks[$0] } ?? .terminal).at(depth)
    }

    private static func hue(_ number: Int) -> Int { Int(number.magnitude % UInt(Role.hueCount)) }

    private static func attributes(of role: Role, _ depth: ColorDepth) -> Attributes {
        switch role {
        case .strong: .bold
        case .heading: depth >= .ansi256 ? .bold : [.bold, .dim]
        case .faint: depth >= .ansi256 ? [] : .dim
        case .bad, .notice: depth == .none ? .bold : []
        case .tint: depth == .none ? .dim : []
        default: []
        }
    }

    private static func attributesWithoutColour(_ ground: Ground) -> Attributes {
        switch ground {
        case .normal, .raised: []
        case .selected, .hue, .bar: .reversed
        case .matched: [.underline, .bold]
        case .bad: [.reversed, .bold]
        case .lightBar: [.reversed, .dim]
        }
    }

    /// Without colours a blank on a bar's ground would be a reversed blank, which the selected row is too: there, bars are
    /// blocks. Nil where a blank stays one.
    func blockWithoutColour(_ ground: Ground) -> Unicode.Scalar? {
        guard depth == .none else { return nil }
        switch ground {
        case .bar, .bad: return "█"
        case .lightBar: return "▒"
        default: return nil
        }
    }
}
