// SPDX-License-Identifier: Apache-2.0
// What the surroundings ask of the output: colours or not, how wide, which characters. Decided from the environment and
// the terminal alone, both passed in, so that every rule has a test.

/// `--color`.
package enum ColorChoice: String, Hashable, Sendable, CaseIterable { case auto, always, never }

package struct Surroundings: Hashable, Sendable {
    package var renderer: Renderer
    package var columns: Int
    package var isTerminal: Bool

    package init(renderer: Renderer, columns: Int, isTerminal: Bool) {
        self.renderer = renderer
        self.columns = columns
        self.isTerminal = isTerminal
    }

    /// Looks at a stream of this process.
    package init(of stream: Device.Stream, color: ColorChoice, environment: [String: String]) {
        self.init(color: color, terminalColumns: Device.columns(of: stream), environment: environment)
    }

    /// - Parameter terminalColumns: nil without a terminal, 0 for one that doesn't say.
    package init(color: ColorChoice, terminalColumns: Int?, environment: [String: String]) {
        let isTerminal = terminalColumns != nil
        let depth = ColorDepth.decide(color, isTerminal: isTerminal, environment: environment)
        self.init(
            renderer: Renderer(depth: depth, charset: Charset.decide(environment: environment)),
            columns: Self.columns(terminal: terminalColumns, environment: environment), isTerminal: isTerminal)
    }

    /// `COLUMNS` where someone set it, else the terminal's width, else a number that suits a file.
    private static func columns(terminal: Int?, environment: [String: String]) -> Int {
        if let asked = environment["COLUMNS"].flatMap({ Int($0) }), asked > 0, asked <= Limits.maxColumns {
            return max(Limits.minColumns, asked)
        }
        guard let terminal else { return Limits.columnsWithoutTerminal }
        return terminal == 0 ? Limits.columnsOfSilentTerminal : max(Limits.minColumns, terminal)
    }
}

extension ColorDepth {
    /// A flag beats the environment; `NO_COLOR` (https://no-color.org) beats `CLICOLOR_FORCE`; a pipe gets no colour.
    static func decide(_ choice: ColorChoice, isTerminal: Bool, environment: [String: String]) -> ColorDepth {
        func isSet(_ name: String) -> Bool { !(environment[name] ?? "").isEmpty }
        let term = environment["TERM"] ?? ""
        let rich: ColorDepth =
            switch environment["COLORTERM"] ?? "" {
            case "truecolor", "24bit": .trueColor
            case "": term.contains("256color") ? .ansi256 : .ansi16
            default: .ansi256
            }
        switch choice {
        case .never: return .none
        case .always: return rich
        case .auto: break
        }
        if isSet("NO_COLOR") { return .none }
        if isSet("CLICOLOR_FORCE") && environment["CLICOLOR_FORCE"] != "0" { return rich }
        // DEC's terminals had no colours, nor have those that say so.
        let isPlain = term.isEmpty || term == "dumb" || term.hasSuffix("-m") || term.hasPrefix("vt")
        guard isTerminal, !isPlain, environment["CLICOLOR"] != "0" else { return .none }
        return rich
    }
}

extension Charset {
    /// By the locale, whose first non-empty variable counts. None set says nothing about the terminal, and a terminal
    /// without UTF-8 is a rarity by now; an explicit `C` or `POSIX` is taken at its word.
    static func decide(environment: [String: String]) -> Charset {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let locale = environment[name]?.lowercased(), !locale.isEmpty else { continue }
            return locale.contains("utf-8") || locale.contains("utf8") ? .unicode : .ascii
        }
        return .unicode
    }
}
