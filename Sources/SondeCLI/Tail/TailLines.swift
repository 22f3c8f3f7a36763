// SPDX-License-Identifier: Apache-2.0
// What a tail writes: a line for each trace or span, each written whole.

import ArgumentParser
import SondeAnalysis
import SondeModel
import SondeViewer
import SondeWire

/// Encodings of a list that has no end.
enum LineFormat: String, CaseIterable, ExpressibleByArgument { case text, ndjson }

struct TailLines {
    let printer: Printer
    let format: LineFormat
    let spans: Bool
    private(set) var shown = 0
    private var drawing: ArrivalDrawing

    init(printer: Printer, format: LineFormat, spans: Bool) {
        self.printer = printer
        self.format = format
        self.spans = spans
        drawing = ArrivalDrawing(on: printer.canvas)
    }

    mutating func show(_ summary: TraceSummary) {
        shown += 1
        switch format {
        case .text: printer.draw(drawing.lines(summary))
        case .ndjson:
            printer.ndjson(NativeJSON.search([summary], next: nil, total: Total(1, isExact: true)))
        }
    }

    /// Spans as `sonde trace --output ndjson` has them, each with the trace it belongs to.
    mutating func show(_ spans: some Sequence<Int>, of trace: Trace) {
        let document =
            format == .ndjson
            ? NativeJSON.tree(trace, annotations: TraceAnalysis.annotations(of: trace), flat: true) : []
        // The first list of the document is that of missing parents, inside of another object; the spans are its own.
        let items = JSONLines.items(of: document) ?? []
        for span in spans {
            shown += 1
            if format == .text {
                printer.draw(drawing.lines(trace.spans[span]))
            } else if items.indices.contains(span) {
                printer.json(Array(#"{"traceId":"\#(trace.id.hex)","#.utf8) + items[span].dropFirst())
            }
        }
    }
}
