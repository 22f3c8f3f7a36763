// SPDX-License-Identifier: Apache-2.0
// A screen on a stage: keys go in by the screen's own map, questions are answered by a store in memory, and what it
// wants of the world beside that is written down.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import SondeWire

@testable import SondeViewer

struct ScreenStage<Screen: ViewerScreen> {
    var screen: Screen
    var context: ScreenContext
    private(set) var opened: [Destination] = []
    private(set) var exports: [ViewerExport] = []
    private(set) var copied: [String] = []
    private(set) var notices: [String] = []
    private(set) var asked: [Request] = []
    /// Timers that run, and questions that are asked again and again.
    private(set) var timers: Set<String> = []
    private let connection: SourceConnection

    init(
        _ screen: Screen, on store: MemoryStore, columns: Int = 80, rows: Int = 24, range: TimeRange = .all,
        charset: Charset = .unicode
    ) async {
        self.screen = screen
        context = ScreenContext(
            size: Size(columns: columns, rows: rows), now: .sample(ms: 600_000), zone: zone, charset: charset,
            range: range, services: ((try? await store.services()) ?? []).map(\.name))
        connection = SourceConnection(
            ViewerSource(name: "memory", arguments: "") { () async throws(ReadError) in store })
        await act { $0.opened($1) }
    }

    mutating func press(_ keys: String...) async {
        for key in keys {
            guard let press = KeyPress(key) else { preconditionFailure("there is no key \(key)") }
            let map = KeyMap(Screen.keys + ViewerKeys.everywhere)
            if !screen.isTyping, let action = map[press] {
                if action == "back" {
                    await act { $0.back($1) ?? [.back] }
                } else {
                    await act { $0.perform(action, argument: "", $1) }
                }
            } else {
                await act { $0.receive(.key(press), $1) }
            }
        }
    }

    mutating func type(_ text: String) async {
        for character in text { await act { $0.receive(.key(.character(character)), $1) } }
    }

    mutating func mouse(_ action: MousePress.Action, row: Int, column: Int) async {
        await act { $0.receive(.mouse(MousePress(action, row: row, column: column)), $1) }
    }

    mutating func resize(columns: Int, rows: Int) {
        let range = context.range
        let services = context.services
        context = ScreenContext(
            size: Size(columns: columns, rows: rows), now: context.now, zone: zone, charset: context.charset,
            range: range, services: services)
    }

    /// Lets a timer run out, or a live question be asked again.
    mutating func wake(_ slot: String) async {
        timers.remove(slot)
        await act { $0.woken(slot, $1) }
    }

    mutating func act(_ change: (inout Screen, ScreenContext) -> [ScreenEffect]) async {
        var wishes = change(&screen, context)
        while !wishes.isEmpty {
            let wish = wishes.removeFirst()
            switch wish {
            case .ask(let request, _, _):
                asked.append(request)
                let answer = await connection.answer(request, now: context.now)
                wishes += screen.receive(answer, for: request, context)
            case .compute(let slot, let work):
                wishes += screen.receive(computed: await work(), slot: slot, context)
            case .wake(let slot, _): timers.insert(slot)
            case .open(let place): opened.append(place)
            case .export(let export): exports.append(export)
            case .copy(let text): copied.append(text)
            case .notice(let text): notices.append(text.text)
            case .withdraw(let slot): timers.remove(slot)
            case .back, .mark, .setRange, .perform: break
            }
        }
    }

    var frame: Frame {
        var frame = Frame(context.size)
        screen.view(&frame, in: context.body, context)
        return frame
    }

    /// The picture without the lines that belong to the app.
    var text: String { (1..<max(1, context.size.rows - 1)).map { frame.rowText($0) + "\n" }.joined() }
}

extension MemoryStore {
    static func holding(_ traces: Trace..., logs: [LogRecord] = []) async throws -> MemoryStore {
        let store = MemoryStore()
        for trace in traces {
            // Some samples of this suite have spans that speak of another trace.
            var spans = trace.spans
            for index in spans.indices { spans[index].traceID = trace.id }
            try await store.accept(OTLPDecoder.traces(OTLPEncoder.traces(spans)).batch)
        }
        if !logs.isEmpty { try await store.accept(batch(logs)) }
        return store
    }

    static func batch(_ logs: [LogRecord]) throws -> LogBatch { try OTLPDecoder.logs(OTLPEncoder.logs(logs)).batch }
}

/// The golden files of this suite, wherever in it the test stands.
let pictures = Golden(beside: #filePath)
