// SPDX-License-Identifier: Apache-2.0
// The frame around the screens, as a program of the terminal's loop: stacks of screens under tabs, what lies over them
// (help, the `:` line, the range of time), and the way of keys, answers and effects between loop and screens.

import SondeModel
import SondeStorage
package import SondeTerminal

package struct ViewerApp: Program {
    package typealias Message = ViewerMessage

    /// The number under which the app itself asks.
    static let own = 0

    let settings: ViewerSettings
    let source: ViewerSource
    let connection: SourceConnection

    var size = Size(columns: 80, rows: 24)
    var now: Timestamp
    var range: TimeRange
    var services: [String] = []
    var hues = ServiceHues([String]())
    var marked: [TraceID] = []

    var tabs: [Tab]
    var tabIndex = 0
    var overlay: Overlay?
    /// Shown in place of the hint line until the next key.
    var notice: StyledText?
    var outage: Outage?

    var nextScreen = 1
    var nextSerial = 1
    /// What is waited for by screen and slot.
    var pending: [Int: [String: Pending]] = [:]
    /// What a screen asked for that is not in sight: done when it comes back.
    var asleep: [Int: [String: Sleeper]] = [:]

    package init(source: ViewerSource, settings: ViewerSettings) {
        self.settings = settings
        self.source = source
        connection = SourceConnection(source)
        now = settings.clock()
        range = settings.range
        tabs = TabName.allCases.map { Tab(name: $0, stack: []) }
    }

    var context: ScreenContext {
        var context = ScreenContext(
            size: size, now: now, zone: settings.zone, charset: settings.charset, range: range,
            source: source.arguments, marked: marked)
        context.body = layout.body
        context.hues = hues
        context.services = services
        return context
    }

    // MARK: The loop

    package mutating func start(_ size: Size) -> [Effect<Message>] {
        self.size = size
        var effects = ask(.services, slot: "services")
        switch settings.start {
        case .place(let place): effects += begin(at: place)
        case .trace(let prefix, _): effects += begin(at: .traces(TraceQuery())) + look(for: prefix, "first")
        case .diff(let first, let second):
            effects += begin(at: .traces(TraceQuery())) + look(for: first, "first")
            if let second { effects += look(for: second, "second") }
        }
        return effects
    }

    package mutating func receive(_ input: Input) -> [Effect<Message>] {
        now = settings.clock()
        switch input {
        case .resize(let size):
            self.size = size
            return update { $0.receive(input, $1) }
        case .key(let press): return receive(press)
        case .mouse(let press) where overlay == nil && press.row == 0: return receive(onTabs: press)
        case .focus, .resume: return []
        case .mouse, .paste:
            if overlay != nil { return receive(overlay: input) }
            return update { $0.receive(input, $1) }
        }
    }

    package mutating func receive(_ message: Message) -> [Effect<Message>] {
        now = settings.clock()
        switch message {
        case .answered(let question, let serial, let answer): return receive(answer, to: question, serial)
        case .again(let question): return ask(question)
        case .computed(let screen, let slot, let serial, let value):
            guard isAwaited(screen, slot, serial) else { return [] }
            return update(screen) { $0.receive(computed: value, slot: slot, $1) }
        case .woken(let screen, let slot, let serial):
            guard isAwaited(screen, slot, serial) else { return [] }
            guard screen == current?.id else {
                asleep[screen, default: [:]][slot] = .woken
                return []
            }
            return update(screen) { $0.woken(slot, $1) }
        case .retry: return retry()
        case .saved(let result):
            switch result {
            case .success(let path): notice = StyledText("written: " + path, .good)
            case .failure(let error): notice = StyledText(error.reason, .bad)
            }
            return []
        }
    }

    // MARK: Keys

    private mutating func receive(_ press: KeyPress) -> [Effect<Message>] {
        notice = nil
        let everywhere = map(ViewerKeys.everywhere, of: ViewerKeys.name)
        // These leave from anywhere, also from a text field.
        if press.control, let action = everywhere[press], ["quit", "suspend", "redraw"].contains(action) {
            return perform(action)
        }
        guard isLargeEnough else { return everywhere[press] == "quit" ? [.quit(0)] : [] }
        if overlay != nil { return receive(overlay: .key(press)) }
        if let current, current.screen.isTyping { return update { $0.receive(.key(press), $1) } }
        guard let action = current?.map[press] else { return update { $0.receive(.key(press), $1) } }
        return perform(action)
    }

    private mutating func receive(onTabs press: MousePress) -> [Effect<Message>] {
        guard press.action == .press, let place = tabRanges.firstIndex(where: { $0.contains(press.column) }) else {
            return []
        }
        return select(tab: place)
    }

    var isLargeEnough: Bool { size.columns >= Limits.minScreenColumns && size.rows >= Limits.minScreenRows }

    // MARK: Screens

    var current: OpenScreen? { tabs[tabIndex].stack.last }

    /// Lets the screen in sight, or one of a number, take something, and does what it wants.
    mutating func update(
        _ id: Int? = nil, _ change: (inout any ViewerScreen, ScreenContext) -> [ScreenEffect]
    ) -> [Effect<Message>] {
        guard let id = id ?? current?.id else { return [] }
        let context = context
        for tab in tabs.indices {
            for place in tabs[tab].stack.indices where tabs[tab].stack[place].id == id {
                let wishes = change(&tabs[tab].stack[place].screen, context)
                return wishes.flatMap { perform($0, of: id) }
            }
        }
        return []
    }

    /// The first screen: its tab is the one that its kind belongs to.
    private mutating func begin(at place: Destination) -> [Effect<Message>] {
        tabIndex = TabName(of: place).map { TabName.allCases.firstIndex(of: $0) ?? 0 } ?? 1
        if TabName(of: place) == nil {
            let effects = open(.traces(TraceQuery()))
            return effects + open(place)
        }
        return open(place)
    }

    mutating func open(_ place: Destination) -> [Effect<Message>] {
        guard tabs[tabIndex].stack.count < Limits.screensInStack else {
            notice = StyledText("too many screens are open one above the other; Esc closes one", .notice)
            return []
        }
        let screen = place.screen()
        let id = nextScreen
        nextScreen += 1
        tabs[tabIndex].stack.append(OpenScreen(id: id, screen: screen, map: map(of: screen)))
        return update(id) { $0.opened($1) }
    }

    mutating func select(tab place: Int) -> [Effect<Message>] {
        guard place != tabIndex else {
            // The tab's own key leads back to its root.
            var effects: [Effect<Message>] = []
            while tabs[place].stack.count > 1 { effects += closeTop() }
            return effects + wakeUp()
        }
        tabIndex = place
        if tabs[place].stack.isEmpty { return open(tabs[place].name.root) + ask(.services, slot: "services") }
        return wakeUp() + ask(.services, slot: "services")
    }

    mutating func back() -> [Effect<Message>] {
        guard tabs[tabIndex].stack.count > 1 else { return [] }
        return closeTop() + wakeUp()
    }

    private mutating func closeTop() -> [Effect<Message>] {
        guard let closed = tabs[tabIndex].stack.popLast() else { return [] }
        let keys = pending.removeValue(forKey: closed.id)?.keys.map { Self.key(closed.id, $0) } ?? []
        asleep[closed.id] = nil
        outage?.waiting.removeAll { $0.screen == closed.id }
        return keys.sorted().map { .cancel(key: $0) }
    }

    /// The screen in sight has come back: what waited for that is done now.
    private mutating func wakeUp() -> [Effect<Message>] {
        guard let id = current?.id else { return [] }
        var effects: [Effect<Message>] = []
        for (slot, sleeper) in asleep.removeValue(forKey: id)?.sorted(by: { $0.key < $1.key }) ?? [] {
            switch sleeper {
            case .question(let question): effects += ask(question)
            case .woken: effects += update(id) { $0.woken(slot, $1) }
            case .range: effects += update(id) { $0.rangeChanged($1) }
            }
        }
        return effects + update(id) { $0.shown($1) }
    }

    // MARK: Key maps

    private func map(of screen: any ViewerScreen) -> KeyMap {
        let kind = type(of: screen)
        var changes = settings.keys[ViewerKeys.name] ?? [:]
        changes.merge(settings.keys[kind.name] ?? [:]) { $1 }
        return KeyMap(kind.keys + ViewerKeys.everywhere, changes: changes)
    }

    private func map(_ rows: [KeyBinding], of name: String) -> KeyMap {
        KeyMap(rows, changes: settings.keys[name] ?? [:])
    }
}

/// A screen that is open.
struct OpenScreen: Sendable {
    let id: Int
    var screen: any ViewerScreen
    let map: KeyMap
}

/// The screens that one tab leads to, the root first.
struct Tab: Sendable {
    let name: TabName
    var stack: [OpenScreen]
}

enum TabName: String, CaseIterable, Sendable {
    case overview = "Overview"
    case traces = "Traces"
    case graph = "Graph"
    case logs = "Logs"

    var root: Destination {
        switch self {
        case .overview: .overview
        case .traces: .traces(TraceQuery())
        case .graph: .graph
        case .logs: .logs(LogQuery())
        }
    }

    /// The tab of which a place is a root; nil for places that others lead to.
    init?(of place: Destination) {
        switch place {
        case .overview: self = .overview
        case .traces: self = .traces
        case .graph: self = .graph
        case .logs: self = .logs
        case .trace, .diff: return nil
        }
    }
}

/// What is waited for.
struct Pending: Sendable {
    /// Answers with another number come too late.
    var serial: Int
}

/// What waits for its screen to come back into sight.
enum Sleeper: Sendable {
    case question(Question)
    case woken
    /// The range of time has become another one meanwhile.
    case range
}

/// The source can't be reached.
struct Outage: Sendable {
    var reason: String
    /// Asked again with every attempt.
    var waiting: [Question]
}
