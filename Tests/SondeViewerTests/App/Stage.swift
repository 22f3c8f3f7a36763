// SPDX-License-Identifier: Apache-2.0
// The viewer without a terminal: effects are carried out one after the other, timers run out when the test says so, and
// a picture is text.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import SondeWire
import Synchronization

@testable import SondeViewer

/// A source whose presence and contents a test decides.
final class TestSource: Sendable {
    private let store = MemoryStore()
    private let reader: FailingReader
    private let isThere: Mutex<Bool>

    init(isThere: Bool = true) {
        self.isThere = Mutex(isThere)
        reader = FailingReader(store)
    }

    func appear() { isThere.withLock { $0 = true } }

    /// From now on every answer is that error; nil for none.
    func fail(with error: ReadError?) { reader.fail(with: error) }

    func take(_ spans: [SpanRecord]) async throws {
        try await store.accept(OTLPDecoder.traces(OTLPEncoder.traces(spans)).batch)
    }

    func viewerSource(save: (@Sendable (ViewerExport) async throws(ReadError) -> String)? = nil) -> ViewerSource {
        ViewerSource(
            name: "the collector", arguments: " --at here",
            examine: { _, _, _ async throws(ReadError) in (Self.findings, Self.sample) }, save: save
        ) { [self] () async throws(ReadError) in
            guard isThere.withLock({ $0 }) else { throw .unreachable("no collector answers here") }
            return reader
        }
    }

    private static let sample: TraceSample = {
        var sample = TraceSample()
        sample.used = 12
        return sample
    }()

    static let findings = [
        Finding(
            kind: .errors, severity: .critical, title: "payments POST /payments fails in 6 of 12 traces",
            service: "payments", operation: "POST /payments",
            evidence: [.init("failingTraces", .count(6)), .init("share", .share(0.5))], sampleTrace: .sample(3),
            command: "sonde trace 5a5a"),
        Finding(
            kind: .nPlusOne, severity: .warning, title: "orders calls SELECT item 12 times in a row",
            service: "orders", operation: "SELECT item", evidence: [], sampleTrace: .sample(5), command: ""),
    ]
}

struct Stage {
    var app: ViewerApp
    private var frame: Frame
    private(set) var timers: [(key: String, ViewerMessage)] = []
    private(set) var copied: [String] = []
    private(set) var printed: [String] = []
    private(set) var status: Int32?
    private(set) var suspensions = 0

    /// At 12 minutes after the first sample, in a zone that is the same everywhere.
    static func settings() -> ViewerSettings {
        var settings = ViewerSettings { .sample(ms: 720_000) }
        settings.zone = zone
        return settings
    }

    init(
        _ source: ViewerSource, _ settings: ViewerSettings = Stage.settings(), columns: Int = 80, rows: Int = 24
    ) async {
        let size = Size(columns: columns, rows: rows)
        app = ViewerApp(source: source, settings: settings)
        frame = Frame(size)
        let effects = app.start(size)
        await perform(effects)
    }

    /// Carries out effects and those that follow from their messages; timers wait.
    private mutating func perform(_ effects: [Effect<ViewerMessage>]) async {
        var waiting = effects[...]
        while let effect = waiting.popFirst() {
            switch effect {
            case .run(_, let work):
                if let message = await work() { waiting += app.receive(message) }
            case .after(let key, _, let message):
                timers.removeAll { $0.key == key }
                timers.append((key ?? "", message))
            case .cancel(let key): timers.removeAll { $0.key == key }
            case .copy(let text): copied.append(text)
            case .printAfter(let line): printed.append(line)
            case .quit(let status): self.status = status
            case .suspend: suspensions += 1
            case .bell, .redraw: break
            }
        }
    }

    mutating func send(_ input: Input) async { await perform(app.receive(input)) }

    /// Keys by name, separated by blanks.
    mutating func press(_ keys: String) async {
        for key in keys.split(separator: " ") {
            guard let press = KeyPress(String(key)) else { preconditionFailure("\(key) is no key") }
            await send(.key(press))
        }
    }

    mutating func type(_ text: String) async {
        for character in text { await send(.key(.character(character))) }
    }

    /// All timers that wait run out.
    mutating func passTime() async {
        let due = timers
        timers = []
        for (_, message) in due { await perform(app.receive(message)) }
    }

    mutating func resize(columns: Int, rows: Int) async {
        frame.resize(Size(columns: columns, rows: rows))
        await send(.resize(Size(columns: columns, rows: rows)))
    }

    /// The picture as it is drawn now.
    var picture: Frame {
        var frame = frame
        frame.clear()
        app.view(&frame)
        return frame
    }

    var text: String { picture.text }
}

extension [SpanRecord] {
    /// Twelve checkouts, one a minute, every second of which fails in payments.
    static let shop: [SpanRecord] = (1...12).flatMap { number -> [SpanRecord] in
        let start = Int64(number - 1) * 60_000
        let fails = number % 2 == 1
        let failed = SpanStatus(code: fails ? .error : .unset, message: fails ? "terminal offline" : "")
        let id = UInt64(number) * 16
        let slow = Int64(number) * 10
        return [
            .sample(
                trace: UInt64(number), id + 1, service: "gateway", name: "POST /checkout", start: start,
                duration: 40 + slow, status: failed),
            .sample(
                trace: UInt64(number), id + 2, parent: id + 1, service: "orders", name: "POST /orders",
                start: start + 5, duration: 30 + slow, status: failed),
            .sample(
                trace: UInt64(number), id + 3, parent: id + 2, service: "payments", name: "POST /payments",
                start: start + 10, duration: 20 + slow, status: failed,
                attributes: [Attribute("payment.method", .string(fails ? "card" : "invoice"))]),
        ]
    }
}
