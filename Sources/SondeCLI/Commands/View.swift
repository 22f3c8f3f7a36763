// SPDX-License-Identifier: Apache-2.0
// `sonde view`: the viewer, on the terminal.

import ArgumentParser
import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer

struct View: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at services, traces and logs on the whole terminal.",
        discussion: """
            Begins with the services and what the doctor finds; given a query, with the traces that match; given a \
            trace id or the first 4 digits of one, with that trace. Without a collector it opens, says so, and tries \
            again until there is one. In the viewer ? lists the keys of the screen, y copies the shell command that \
            gives the same answer, o the command that opens the same picture, q quits.

            EXAMPLES:
              sonde view
              sonde view service=orders error
              sonde view 5b8e
              sonde view logs refused --since 15m
              sonde view diff 5b8e 77af
              sonde view --db ./sonde-data graph

            CONFIGURATION:
              One JSON file, $XDG_CONFIG_HOME/sonde/view.json or the one that --config names. Every member may be \
            missing; docs/view.md lists screens, actions and colours.
              {"theme": "light", "range": "15m", "mouse": false,
               "colors": {"bad": "#ff5f5f", "hue-0": "cyan"},
               "keys": {"everywhere": {"quit": ["Q", "ctrl-c"]},
                        "traces": {"follow": "F"}}}

            \(ExitStatus.help)
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Where to begin: a trace id, a query, or overview, traces, graph, logs, diff.",
            valueName: "trace-id|query"),
        completion: CompletionValues.condition)
    var words: [String] = []
    @Option(
        help: ArgumentHelp(
            "Colours: dark, light, high-contrast or monochrome. (default: as the terminal says, else dark)",
            valueName: "name"))
    var theme: Theme.Name?
    @Flag(help: "Leave the mouse to the terminal.") var noMouse = false
    @Option(
        help: ArgumentHelp("Read keys and colours from this JSON file.", valueName: "file"), completion: .file())
    var config: String?
    @OptionGroup(title: "When (default: --since 1h)") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let file = try ViewSettingsFile.find(config, environment)
        var settings = ViewerSettings { .now }
        settings.start = try ViewStart.read(words)
        settings.range = try range(file, now: .now)
        settings.keys = file.keys
        settings.zone = drawing.utc ? .utc : .local
        let theme = try file.theme(named: theme, drawing.color, environment)
        settings.charset = theme.charset
        let terminal: DeviceTerminal
        do throws(TerminalError) {
            terminal = try DeviceTerminal(environment: environment, wantsMouse: !noMouse && file.wantsMouse)
        } catch {
            throw CommandFailure(
                .usage, error.description,
                advice: "On any terminal, and in a pipe: sonde traces, sonde trace ID, sonde top, sonde doctor.")
        }
        let (source, close) = try ViewSources.source(self.source, environment)
        var loop = TerminalLoop(
            program: ViewerApp(source: source, settings: settings), terminal: terminal, theme: theme)
        do throws(TerminalError) { _ = try await loop.run() } catch {
            await close()
            throw CommandFailure(.sourceFailed, error.description)
        }
        await close()
    }

    /// From the flags, else from the file, else an hour.
    private func range(_ file: ViewSettingsFile, now: Timestamp) throws(CommandFailure) -> TimeRange {
        if let since = time.since, time.end == nil { return .last(try Reading.duration(since, "--since")) }
        let (start, end) = try time.bounds(now: now)
        switch (start, end) {
        case (nil, nil): return file.range ?? .standard
        case (let start?, nil) where start == .zero: return .all
        case (let start?, nil): return .last(max(1, start.nanoseconds(until: now)))
        case (let start, let end?): return .between(start ?? TimeOptions.lastHour(before: end), end)
        }
    }
}

extension Theme.Name: ExpressibleByArgument {}

/// What the words behind `sonde view` mean.
enum ViewStart {
    static func read(_ words: [String]) throws(CommandFailure) -> ViewerStart {
        let rest = Array(words.dropFirst())
        switch words.first {
        case nil: return .place(.overview)
        case "overview" where rest.isEmpty: return .place(.overview)
        case "graph" where rest.isEmpty: return .place(.graph)
        case "traces": return try traces(rest)
        case "logs":
            do throws(LogWordsError) { return .place(.logs(try LogWords.query(rest.joined(separator: " ")))) } catch {
                throw CommandFailure(.usage, error.sentence)
            }
        case "diff": return try diff(rest)
        case let word?:
            guard rest.isEmpty, let trace = trace(word) else { return try traces(words) }
            return trace
        }
    }

    private static func traces(_ words: [String]) throws(CommandFailure) -> ViewerStart {
        .place(.traces(try SpanPattern(words.joined(separator: " "), of: "").query))
    }

    /// `ID` or `ID/SPAN`.
    private static func trace(_ word: String) -> ViewerStart? {
        let parts = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let prefix = TraceIDPrefix(parts[0]), parts[0].utf8.count >= Limits.minPrefixDigits else { return nil }
        guard parts.count == 2 else { return .trace(prefix, focus: nil) }
        guard let span = SpanID(hex: parts[1]) else { return nil }
        return .trace(prefix, focus: span)
    }

    private static func diff(_ words: [String]) throws(CommandFailure) -> ViewerStart {
        let prefixes = words.compactMap { TraceIDPrefix($0) }
        guard (1...2).contains(words.count), prefixes.count == words.count else {
            throw CommandFailure(
                .usage, "cannot tell which traces to compare",
                advice: "Give two trace ids, or one to compare with the typical trace of its operation.")
        }
        return .diff(prefixes[0], prefixes.count == 2 ? prefixes[1] : nil)
    }
}
