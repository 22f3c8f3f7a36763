// SPDX-License-Identifier: Apache-2.0
// The file of the viewer: theme, colours, keys, range, mouse. JSON, like the collector's settings; a file of its own,
// because who looks is seldom who runs the collector.

import FoundationEssentials
import SondeTerminal
import SondeViewer

struct ViewSettingsFile {
    private(set) var path = ""
    private(set) var keys: [String: [ActionName: [String]]] = [:]
    private(set) var range: TimeRange?
    private(set) var wantsMouse = true
    private var themeName: Theme.Name?
    private var colors: [String: Colour] = [:]

    init() {}

    /// The file that was named, or the usual one if it exists.
    static func find(
        _ flag: String?, _ environment: [String: String]
    ) throws(CommandFailure) -> ViewSettingsFile {
        let usual = UserFolders.configuration(environment).map { $0 + "/sonde/view.json" }
        guard let path = flag ?? usual, flag != nil || FileManager.default.fileExists(atPath: path) else {
            return .init()
        }
        do {
            return try ViewSettingsFile(try Data(contentsOf: URL(filePath: path)), path)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(.usage, "cannot read the viewer's settings \(path): \(FileFailure.reason(error))")
        }
    }

    /// The colours that a flag, the file or the terminal asks for; `NO_COLOR` and a poor terminal have the last word.
    func theme(
        named name: Theme.Name?, _ color: ColorChoice, _ environment: [String: String]
    ) throws(CommandFailure) -> Theme {
        var theme = Theme(name ?? themeName, environment: environment)
        if color == .never { theme.depth = .none }
        for (name, colour) in colors where !theme.set(name, to: colour) {
            throw Self.failure(
                path, "there is no \(name) to colour", near: NearestName.of(name, among: Theme.names))
        }
        return theme
    }

    // MARK: Reading

    private struct Content: Decodable {
        var theme: String?
        var range: String?
        var mouse: Bool?
        var colors: [String: String]?
        var keys: [String: [String: Keys]]?

        static let members = ["theme", "range", "mouse", "colors", "keys"]
    }

    /// One key, or several.
    private struct Keys: Decodable {
        var texts: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                texts = [text]
            } else {
                texts = try container.decode([String].self)
            }
        }
    }

    /// Only names, whatever their values.
    private struct Names: Decodable {
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
    }

    init(_ data: Data, _ path: String) throws(CommandFailure) {
        self.path = path
        let content: Content
        do {
            let members = try JSONDecoder().decode([String: Names.Anything].self, from: data).keys
            if let unknown = members.sorted().first(where: { !Content.members.contains($0) }) {
                throw Self.failure(
                    path, "there is no setting \(unknown)", near: NearestName.of(unknown, among: Content.members))
            }
            content = try JSONDecoder().decode(Content.self, from: data)
        } catch let failure as CommandFailure { throw failure } catch {
            throw Self.failure(path, "it is not what was expected", near: nil)
        }
        wantsMouse = content.mouse ?? true
        if let name = content.theme {
            guard let theme = Theme.Name(rawValue: name) else {
                throw Self.failure(
                    path, "there is no theme \(name)",
                    near: NearestName.of(name, among: Theme.Name.allCases.map(\.rawValue)))
            }
            themeName = theme
        }
        if let text = content.range {
            guard let range = TimeRange(text) else {
                throw Self.failure(path, "cannot read the range \(text)", near: nil)
            }
            self.range = range
        }
        try read(colors: content.colors ?? [:])
        try read(keys: content.keys ?? [:])
    }

    private mutating func read(colors: [String: String]) throws(CommandFailure) {
        for (name, text) in colors {
            guard let colour = Colour(text) else {
                throw Self.failure(
                    path, "cannot read the colour \(text) of \(name): expected #rrggbb, 0 to 255, default or a name",
                    near: NearestName.of(text, among: Colour.names))
            }
            self.colors[name] = colour
        }
    }

    private mutating func read(keys: [String: [String: Keys]]) throws(CommandFailure) {
        for (screen, actions) in keys.sorted(by: { $0.key < $1.key }) {
            guard let map = ViewerKeys.maps.first(where: { $0.screen == screen }) else {
                throw Self.failure(
                    path, "there is no screen \(screen)",
                    near: NearestName.of(screen, among: ViewerKeys.maps.map(\.screen)))
            }
            let known = map.rows.map(\.action.text) + (map.screen == ViewerKeys.name ? [] : everywhere)
            for (action, keys) in actions.sorted(by: { $0.key < $1.key }) {
                guard known.contains(action) else {
                    throw Self.failure(
                        path, "the screen \(screen) has no action \(action)",
                        near: NearestName.of(action, among: known))
                }
                if let bad = keys.texts.first(where: { KeyPress($0) == nil }) {
                    throw Self.failure(
                        path, "cannot read the key \(bad) of \(action): expected one like g, G, f5, ctrl-l, space",
                        near: nil)
                }
                self.keys[screen, default: [:]][ActionName(action)] = keys.texts
            }
        }
    }

    private var everywhere: [String] { ViewerKeys.everywhere.map(\.action.text) }

    private static func failure(_ path: String, _ what: String, near: String?) -> CommandFailure {
        CommandFailure(
            .usage, "cannot use the viewer's settings \(path): \(what)",
            advice: near.map { "Did you mean \($0)?" }
                ?? "Expected something like {\"theme\": \"light\", \"keys\": {\"traces\": {\"follow\": \"F\"}}}.")
    }
}
