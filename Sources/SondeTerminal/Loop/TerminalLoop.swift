// SPDX-License-Identifier: Apache-2.0
// Runs a program on a terminal: events in, effects out, and a picture when something happened and the terminal has
// taken the one before. Between two pictures anything may pile up; only the newest state is ever drawn. Nothing ticks.

package struct TerminalLoop<P: Program> {
    private enum Event: Sendable {
        case terminal(TerminalEvent)
        case result(EffectTasks<P.Message>.Result)
    }

    private var program: P
    private let terminal: any Terminal
    private let mailbox: Mailbox<Event>
    private var tasks: EffectTasks<P.Message>
    private var frame = Frame(Size(columns: 0, rows: 0))
    private var writer: FrameWriter
    /// Whether something happened since the last picture.
    private var isStale = true
    /// Whether the terminal is still taking the last picture.
    private var isWriting = false
    private var status: Int32?

    package init(program: P, terminal: any Terminal, theme: Theme) {
        self.program = program
        self.terminal = terminal
        let mailbox = Mailbox<Event>()
        self.mailbox = mailbox
        writer = FrameWriter(theme: theme)
        tasks = EffectTasks { mailbox.post(.result($0)) }
    }

    /// - Returns: the status with which the program quit.
    /// - Throws: if the terminal can't be had; or is gone, as after a hang-up.
    package mutating func run() async throws(TerminalError) -> Int32 {
        try terminal.start { [mailbox] event in
            mailbox.post(.terminal(event), limit: event.isDispensable ? Limits.waitingInputs : .max)
        }
        defer {
            tasks.cancelAll()
            terminal.stop()
        }
        frame.resize(terminal.size)
        perform(program.start(terminal.size))
        while status == nil {
            draw()
            for event in await mailbox.next() where status == nil { try receive(event) }
        }
        return status ?? 0
    }

    private mutating func receive(_ event: Event) throws(TerminalError) {
        switch event {
        case .terminal(.drained): isWriting = false
        case .terminal(.closed): throw TerminalError("the terminal is gone")
        case .terminal(.input(let input)):
            prepare(for: input)
            perform(program.receive(input))
        case .result(let result):
            guard let message = tasks.message(of: result) else { return }
            isStale = true
            perform(program.receive(message))
        }
    }

    private mutating func prepare(for input: Input) {
        isStale = true
        switch input {
        case .resize(let size): frame.resize(size)
        case .resume:
            writer.invalidate()
            frame.resize(terminal.size)
        default: break
        }
    }

    private mutating func draw() {
        guard isStale, !isWriting, status == nil else { return }
        isStale = false
        frame.clear()
        program.view(&frame)
        let bytes = writer.bytes(for: frame)
        guard !bytes.isEmpty else { return }
        write(bytes)
    }

    private mutating func write(_ bytes: [UInt8]) {
        isWriting = true
        terminal.write(bytes)
    }

    private mutating func perform(_ effects: [Effect<P.Message>]) {
        for effect in effects {
            switch effect {
            case .run(let key, let work): tasks.run(key, work)
            case .cancel(let key): tasks.cancel(key)
            case .after(let key, let pause, let message):
                tasks.run(key) { (try? await Task.sleep(for: pause)) == nil ? nil : message }
            case .copy(let text): terminal.write(Clipboard.sequence(text))
            case .bell: terminal.write([Byte.bell])
            case .redraw: writer.invalidate()
            case .suspend: terminal.suspend()
            case .quit(let status): self.status = status
            case .printAfter(let line): terminal.printAfterwards(line)
            }
        }
    }
}
