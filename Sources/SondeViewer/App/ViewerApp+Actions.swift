// SPDX-License-Identifier: Apache-2.0
// Actions that work on every screen, whether a key or the `:` line names them.

import SondeModel
import SondeStorage
import SondeTerminal

extension ViewerApp {
    mutating func perform(_ action: ActionName, argument: String = "") -> [Effect<Message>] {
        switch action {
        case "quit": return [.quit(0)]
        case "suspend": return [.suspend]
        case "redraw": return [.redraw]
        case "help":
            overlay = .help(HelpOverlay())
            return []
        case "command":
            overlay = .command(CommandLine())
            return []
        case "time-range":
            if !argument.isEmpty { return perform(range: argument) }
            overlay = .range(RangePicker(range))
            return []
        case "back":
            if let current { return back(from: current) }
            return []
        case "copy-command": return copyCommand()
        case "deep-link": return showLink()
        case "overview", "traces", "graph", "logs": return select(action, argument)
        case "next-screen": return select(tab: (tabIndex + 1) % tabs.count)
        case "previous-screen": return select(tab: (tabIndex + tabs.count - 1) % tabs.count)
        case "diff": return compare()
        default: return update { $0.perform(action, argument: argument, $1) }
        }
    }

    /// What the screen has open of itself comes first.
    private mutating func back(from screen: OpenScreen) -> [Effect<Message>] {
        var isClosedWithin = false
        let effects = update(screen.id) { screen, context in
            let wishes = screen.back(context)
            isClosedWithin = wishes != nil
            return wishes ?? []
        }
        return isClosedWithin ? effects : back()
    }

    private mutating func select(_ action: ActionName, _ argument: String) -> [Effect<Message>] {
        guard argument.isEmpty else { return open(action, argument) }
        guard let place = TabName.allCases.firstIndex(where: { $0.rawValue.lowercased() == action.text }) else {
            return []
        }
        return select(tab: place)
    }

    /// `:traces service=orders`, `:logs refused`.
    private mutating func open(_ action: ActionName, _ argument: String) -> [Effect<Message>] {
        switch action {
        case "traces":
            var query = TraceQuery()
            do throws(QuerySyntaxError) { try query.add(argument) } catch {
                notice = StyledText(error.sentence, .bad)
                return []
            }
            return open(.traces(query))
        case "logs":
            do throws(LogWordsError) { return open(.logs(try LogWords.query(argument))) } catch {
                notice = StyledText(error.sentence, .bad)
                return []
            }
        default: return select(action, "")
        }
    }

    private mutating func compare() -> [Effect<Message>] {
        switch marked.count {
        case 2: return open(.diff(marked[0], marked[1]))
        case 1: return open(.diff(marked[0]))
        default:
            notice = StyledText("no trace is marked; m marks one in the list of traces", .notice)
            return []
        }
    }

    // MARK: Commands and links

    private mutating func copyCommand() -> [Effect<Message>] {
        guard let command = current?.screen.shellCommand(context) else {
            notice = StyledText("there is no shell command for this picture", .notice)
            return []
        }
        return copy(command + source.arguments)
    }

    /// What opens this picture again, here and after the viewer has gone.
    private mutating func showLink() -> [Effect<Message>] {
        guard let place = current?.screen.place else { return [] }
        let link = "sonde view" + place.arguments + range.flagsBesideAnHour + source.arguments
        return copy(link) + [.printAfter(link)]
    }

    // MARK: Overlays

    mutating func receive(overlay input: Input) -> [Effect<Message>] {
        switch overlay {
        case nil: return []
        case .help(var help):
            if case .key(let press) = input, current?.map[press] == "quit" { return perform("quit") }
            let isOpen = help.receive(input, rows: helpRows.count, height: size.rows)
            overlay = isOpen ? .help(help) : nil
            return []
        case .command(var line):
            let outcome = line.receive(input, commands: commands)
            overlay = outcome == .open ? .command(line) : nil
            guard case .run(let text) = outcome else { return [] }
            return run(text)
        case .range(var picker):
            let outcome = picker.receive(input, now: now, zone: settings.zone)
            overlay = outcome == .open ? .range(picker) : nil
            guard case .chosen(let range) = outcome else { return [] }
            return set(range)
        }
    }

    /// What the `:` line knows: all actions of the screen, and what can be opened.
    var commands: [String] {
        let rows = current?.map.rows.map(\.action.text) ?? []
        return Set(rows + ["trace", "range"]).subtracting(["command"]).sorted()
    }

    private mutating func run(_ text: String) -> [Effect<Message>] {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard let name = words.first else { return [] }
        let argument = words.count > 1 ? words[1].trimmed : ""
        let action = ActionName(name)
        if name == "trace" { return openTrace(argument) }
        if name == "range" { return argument.isEmpty ? perform("time-range") : perform(range: argument) }
        guard current?.map.knows(action) == true else {
            let near = commands.first { $0.hasPrefix(name) }
            notice = StyledText(
                "there is no command \(name)" + (near.map { "; did you mean \($0)?" } ?? "; ? lists them"), .bad)
            return []
        }
        return perform(action, argument: argument)
    }

    private mutating func openTrace(_ text: String) -> [Effect<Message>] {
        guard let prefix = TraceIDPrefix(text) else {
            notice = StyledText("\(text.isEmpty ? "nothing" : text) is no trace id; give its first hex digits", .bad)
            return []
        }
        return look(for: prefix, "trace")
    }

    private mutating func perform(range text: String) -> [Effect<Message>] {
        guard let range = RangeText.parse(text, now: now, zone: settings.zone) else {
            notice = StyledText("cannot read the range \(text); " + RangeText.expectation, .bad)
            return []
        }
        return set(range)
    }
}

/// What lies over the screen and has the keys.
enum Overlay: Sendable {
    case help(HelpOverlay)
    case command(CommandLine)
    case range(RangePicker)
}

extension String {
    /// Without blanks at either end.
    var trimmed: String {
        let blanks: (Character) -> Bool = { $0.isWhitespace }
        guard let first = firstIndex(where: { !blanks($0) }), let last = lastIndex(where: { !blanks($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
