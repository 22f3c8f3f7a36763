// SPDX-License-Identifier: Apache-2.0
// `sonde pin ID`: keeps a trace that retention would let go of.

import ArgumentParser
import Logging
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct Pin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a trace whatever --keep and --max-disk say, list what is kept, or let it go again.",
        discussion: """
            Spans of a pinned trace that still arrive are kept as well. The first digits of an id are enough when no \
            other trace begins with them. With --db no collector may hold the folder, unless only --list is asked for.

            \(ExitStatus.help)
            """
    )

    @Argument(help: "The trace id, or at least its first 4 hex digits.") var id: String?
    @Option(help: "Why it is kept; shown by --list. Pinning again replaces it.") var note = ""
    @Flag(help: "List all pins, latest first.") var list = false
    @Flag(help: "Take the pin back: the trace is subject to retention again.") var remove = false
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func validate() throws {
        guard list == (id == nil) else {
            throw ValidationError("give the id of a trace, or --list, not both")
        }
        guard !(list && remove) else { throw ValidationError("--list and --remove are two commands; give one of them") }
        guard note.utf8.count <= TracePin.maxNoteBytes else {
            throw ValidationError("--note has \(note.utf8.count) bytes; the limit is \(TracePin.maxNoteBytes)")
        }
        if let id, TraceIDPrefix(id) == nil {
            throw ValidationError("\(id) is not a trace id; give 4 to 32 hex digits, as `sonde traces` lists them")
        }
    }

    func run() async throws {
        let source = try await source.openPins(writes: !list)
        let result: Result<Void, CommandFailure>
        do throws(CommandFailure) {
            if let id { try await change(id, source) } else { try await show(source) }
            result = .success(())
        } catch { result = .failure(error) }
        await source.close()
        try result.get()
    }

    private func change(_ text: String, _ source: PinSource) async throws(CommandFailure) {
        let printer = Printer(drawing)
        if remove {
            let id = try await pinned(text, source)
            let wasPinned = try await asking { () async throws(ReadError) in try await source.pins.unpin(id) }
            guard wasPinned else { throw notPinned(text) }
            return printer.draw([StyledText("\(id.hex) is no longer pinned")])
        }
        let trace = try await TraceFinder(reader: source.reader).find(text)
        let pin = try await asking { () async throws(ReadError) -> TracePin? in
            try await source.pins.pin(trace.id, note: note)
        }
        guard let pin else { throw CommandFailure(.nothingFound, "trace \(trace.id) has just been pruned") }
        switch output {
        case .json, .ndjson: printer.json(NativeJSON.pin(pin.traceID, note: pin.note, time: pin.time))
        case .text: printer.draw([StyledText("\(pin.traceID.hex) is pinned")])
        }
    }

    /// A pin may outlive its spans: what is to be unpinned is looked for among the pins.
    private func pinned(_ text: String, _ source: PinSource) async throws(CommandFailure) -> TraceID {
        let pins = try await asking { () async throws(ReadError) in try await source.pins.pins() }
        if let id = TraceID(padding: text), pins.contains(where: { $0.traceID == id }) { return id }
        let digits = text.lowercased()
        let found = pins.map(\.traceID).filter { $0.hex.hasPrefix(digits) }
        guard found.count <= 1 else {
            throw CommandFailure(
                .usage, "more than one pinned trace begins with \(text)",
                advice: "Give more digits of one of these:\n" + found.map { "  " + $0.hex }.joined(separator: "\n"))
        }
        guard let id = found.first else { throw notPinned(text) }
        return id
    }

    private func notPinned(_ text: String) -> CommandFailure {
        CommandFailure(.nothingFound, "no pinned trace begins with \(text)", advice: "`sonde pin --list` lists them.")
    }

    private func show(_ source: PinSource) async throws(CommandFailure) {
        let pins = try await asking { () async throws(ReadError) in try await source.pins.pins() }
        let printer = Printer(drawing)
        let json = NativeJSON.pins(pins.map { ($0.traceID, $0.note, $0.time) })
        switch output {
        case .json: printer.json(json)
        case .ndjson: printer.ndjson(json)
        case .text: printer.draw(pins.map { Self.line($0, printer) })
        }
        guard pins.isEmpty else { return }
        throw CommandFailure(.nothingFound, "no trace is pinned", advice: "`sonde pin ID --note TEXT` keeps one.")
    }

    private static func line(_ pin: TracePin, _ printer: Printer) -> StyledText {
        var line = StyledText(pin.traceID.hex, .strong)
        line.append("  " + printer.canvas.moment(pin.time), .faint)
        if !pin.note.isEmpty { line.append("  " + pin.note) }
        return line
    }
}
