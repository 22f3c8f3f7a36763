// SPDX-License-Identifier: Apache-2.0
// A row's bar, drawn: dark and light, in the service's colour or in that of a failure, with what happened on it.
//
//   events •   exceptions and errors ✗   log lines ▴

import SondeModel
import SondeTerminal

struct BarPicture {
    let picture: TracePicture
    let scale: TimeScale
    let line: Int

    private var model: TraceModel { picture.explorer.model }
    private var first: Int { picture.layout.barColumn }

    func draw(_ content: RowList.Content, on frame: inout Frame) {
        guard picture.layout.barColumns > 0 else { return }
        switch content {
        case .span(let span): draw(span, on: &frame)
        case .repeats(let group): draw(group: group, on: &frame)
        case .missingParent: break
        }
    }

    private func draw(group: Int, on frame: inout Frame) {
        let members = model.repeats.members(of: group)
        let hue = picture.hue(of: model.repeats.first(of: group))
        let bar = SpanBar(group: model.repeats.groups[group], members: members, of: model, on: scale)
        draw(bar, hue: hue, isError: false, isPale: picture.explorer.showsPath, on: &frame)
        guard picture.explorer.showsPath else { return }
        for member in members { drawPath(of: Int(member), hue, false, on: &frame) }
    }

    private func draw(_ span: Int, on frame: inout Frame) {
        let bar = SpanBar(span, of: model, on: scale)
        let hue = picture.hue(of: span)
        let isError = model.flags[span].contains(.error)
        draw(bar, hue: hue, isError: isError, isPale: picture.explorer.showsPath, on: &frame)
        if picture.explorer.showsPath { drawPath(of: span, hue, isError, on: &frame) }
        drawEvents(of: span, on: &frame)
        if isError, bar.filled.upperBound < scale.cells, !bar.filled.isEmpty {
            frame.put("✗", .bad, row: line, column: first + bar.filled.upperBound)
        }
    }

    // MARK: Cells

    private func draw(_ bar: SpanBar, hue: Int, isError: Bool, isPale: Bool, on frame: inout Frame) {
        switch bar.hidden {
        case .left: frame.put("◂", .faint, row: line, column: first)
        case .right: frame.put("▸", .faint, row: line, column: first + scale.cells - 1)
        case .none: break
        }
        let own: Role = isError ? .bad : .hue(hue)
        for cell in bar.filled {
            let column = first + cell
            // Beside the critical path everything else is a line.
            if isPale {
                frame.put(cell == bar.filled.lowerBound ? "╶" : "─", .tint(hue), row: line, column: column)
                continue
            }
            switch bar.cells[cell] {
            case .empty: break
            case .own(let eighths, let fromRight):
                put(eighths, fromRight, own, isError ? .bad : .bar(hue), column, on: &frame)
            case .child(let eighths, let fromRight):
                put(eighths, fromRight, .tint(hue), .lightBar(hue), column, on: &frame)
            case .open: frame.put("░", own, row: line, column: column)
            }
        }
    }

    private func put(
        _ eighths: Int, _ fromRight: Bool, _ role: Role, _ ground: Ground, _ column: Int, on frame: inout Frame
    ) {
        if eighths >= 8 { return frame.put(" ", role, row: line, column: column, ground: ground) }
        // Without Unicode a part of a cell is a cell.
        if picture.charset == .ascii { return frame.put("█", role, row: line, column: column) }
        guard fromRight else { return frame.put(Self.blocks[eighths], role, row: line, column: column) }
        // Blocks fill from the left only; turned around, what is left of them is blank.
        frame.put(Self.blocks[8 - eighths], role, row: line, column: column, attributes: .reversed)
    }

    private static let blocks: [Unicode.Scalar] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]

    // MARK: What lies on it

    private func drawPath(of span: Int, _ hue: Int, _ isError: Bool, on frame: inout Frame) {
        guard let insight = picture.explorer.insight else { return }
        for place in insight.stretches(of: span) {
            let stretch = insight.path[Int(place)]
            let start = picture.explorer.drawnOffset(of: stretch.start, in: span)
            let end = picture.explorer.drawnOffset(of: stretch.end, in: span)
            for cell in scale.cells(from: start, to: end) {
                frame.put(" ", row: line, column: first + cell, ground: isError ? .bad : .bar(hue))
            }
        }
    }

    private func drawEvents(of span: Int, on frame: inout Frame) {
        for record in picture.explorer.logs[span] ?? [] {
            let level = LogLevel(severityNumber: record.severityNumber)
            put("▴", level.map { $0 >= .error } == true ? .bad : .strong, at: record.effectiveTime, span, on: &frame)
        }
        guard model.flags[span].contains(.events) else { return }
        for event in model.trace.spans[span].events.prefix(Limits.eventsOnBar) {
            put(event.isException ? "✗" : "•", event.isException ? .bad : .strong, at: event.time, span, on: &frame)
        }
    }

    private func put(_ mark: Unicode.Scalar, _ role: Role, at time: Timestamp, _ span: Int, on frame: inout Frame) {
        let moment = picture.explorer.offset(of: time, of: span)
        guard let cell = scale.cell(of: moment) else { return }
        // On a bar, red would be lost on red.
        let isOnBar = frame.ground(row: line, column: first + cell)?.isDrawn == true
        frame.put(mark, isOnBar ? .strong : role, row: line, column: first + cell)
    }
}

extension TraceExplorer {
    /// Where a moment that a span's own clock read is drawn; what happened before the trace began is drawn at its start.
    func offset(of time: Timestamp, of span: Int) -> UInt64 {
        let moved = model.isAdjusted ? insight?.adjustment(of: span) ?? 0 : 0
        return min(model.origin.nanoseconds(until: time.advanced(byNanoseconds: moved)), model.length)
    }
}
