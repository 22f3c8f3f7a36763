// SPDX-License-Identifier: Apache-2.0
// What each action of the key map does.

import SondeModel
import SondeStorage
import SondeTerminal

extension TraceScreen {
    package mutating func perform(
        _ action: ActionName, argument: String, _ context: ScreenContext
    ) -> [ScreenEffect] {
        guard explorer != nil else { return action == "refresh" ? [.ask(.trace(id))] : [] }
        let before = explorer?.selected
        defer {
            // Another span, from its first line on.
            if explorer?.selected != before { pane?.reset() }
            layOut(context)
        }
        if let effects = performInPane(action, context) { return effects }
        if move(action) { return [] }
        if let remark = explore(action) { return remark.map { [.notice(StyledText($0, .notice))] } ?? [] }
        if see(action, context) { return [] }
        return lead(action, argument, context)
    }

    /// From row to row.
    private mutating func move(_ action: ActionName) -> Bool {
        switch action {
        case "down": explorer?.move(by: 1)
        case "up": explorer?.move(by: -1)
        case "page-down": explorer?.page(1)
        case "page-up": explorer?.page(-1)
        case "first": explorer?.moveToStart()
        case "last": explorer?.moveToEnd()
        case "parent": explorer?.moveToParent()
        case "close": explorer?.close()
        case "open": explorer?.open()
        case "fold-all": explorer?.closeAll()
        case "open-all": explorer?.openAll()
        default: return false
        }
        return true
    }

    /// What may have something to say; nil if it is another action.
    private mutating func explore(_ action: ActionName) -> Remark? {
        guard explorer != nil else { return nil }
        switch action {
        case "fold": return explorer?.toggleFold()
        case "fold-level": return explorer?.closeLevel()
        case "open-level": return explorer?.openLevel()
        case "repeats": return explorer?.toggleRepeats()
        case "next-match": return explorer?.moveToMatch(forward: true)
        case "previous-match": return explorer?.moveToMatch(forward: false)
        case "sift": return explorer?.toggleSifting()
        case "next-error": return explorer?.moveToError(forward: true)
        case "previous-error": return explorer?.moveToError(forward: false)
        case "slowest": return explorer?.moveToHottest(forward: true)
        case "less-slow": return explorer?.moveToHottest(forward: false)
        case "slower": return explorer?.moveToSibling(slower: true)
        case "faster": return explorer?.moveToSibling(slower: false)
        case "critical-path": return explorer?.toggleCriticalPath()
        case "next-stretch": return explorer?.moveAlongPath(forward: true)
        case "previous-stretch": return explorer?.moveAlongPath(forward: false)
        case "mark": return explorer?.toggleMark()
        case "next-mark": return explorer?.moveToMark(forward: true)
        case "fit": return explorer?.fitSelection()
        default: return nil
        }
    }

    /// Which time is seen, and how much room it has.
    private mutating func see(_ action: ActionName, _ context: ScreenContext) -> Bool {
        let cells = layout(context).barColumns
        switch action {
        case "zoom-in": explorer?.zoom(by: 1 / Limits.zoomStep)
        case "zoom-out": explorer?.zoom(by: Limits.zoomStep)
        case "whole": explorer?.window.showAll()
        case "pan-left": explorer?.window.pan(by: -Limits.panStep)
        case "pan-right": explorer?.window.pan(by: Limits.panStep)
        case "leap-left": explorer?.window.pan(by: -Limits.panLeap)
        case "leap-right": explorer?.window.pan(by: Limits.panLeap)
        case "cursor": explorer?.toggleCursor()
        case "cursor-left": explorer?.moveCursor(byCells: -1, of: cells)
        case "cursor-right": explorer?.moveCursor(byCells: 1, of: cells)
        case "wider": nameColumns = layout(context).nameColumns + 2
        case "narrower": nameColumns = max(Limits.leastNameColumns, layout(context).nameColumns - 2)
        case "wrap": pane?.wraps.toggle()
        default: return false
        }
        return true
    }

    /// What leads somewhere else, or opens something.
    private mutating func lead(_ action: ActionName, _ argument: String, _ context: ScreenContext) -> [ScreenEffect] {
        switch action {
        case "find":
            guard argument.isEmpty else { return find(argument) }
            typing = Typing(place: .find, field: TextField("", history: findHistory))
            return []
        case "details": return openPane()
        case "happenings": return readHappenings(context)
        case "clocks": return toggleClocks(context)
        case "copy-value": return copySpan()
        case "trace-logs":
            var query = LogQuery()
            query.traceID = id
            return [.open(.logs(query))]
        case "compare":
            let other = context.marked.last { $0 != id }
            return [.open(other.map { .diff($0, id) } ?? .diff(id))]
        case "mark-trace": return [.mark(id)]
        case "pin": return [.ask(.pin(id, !isPinned))]
        case "refresh": return [.ask(.trace(id)), .notice(StyledText("asked again", .faint))]
        case "export": return explorer.map { [.export(.trace($0.model.trace))] } ?? []
        default: return []
        }
    }

    private func copySpan() -> [ScreenEffect] {
        guard let explorer, let span = explorer.selectedSpan else { return [.copy(id.hex)] }
        return [.copy(explorer.model.trace.spans[span].spanID.hex)]
    }

    /// Escape: what was opened last goes first.
    package mutating func back(_ context: ScreenContext) -> [ScreenEffect]? {
        defer { layOut(context) }
        if pane?.hasKeys == true {
            pane?.hasKeys = false
        } else if pane != nil {
            pane = nil
        } else if explorer?.find.search != nil {
            return find("")
        } else if explorer?.cursor != nil {
            explorer?.cursor = nil
        } else if explorer?.showsPath == true {
            explorer?.showsPath = false
        } else {
            return nil
        }
        return []
    }
}

// MARK: - The pane

extension TraceScreen {
    /// Opens; once open, gives it the keys.
    private mutating func openPane() -> [ScreenEffect] {
        if pane == nil { pane = DetailPane() } else { pane?.hasKeys = true }
        return []
    }

    /// Straight to the exceptions, events and logs of the selected span.
    private mutating func readHappenings(_ context: ScreenContext) -> [ScreenEffect] {
        if pane == nil { pane = DetailPane() }
        layOut(context)
        let (lines, height) = paneLines(context)
        var found = false
        for section in [DetailLine.Section.events, .logs] where !found {
            found = pane?.go(to: section, in: lines, height: height) == true
        }
        pane?.hasKeys = found
        return found ? [] : [.notice(StyledText("this span has neither events nor logs", .faint))]
    }

    /// What the pane shows, and how many lines of it at once.
    func paneLines(_ context: ScreenContext) -> (lines: [DetailLine], height: Int) {
        guard let explorer, pane != nil else { return ([], 1) }
        let layout = layout(context)
        return (detail(explorer, context.hues, context, layout).lines(), max(1, layout.pane.rows - 1))
    }

    /// Actions that mean something else while the pane has the keys; nil for all others.
    private mutating func performInPane(_ action: ActionName, _ context: ScreenContext) -> [ScreenEffect]? {
        guard pane?.hasKeys == true else { return nil }
        let (lines, height) = paneLines(context)
        switch action {
        case "down": pane?.move(by: 1, in: lines.count, height: height)
        case "up": pane?.move(by: -1, in: lines.count, height: height)
        case "page-down": pane?.move(by: height, in: lines.count, height: height)
        case "page-up": pane?.move(by: -height, in: lines.count, height: height)
        case "first": pane?.go(to: 0, in: lines.count, height: height)
        case "last": pane?.go(to: lines.count - 1, in: lines.count, height: height)
        case "details": return follow(lines[safe: pane?.line ?? 0]?.link)
        case "copy-value": return copy(lines[safe: pane?.line ?? 0])
        case "find":
            typing = Typing(place: .pane, field: TextField())
        case "next-match", "previous-match":
            let remark = pane?.moveToMatch(forward: action == "next-match", in: lines, height: height) ?? nil
            return remark.map { [.notice(StyledText($0, .notice))] } ?? []
        default: return nil
        }
        return []
    }

    private mutating func follow(_ link: DetailLine.Link?) -> [ScreenEffect] {
        switch link {
        case .span(let span):
            explorer?.select(span: span)
            pane?.hasKeys = false
            return []
        case .trace(let trace, let span):
            if trace == id, let place = explorer?.model.trace.spans.firstIndex(where: { $0.spanID == span }) {
                return follow(.span(place))
            }
            return [.open(.trace(trace, focus: span))]
        case .logs(let span):
            var query = LogQuery()
            query.traceID = id
            query.spanID = span
            return [.open(.logs(query))]
        case nil: return [.notice(StyledText("nothing to follow here; parents, links and logs lead on", .faint))]
        }
    }

    private func copy(_ line: DetailLine?) -> [ScreenEffect] {
        guard let line else { return [] }
        return [.copy(line.value.isEmpty ? line.text.text : line.value)]
    }
}
