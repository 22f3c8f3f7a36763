// SPDX-License-Identifier: Apache-2.0
// A colour as a theme names it, and as a terminal of so many colours can show it.

package enum Colour: Hashable, Sendable {
    /// Whatever the terminal's own is.
    case terminal
    /// One of the sixteen that the person chose for the terminal.
    case ansi(UInt8)
    /// One of the 256 of xterm; from 16 on they look alike everywhere.
    case palette(UInt8)
    case rgb(red: UInt8, green: UInt8, blue: UInt8)

    /// As configuration files write it: `#rrggbb`, a number of the 256, `default`, or one of the sixteen names.
    package init?(_ text: String) {
        let text = text.lowercased()
        if text == "default" {
            self = .terminal
        } else if text.first == "#", text.utf8.count == 7, let value = UInt32(text.dropFirst(), radix: 16) {
            self = .rgb(
                red: UInt8(value >> 16 & 0xFF), green: UInt8(value >> 8 & 0xFF), blue: UInt8(value & 0xFF))
        } else if let number = UInt8(text) {
            self = .palette(number)
        } else if let place = Self.names.firstIndex(of: text) {
            self = .ansi(UInt8(place))
        } else {
            return nil
        }
    }

    package static let names = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
        "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
        "bright-white",
    ]

    /// The nearest that a terminal of that depth shows.
    func at(_ depth: ColorDepth) -> Colour {
        switch (depth, self) {
        case (.none, _): .terminal
        case (_, .terminal), (_, .ansi), (.trueColor, _), (.ansi256, .palette): self
        case (.ansi256, .rgb): .palette(Self.nearestPalette(channels))
        case (.ansi16, _): .ansi(Self.nearestANSI(channels))
        }
    }

    /// Parameters of SGR, for ink or for ground.
    func sgr(isGround: Bool) -> String {
        switch self {
        case .terminal: isGround ? "49" : "39"
        case .ansi(let number): "\((isGround ? 40 : 30) + (number < 8 ? Int(number) : Int(number) + 52))"
        case .palette(let number): (isGround ? "48;5;" : "38;5;") + "\(number)"
        case .rgb(let red, let green, let blue): (isGround ? "48;2;" : "38;2;") + "\(red);\(green);\(blue)"
        }
    }

    /// Black or white, whichever can be read on this as ground.
    var contrast: Colour {
        let (red, green, blue) = channels
        let luminance = 299 * red + 587 * green + 114 * blue
        return luminance > 110_000 ? .palette(16) : .palette(231)
    }
}

// MARK: - Nearness

extension Colour {
    private typealias Channels = (red: Int, green: Int, blue: Int)

    private var channels: Channels {
        switch self {
        case .terminal: (128, 128, 128)
        case .ansi(let number): Self.ansiChannels[Int(number & 15)]
        case .palette(let number): Self.paletteChannels(number)
        case .rgb(let red, let green, let blue): (Int(red), Int(green), Int(blue))
        }
    }

    private static let steps = [0, 95, 135, 175, 215, 255]

    /// 16…231 are a cube of six steps a side, 232…255 greys.
    private static func paletteChannels(_ number: UInt8) -> Channels {
        switch number {
        case 0..<16: return ansiChannels[Int(number)]
        case 232...: return (Int(number) * 10 - 2312, Int(number) * 10 - 2312, Int(number) * 10 - 2312)
        default:
            let place = Int(number) - 16
            return (steps[place / 36], steps[place / 6 % 6], steps[place % 6])
        }
    }

    private static func nearestPalette(_ wanted: Channels) -> UInt8 {
        (UInt8(16)...255).min { distance(paletteChannels($0), wanted) < distance(paletteChannels($1), wanted) } ?? 16
    }

    private static func nearestANSI(_ wanted: Channels) -> UInt8 {
        (UInt8(0)..<16).min { distance(ansiChannels[Int($0)], wanted) < distance(ansiChannels[Int($1)], wanted) } ?? 7
    }

    private static func distance(_ a: Channels, _ b: Channels) -> Int {
        let (red, green, blue) = (a.red - b.red, a.green - b.green, a.blue - b.blue)
        return 3 * red * red + 6 * green * green + blue * blue
    }

    /// What xterm shows where the person chose nothing.
    private static let ansiChannels: [Channels] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
    ]
}
