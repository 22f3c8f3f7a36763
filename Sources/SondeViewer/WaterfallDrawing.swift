// SPDX-License-Identifier: Apache-2.0
// A trace as a waterfall: spans in the order in which they began, most of the width given to time, each bar with its
// duration beside it.
//
//   span                    0         31 ms        62 ms        92 ms    123 ms
//   gateway: POST /checkout ████████████████████████████████████████████ 123 ms
//   payments: charge                  ▐██████████████████████▏ 60 ms

import SondeModel
package import SondeTerminal

package struct WaterfallDrawing: Sendable {
    private let view: TraceView
    private var trace: Trace { view.shown }
    let canvas: Canvas
    private let hues: ServiceHues
    private let start: Timestamp
    private let duration: UInt64

    package init(_ view: TraceView, on canvas: Canvas) {
        self.view = view
        self.canvas = canvas
        hues = ServiceHues(view.whole.spans.lazy.map(\.resource.serviceName))
        start = view.whole.start
        duration = view.whole.durationNanoseconds
    }

    package func lines() -> [StyledText] {
        let drawing = TraceDrawing(view, on: canvas)
        guard !trace.spans.isEmpty else { return drawing.lines() }
        let names = trace.spans.indices.map { drawing.name(of: $0) }
        let wanted = names.lazy.map(\.width).max() ?? 0
        let nameWidth = max(1, min(wanted, canvas.width / Limits.waterfallNameShare))
        let chartWidth = max(1, canvas.width - nameWidth - 2)
        var lines = drawing.header() + [StyledText(), axis(nameWidth, chartWidth)]
        let order = trace.spans.indices.sorted {
            (trace.spans[$0].start, $0) < (trace.spans[$1].start, $1)
        }
        for index in order {
            var line = names[index].fitted(to: nameWidth)
            line.append("  ")
            line.append(chart(of: index, chartWidth))
            lines.append(line)
        }
        return lines
    }

    /// Moments above the chart, as many as there is room for.
    private func axis(_ nameWidth: Int, _ width: Int) -> StyledText {
        var line = StyledText("span", .heading).fitted(to: nameWidth)
        line.append("  ")
        let ticks = max(1, min(8, width / Limits.axisTickCells))
        var chart = StyledText("0", .heading)
        for tick in 1...ticks {
            let label = Quantity.duration(nanoseconds: duration / UInt64(ticks) * UInt64(tick))
            let place = width * tick / ticks - DisplayWidth.of(label)
            guard place > chart.width else { continue }
            chart.pad(to: place)
            chart.append(label, .heading)
        }
        line.append(chart)
        return line
    }

    /// The bar with its duration behind it, or in front of it where it reaches the edge.
    private func chart(of index: Int, _ width: Int) -> StyledText {
        let span = trace.spans[index]
        let whole = Double(max(1, duration))
        let from = Double(start.nanoseconds(until: span.start)) / whole
        let fold = view.mark(span).fold
        let to =
            fold.map { Double(start.nanoseconds(until: $0.end)) / whole }
            ?? from + Double(span.durationNanoseconds) / whole
        let took = Quantity.duration(nanoseconds: fold?.totalNanoseconds ?? span.durationNanoseconds)
        let label = span.isUnfinished ? "not ended" : fold == nil ? took : "Σ " + took
        let labelWidth = DisplayWidth.of(label)
        let barWidth = max(1, width - labelWidth - 1)
        let bar =
            span.isUnfinished
            ? Bar.openText(from: from, width: barWidth) : Bar.text(from: from, to: to, width: barWidth)
        var drawn = StyledText()
        drawn.append(drawn: bar, span.isError ? .bad : hues[span.resource.serviceName])
        drawn = drawn.withoutBlanksAtEnd()
        drawn.append(" ")
        drawn.append(label, span.isError ? .bad : .faint)
        return drawn.truncated(to: width)
    }
}
