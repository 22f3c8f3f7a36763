// SPDX-License-Identifier: Apache-2.0
// The Trace screen as its reader has it: what it asks, what its keys do, what it looks like at two sizes.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

/// A screen with somebody at its keys. Questions are kept; what is computed is computed at once.
struct TraceReaderAtKeys {
    var screen: TraceScreen
    var context: ScreenContext
    private(set) var asked: [Request] = []
    private(set) var opened: [Destination] = []
    private(set) var copied: [String] = []
    private(set) var notice = ""
    private(set) var exported = 0
    private(set) var timers = 0
    private let map = KeyMap(TraceKeys.rows)

    init(_ trace: Trace, _ size: Size = Size(columns: 80, rows: 24), logs: [LogRecord] = []) async {
        screen = TraceScreen(trace.id)
        context = ScreenContext(size: size, now: .sample(ms: 3_600_000), zone: zone)
        await perform(screen.opened(context))
        await answer(.trace(trace), to: .trace(trace.id))
        if !logs.isEmpty { await learn(logs) }
    }

    mutating func answer(_ answer: Answer, to request: Request) async {
        await perform(screen.receive(.success(answer), for: request, context))
    }

    mutating func learn(_ logs: [LogRecord]) async {
        let page = LogPage(logs: logs, next: nil, total: Total(logs.count, isExact: true))
        await answer(.logs(page), to: .logs(LogQuery()))
    }

    mutating func fail(_ error: ReadError, _ request: Request) async {
        await perform(screen.receive(.failure(error), for: request, context))
    }

    /// Keys as help writes them; `text:abc` types.
    mutating func press(_ keys: String...) async {
        for key in keys {
            if key.hasPrefix("text:") {
                for character in key.dropFirst(5) { await press(KeyPress(.character(character))) }
            } else if let press = KeyPress(key) {
                await self.press(press)
            }
        }
    }

    mutating func press(_ press: KeyPress) async {
        notice = ""
        if screen.isTyping { return await perform(screen.receive(.key(press), context)) }
        if press.key == .escape { return await perform(screen.back(context) ?? [.back]) }
        if let action = map[press] { await perform(screen.perform(action, argument: "", context)) }
    }

    mutating func mouse(_ press: MousePress) async { await perform(screen.receive(.mouse(press), context)) }

    mutating func resize(_ size: Size) async {
        let old = context
        context = ScreenContext(size: size, now: old.now, zone: old.zone)
        await perform(screen.receive(.resize(size), context))
    }

    private mutating func perform(_ effects: [ScreenEffect]) async {
        for effect in effects {
            switch effect {
            case .ask(let request, _, _): asked.append(request)
            case .compute(let slot, let work):
                let value = await work()
                await perform(screen.receive(computed: value, slot: slot, context))
            case .open(let place): opened.append(place)
            case .copy(let text): copied.append(text)
            case .notice(let text): notice = text.text
            case .export: exported += 1
            case .wake: timers += 1
            default: break
            }
        }
    }

    var frame: Frame {
        var frame = Frame(context.size)
        screen.view(&frame, in: context.body, context)
        return frame
    }

    var selectedName: String? {
        screen.explorer.flatMap { explorer in explorer.selectedSpan.map { explorer.model.name(of: $0) } }
    }
}

@Suite struct TraceScreenTests {
    private static let sizes = [Size(columns: 80, rows: 24), Size(columns: 120, rows: 40)]

    private func golden(_ name: String, _ reader: TraceReaderAtKeys) throws {
        let size = reader.context.size
        try Golden().expect(reader.frame.text, is: "\(name)-\(size.columns)x\(size.rows).txt")
    }

    // MARK: What it looks like

    @Test(arguments: sizes) func aCheckoutAtFirstSight(_ size: Size) async throws {
        let reader = await TraceReaderAtKeys(.checkout, size)
        try golden("checkout", reader)
        try Golden().expect(reader.frame.described, is: "checkout-\(size.columns)x\(size.rows)-styles.txt")
    }

    @Test(arguments: sizes) func aFailureWithItsDetails(_ size: Size) async throws {
        var reader = await TraceReaderAtKeys(.eventful, size, logs: .ofEventful)
        await reader.press("e", "enter")
        try golden("details", reader)
        await reader.press("v")
        try golden("happenings", reader)
    }

    @Test(arguments: sizes) func repetitionsAndTheCriticalPath(_ size: Size) async throws {
        var reader = await TraceReaderAtKeys(.feed, size)
        await reader.press("c")
        try golden("critical", reader)
        await reader.press("c", "j", "j", "space")
        try golden("repeats-open", reader)
    }

    @Test(arguments: sizes) func halfATrace(_ size: Size) async throws {
        let reader = await TraceReaderAtKeys(.halfArrived, size)
        try golden("half-arrived", reader)
    }

    @Test(arguments: sizes) func aSearchWhileItIsTyped(_ size: Size) async throws {
        var reader = await TraceReaderAtKeys(.checkout, size)
        await reader.press("/", "text:payments")
        try golden("find", reader)
    }

    @Test(arguments: sizes) func aStretchOfTimeWithAMomentRead(_ size: Size) async throws {
        var reader = await TraceReaderAtKeys(.feed, size)
        await reader.press("e", "z", "t", ".", ".", ".", ".")
        try golden("zoomed", reader)
    }

    @Test(arguments: sizes) func namesThatFightBack(_ size: Size) async throws {
        var reader = await TraceReaderAtKeys(.hostile, size)
        await reader.press("j", "enter")
        try golden("hostile", reader)
        let bytes = FrameWriter(theme: .monochrome).written(reader.frame)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("\u{1B}]0;"))
        #expect(!bytes.contains(0x07))
    }

    @Test func withoutUnicodeItIsDrawnInASCII() async throws {
        var reader = await TraceReaderAtKeys(.checkout)
        reader.context.charset = .ascii
        var theme = Theme.monochrome
        theme.charset = .ascii
        let bytes = FrameWriter(theme: theme).written(reader.frame)
        #expect(bytes.allSatisfy { $0 < 0x80 })
    }

    @Test func everySizeIsDrawn() async {
        var reader = await TraceReaderAtKeys(.feed)
        for columns in [1, 10, 40, 61, 200] {
            for rows in [1, 3, 8, 16, 60] {
                await reader.resize(Size(columns: columns, rows: rows))
                _ = reader.frame
                await reader.press("enter", "j", "c", "x", "escape", "escape")
                _ = reader.frame
            }
        }
    }

    // MARK: What it asks

    @Test func asksForTheTraceItsLogsAndItsPin() async {
        let reader = await TraceReaderAtKeys(.checkout)
        #expect(reader.asked.contains(.trace(.sample(1))))
        #expect(reader.asked.contains(.pins))
        #expect(reader.asked.contains { if case .logs(let query) = $0 { query.traceID == .sample(1) } else { false } })
        #expect(reader.timers == 0)
    }

    @Test func aTraceThatIsNotThereIsSaidAndAskedForAgain() async {
        var reader = await TraceReaderAtKeys(.checkout)
        reader.screen = TraceScreen(.sample(404))
        await reader.answer(.trace(nil), to: .trace(.sample(404)))
        #expect(reader.frame.text.contains("No span of trace"))
        #expect(reader.timers == 1)
        await reader.press("j", "c", "/", "enter")
        #expect(reader.frame.text.contains("No span of trace"))
    }

    @Test func anErrorBeforeTheTraceIsShownAndOneBehindItIsANotice() async {
        var reader = await TraceReaderAtKeys(.checkout)
        await reader.fail(.failed("the disk is on fire"), .trace(.sample(1)))
        #expect(reader.notice == "the disk is on fire" && reader.frame.text.contains("POST /checkout"))
        reader.screen = TraceScreen(.sample(1))
        await reader.fail(.failed("the disk is on fire"), .trace(.sample(1)))
        #expect(reader.frame.text.contains("the disk is on fire"))
    }

    @Test func aTraceGrowsUnderItsReader() async {
        let spans = Trace.checkout.spans
        let early = Trace(id: .sample(1), assembling: Array(spans.suffix(5)))
        var reader = await TraceReaderAtKeys(early)
        reader.context.now = .sample(ms: 200)
        await reader.answer(.trace(early), to: .trace(early.id))
        #expect(reader.timers == 1)
        #expect(reader.frame.text.contains("● live"))
        await reader.press("G")
        await reader.answer(.trace(.checkout), to: .trace(early.id))
        #expect(reader.screen.explorer?.model.count == 10)
        #expect(reader.selectedName == "publish order.failed")
        #expect(reader.screen.explorer?.insight != nil)
        reader.context.now = .sample(ms: 3_600_000)
        await reader.answer(.trace(.checkout), to: .trace(early.id))
        #expect(!reader.frame.text.contains("live"))
    }

    // MARK: What its keys do

    @Test func everyRowOfTheMapHasKeysThatExistAndDoNoHarm() async {
        for row in TraceKeys.rows {
            var reader = await TraceReaderAtKeys(.eventful, logs: .ofEventful)
            for key in row.keys + row.aliases { #expect(KeyPress(key) != nil, "\(key) is no key") }
            await reader.press("j", "z", row.keys[0], row.keys[0])
            #expect(reader.frame.text.contains("POST /pay"))
        }
    }

    @Test func helpShowsOnlyKeysThatWorkHere() {
        let map = KeyMap(TraceKeys.rows + ViewerKeys.everywhere)
        for row in map.rows {
            for key in row.keys + row.aliases { #expect(KeyPress(key).flatMap { map[$0] } == row.action) }
        }
        #expect(map.rows.filter { $0.action == "export" }.map(\.keys) == [["ctrl-e"]])
        #expect(KeyPress("E").flatMap { map[$0] } == "previous-error")
    }

    @Test func aSearchThatIsStillGoingOnSaysSo() async {
        var reader = await TraceReaderAtKeys(.checkout)
        reader.screen.explorer?.look(for: SpanSearch("payments"))
        #expect(reader.frame.text.contains("looking for payments"))
        #expect(reader.screen.explorer?.moveToMatch(forward: true) == "still looking")
    }

    @Test func aTraceThatIsGoneStaysUntilItIsLeft() async {
        var reader = await TraceReaderAtKeys(.checkout)
        await reader.answer(.trace(nil), to: .trace(.sample(1)))
        #expect(reader.notice == "this trace is not stored any more")
        #expect(reader.frame.text.contains("POST /checkout") && reader.timers == 0)
    }

    @Test func noTwoRowsOfTheMapClaimAKey() {
        let keys = TraceKeys.rows.flatMap(\.keys)
        #expect(Set(keys).count == keys.count)
        #expect(Set(TraceKeys.rows.map(\.action)).count == TraceKeys.rows.count)
    }

    @Test func escapeClosesWhatWasOpenedLastThenLeaves() async {
        var reader = await TraceReaderAtKeys(.eventful, logs: .ofEventful)
        await reader.press("c", "/", "text:charge", "enter", "enter", "enter")
        #expect(reader.screen.pane?.hasKeys == true)
        await reader.press("escape")
        #expect(reader.screen.pane?.hasKeys == false)
        await reader.press("escape")
        #expect(reader.screen.pane == nil && reader.screen.explorer?.find.search != nil)
        await reader.press("escape")
        #expect(reader.screen.explorer?.find.search == nil)
        await reader.press("escape")
        #expect(reader.screen.explorer?.showsPath == false)
        #expect(reader.screen.back(reader.context) == nil)
    }

    @Test func detailsAreFollowedCopiedAndSearched() async {
        var reader = await TraceReaderAtKeys(.eventful, logs: .ofEventful)
        await reader.press("e", "enter", "enter", "/", "text:terminal", "enter")
        await reader.press("n", "Y")
        #expect(reader.copied.last == "T-17")
        await reader.press("/", "text:0000000000000001", "enter", "enter")
        #expect(reader.selectedName == "POST /pay")
        await reader.press("e", "enter", "/", "text:→ trace", "enter", "enter")
        #expect(reader.opened == [.trace(.sample(77), focus: SpanID(78))])
    }

    @Test func logsAndComparisonsLeadOn() async {
        var reader = await TraceReaderAtKeys(.checkout)
        await reader.press("L", "V")
        reader.context.marked = [.sample(3)]
        await reader.press("V")
        var logs = LogQuery()
        logs.traceID = .sample(1)
        #expect(reader.opened == [.logs(logs), .diff(.sample(1)), .diff(.sample(3), .sample(1))])
    }

    @Test func thePinIsPutAndTakenBack() async {
        var reader = await TraceReaderAtKeys(.checkout)
        await reader.press("P")
        #expect(reader.asked.last == .pin(.sample(1), true))
        await reader.answer(.pinned(true), to: .pin(.sample(1), true))
        #expect(reader.frame.text.contains("kept"))
        await reader.press("P")
        #expect(reader.asked.last == .pin(.sample(1), false))
    }

    @Test func clocksAreMovedAndBack() async {
        var reader = await TraceReaderAtKeys(.skewed)
        #expect(reader.frame.text.contains("skewed"))
        await reader.press("S")
        #expect(reader.screen.explorer?.model.isAdjusted == true)
        #expect(reader.screen.shellCommand(reader.context)?.contains("--adjusted") == true)
        await reader.press("S")
        #expect(reader.screen.explorer?.model.isAdjusted == false)
    }

    @Test func aBrokenQueryIsSaid() async {
        var reader = await TraceReaderAtKeys(.checkout)
        await reader.press("/", "text:{ duration >")
        #expect(!reader.notice.isEmpty)
        await reader.press("enter")
        #expect(reader.screen.explorer?.rows.count == 10)
    }

    // MARK: The mouse

    @Test func theMouseSelectsReadsScrollsAndZooms() async {
        var reader = await TraceReaderAtKeys(.feed, Size(columns: 120, rows: 24))
        let layout = reader.screen.layout(reader.context)
        await reader.mouse(MousePress(.press, row: layout.list.row + 3, column: layout.barColumn + 10))
        #expect(reader.screen.explorer?.selectedRow == 3 && reader.screen.explorer?.cursor != nil)
        await reader.mouse(MousePress(.release, row: layout.list.row + 3, column: layout.barColumn + 10))
        await reader.mouse(MousePress(.wheelDown, row: layout.list.row + 3, column: 5))
        #expect(reader.screen.explorer?.top ?? 0 > 0)
        await reader.mouse(MousePress(.wheelUp, row: layout.axis.row, column: layout.barColumn + 10))
        #expect(reader.screen.explorer?.window.isWhole == false)
        await reader.mouse(MousePress(.press, row: layout.map.row, column: layout.map.column))
        await reader.mouse(
            MousePress(.drag, row: layout.map.row, column: layout.map.column + layout.map.columns / 2 - 1))
        #expect(reader.screen.explorer?.window.start == 0)
        #expect(abs(Double(reader.screen.explorer?.window.length ?? 0) / 2e9 - 0.5) < 0.02)
    }

    @Test func theMouseFoldsOpensAndWidens() async {
        var reader = await TraceReaderAtKeys(.checkout)
        let layout = reader.screen.layout(reader.context)
        let row = MousePress(.press, row: layout.list.row + 4, column: 5)
        await reader.mouse(row)
        await reader.mouse(row)
        #expect(reader.screen.explorer?.rows.count == 5)
        await reader.mouse(row)
        #expect(reader.screen.explorer?.rows.count == 10)
        await reader.mouse(MousePress(.press, row: layout.list.row, column: layout.barColumn - 1))
        await reader.mouse(MousePress(.drag, row: layout.list.row, column: layout.barColumn - 9))
        #expect(reader.screen.layout(reader.context).nameColumns == layout.nameColumns - 8)
    }

    @Test func theMouseAnywhereAtAnyTimeIsHarmless() async {
        var numbers = Dice(state: 7)
        var reader = await TraceReaderAtKeys(.feed, logs: .ofEventful)
        let actions: [MousePress.Action] = [.press, .drag, .release, .wheelUp, .wheelDown]
        let keys = ["enter", "v", "z", "0", "+", "/", "escape", "e", "x", "r", "(", ")", "t", "c"]
        for step in 0..<300 {
            var press = MousePress(
                actions.randomElement(using: &numbers) ?? .press, row: Int.random(in: -1...30, using: &numbers),
                column: Int.random(in: -1...90, using: &numbers))
            press.control = Bool.random(using: &numbers)
            press.shift = Bool.random(using: &numbers)
            await reader.mouse(press)
            if step % 5 == 0 { await reader.press(keys.randomElement(using: &numbers) ?? "z") }
            _ = reader.frame
        }
    }
}

extension FrameWriter {
    /// What a terminal that shows nothing yet is sent.
    fileprivate func written(_ frame: Frame) -> [UInt8] {
        var writer = self
        return writer.bytes(for: frame)
    }
}
