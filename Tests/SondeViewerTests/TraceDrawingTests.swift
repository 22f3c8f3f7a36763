// SPDX-License-Identifier: Apache-2.0
// A trace as a tree, at the widths of real terminals.

import SondeModel
import SondeTerminal
import SondeTestKit
import SondeViewer
import Testing

@Suite("Trace drawing")
struct TraceDrawingTests {
    static let samples: [(String, Trace)] = [
        ("checkout", .checkout), ("half-arrived", .halfArrived), ("hostile", .hostile), ("chain", .chain(40)),
    ]

    @Test(arguments: samples, [36, 50, 80, 120, 200])
    func looksAsAgreed(sample: (name: String, trace: Trace), width: Int) throws {
        let lines = TraceDrawing(sample.trace, on: Canvas(width: width, zone: zone)).lines()
        try Golden().expect(text(lines), is: "trace-\(sample.name)-\(width).txt")
    }

    @Test func looksAsAgreedInASCII() throws {
        let lines = TraceDrawing(.checkout, on: Canvas(width: 80, zone: .utc)).lines()
        let ascii = text(lines, Renderer(charset: .ascii))
        #expect(ascii.utf8.allSatisfy { $0 < 0x80 })
        try Golden().expect(ascii, is: "trace-checkout-80-ascii.txt")
    }

    @Test(arguments: samples, [20, 39, 40, 59, 60, 79, 133, 300])
    func fitsEveryWidth(sample: (name: String, trace: Trace), width: Int) {
        for line in TraceDrawing(sample.trace, on: Canvas(width: width, zone: zone)).lines() {
            #expect(line.width <= width)
            #expect(line.width == DisplayWidth.of(line.text))
        }
    }

    @Test func nothingThatATerminalObeysGetsThrough() {
        let drawn = text(TraceDrawing(.hostile, on: Canvas(width: 80, zone: zone)).lines())
        #expect(drawn.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
    }

    @Test func everySpanHasOneRow() {
        let trace = Trace.wide(10_000)
        let lines = TraceDrawing(trace, on: Canvas(width: 120, zone: zone)).lines()
        #expect(lines.count == 6 + 10_000)
    }

    @Test func aChainOfAHundredThousandIsDrawnToItsEnd() {
        let lines = TraceDrawing(.chain(100_000), on: Canvas(width: 80, zone: zone)).lines()
        #expect(lines.last?.text.contains("⋮99999") == true)
        #expect(lines.allSatisfy { $0.width <= 80 })
    }

    @Test func aTraceWithoutSpansSaysSo() {
        let lines = TraceDrawing(Trace(id: .sample(9), assembling: []), on: Canvas(width: 80, zone: zone)).lines()
        #expect(text(lines) == "trace 5a5a0000000000000000000000000009 has no spans\n")
    }

    @Test func timesAtTheEdgesOfTheClockAreDrawn() {
        var early = SpanRecord.sample(1)
        early.start = .zero
        early.end = .zero
        var late = SpanRecord.sample(2, parent: 1)
        late.start = .distantFuture
        late.end = .distantFuture
        let trace = Trace(id: .sample(1), assembling: [early, late])
        for line in TraceDrawing(trace, on: Canvas(width: 80, zone: .utc)).lines() { #expect(line.width <= 80) }
    }
}

extension Trace {
    /// A root with many children, one in a hundred failing.
    static func wide(_ count: Int) -> Trace {
        Trace(
            id: .sample(5),
            assembling: [.sample(1, service: "batch", name: "run", duration: Int64(count))]
                + (2...count).map {
                    .sample(
                        UInt64($0), parent: 1, service: "worker \($0 % 7)", name: "job \($0)", start: Int64($0) - 1,
                        duration: 1,
                        status: SpanStatus(code: $0 % 100 == 0 ? .error : .ok))
                })
    }
}
