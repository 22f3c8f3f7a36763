// SPDX-License-Identifier: Apache-2.0
// The loop: what a program is told, what is done for it, and when it is drawn.

import SondeTerminal
import Synchronization
import Testing

/// Writes down what it hears and does what a test tells it to do on a key.
private struct Scribe: Program {
    struct Log: Sendable {
        var heard: [String] = []
        var views = 0
    }

    final class Shared: Sendable {
        let log = Mutex(Log())
        var heard: [String] { log.withLock { $0.heard } }
        var views: Int { log.withLock { $0.views } }
    }

    let shared = Shared()
    var onStart: [Effect<String>] = []
    var onKey: [String: [Effect<String>]] = ["q": [.quit(0)]]
    private var last = ""

    mutating func start(_ size: Size) -> [Effect<String>] { onStart }

    mutating func receive(_ input: Input) -> [Effect<String>] {
        switch input {
        case .key(let press):
            note(press.text)
            return onKey[press.text] ?? []
        case .resize(let size): note("\(size.columns)x\(size.rows)")
        default: note("\(input)")
        }
        return []
    }

    mutating func receive(_ message: String) -> [Effect<String>] {
        note("<" + message + ">")
        return message == "quit" ? [.quit(3)] : []
    }

    private mutating func note(_ text: String) {
        last = text
        shared.log.withLock { $0.heard.append(text) }
    }

    func view(_ frame: inout Frame) {
        shared.log.withLock { $0.views += 1 }
        frame.draw(last, row: 0)
        frame.draw("bottom right", row: frame.size.rows - 1, column: frame.size.columns - 12)
    }

    init() {}
}

@Suite("Terminal loop")
struct TerminalLoopTests {
    private let terminal = MemoryTerminal(Size(columns: 40, rows: 5))

    /// Runs a program to its end while `person` sits at the terminal.
    private func run(_ program: Scribe, _ person: @Sendable @escaping () async throws -> Void) async throws -> Int32 {
        var loop = TerminalLoop(program: program, terminal: terminal, theme: .dark)
        let watching = Task {
            // Nobody types before there is something to see.
            try await wait { !terminal.writes.isEmpty }
            try await person()
        }
        defer { watching.cancel() }
        let status = try await loop.run()
        try await watching.value
        return status
    }

    private func wait(_ isDone: @Sendable () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !isDone() {
            guard ContinuousClock.now < deadline else { throw TerminalError("it never happened") }
            await Task.yield()
        }
    }

    private func press(_ key: String) { if let press = KeyPress(key) { terminal.send(.key(press)) } }

    /// What the terminal shows by all that was written.
    private func shown() -> ScreenEmulator {
        var emulator = ScreenEmulator(terminal.size)
        for write in terminal.writes { emulator.feed(write) }
        return emulator
    }

    @Test func drawsWhatHappenedAndQuitsWithAStatus() async throws {
        var program = Scribe()
        program.onKey["x"] = [.printAfter("goodbye"), .quit(7)]
        let shared = program.shared
        let status = try await run(program) {
            try await wait { !terminal.writes.isEmpty }
            press("a")
            try await wait { shown().rowText(0) == "a" }
            press("x")
        }
        #expect(status == 7 && terminal.printed == ["goodbye"] && terminal.stops == 1)
        #expect(shared.heard == ["a", "x"])
        #expect(shown().rowText(4).hasSuffix("bottom right"))
    }

    @Test func burstIsOnePictureAndNothingChangedIsNone() async throws {
        let program = Scribe()
        let shared = program.shared
        _ = try await run(program) {
            try await wait { terminal.writes.count == 1 }
            terminal.becomeSlow()
            press("a")
            try await wait { terminal.writes.count == 2 }
            for _ in 0..<2_000 { press("down") }
            press("b")
            try await wait { shared.heard.count == 2_002 }
            #expect(terminal.writes.count == 2 && shared.views == 2)
            terminal.drain()
            try await wait { terminal.writes.count == 3 }
            #expect(shown().rowText(0) == "b" && shared.views == 3)
            terminal.drain()
            press("b")
            try await wait { shared.views == 4 }
            press("q")
        }
        // The same picture once more was not written.
        #expect(terminal.writes.count == 3)
    }

    @Test func resultsComeBackAsMessages() async throws {
        var program = Scribe()
        program.onStart = [
            .run(key: nil) { "one" }, .run(key: "work") { nil }, .after(key: "later", .milliseconds(1), "two"),
        ]
        let shared = program.shared
        _ = try await run(program) {
            try await wait { Set(shared.heard) == ["<one>", "<two>"] }
            press("q")
        }
    }

    @Test func laterEffectTakesThePlaceOfTheEarlierOfItsKey() async throws {
        let gate = Mutex(false)
        let opened: @Sendable () -> Bool = { gate.withLock { $0 } }
        var program = Scribe()
        program.onKey["1"] = [
            .run(key: "search") {
                while !opened() { await Task.yield() }
                return "old"
            }
        ]
        program.onKey["2"] = [.run(key: "search") { "new" }]
        program.onKey["3"] = [.after(key: "timer", .milliseconds(1), "cancelled"), .cancel(key: "timer")]
        let shared = program.shared
        _ = try await run(program) {
            for key in ["1", "2", "3"] { press(key) }
            try await wait { shared.heard.contains("<new>") }
            gate.withLock { $0 = true }
            // Whatever the old one still says would come before what is asked for now.
            press("2")
            try await wait { shared.heard.count { $0 == "<new>" } == 2 }
            press("q")
        }
        #expect(!shared.heard.contains("<old>") && !shared.heard.contains("<cancelled>"))
    }

    @Test func quitsWithoutWaitingForWork() async throws {
        var program = Scribe()
        let cancelled = Mutex(false)
        program.onStart = [
            .run(key: "slow") {
                while !Task.isCancelled { await Task.yield() }
                cancelled.withLock { $0 = true }
                return "never heard"
            }
        ]
        let shared = program.shared
        _ = try await run(program) { press("q") }
        try await wait { cancelled.withLock { $0 } }
        #expect(!shared.heard.contains("<never heard>"))
    }

    @Test func newSizeIsDrawnAsAWhole() async throws {
        let program = Scribe()
        _ = try await run(program) {
            try await wait { terminal.writes.count == 1 }
            terminal.resize(Size(columns: 20, rows: 3))
            try await wait { terminal.writes.count == 2 }
            press("q")
        }
        var emulator = ScreenEmulator(Size(columns: 20, rows: 3))
        emulator.feed(terminal.writes[1])
        #expect(
            emulator.mistakes.isEmpty && emulator.rowText(0) == "20x3" && emulator.rowText(2).hasSuffix("bottom right"))
    }

    @Test func suspensionAndRedrawWriteEverythingAnew() async throws {
        var program = Scribe()
        program.onKey["ctrl-z"] = [.suspend]
        program.onKey["ctrl-l"] = [.redraw]
        _ = try await run(program) {
            try await wait { terminal.writes.count == 1 }
            press("ctrl-z")
            try await wait { terminal.writes.count >= 2 && shown().rowText(0) == "resume" }
            press("ctrl-l")
            try await wait { shown().rowText(0) == "ctrl-l" }
            press("q")
        }
        #expect(terminal.suspensions == 1)
        var emulator = ScreenEmulator(terminal.size)
        emulator.feed(terminal.writes.last ?? [])
        #expect(emulator.rowText(0) == "ctrl-l" && emulator.rowText(4).hasSuffix("bottom right"))
    }

    @Test func copiesWithAnEscapeSequenceOfItsOwn() async throws {
        var program = Scribe()
        program.onKey["y"] = [.copy("sonde trace 4bf9 漢"), .bell]
        _ = try await run(program) {
            press("y")
            try await wait { terminal.writes.contains([7]) }
            press("q")
        }
        let sequence = "\u{1B}]52;c;c29uZGUgdHJhY2UgNGJmOSDmvKI=\u{1B}\\"
        #expect(terminal.writes.contains(Array(sequence.utf8)))
    }

    @Test func terminalThatIsGoneEndsTheLoop() async throws {
        let program = Scribe()
        await #expect(throws: TerminalError.self) {
            _ = try await run(program) { terminal.hangUp() }
        }
        #expect(terminal.stops == 1)
    }
}
