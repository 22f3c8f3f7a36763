// SPDX-License-Identifier: Apache-2.0
// A span's time as cells, to an eighth: dark where the span itself works, light where a child does.
//
//   ██━━━━━━━━━━━━━━█━━━━━━━━━━━━━━━━━██▌

import SondeModel

struct SpanBar: Sendable {
    enum Cell: Hashable, Sendable {
        case empty
        /// The span itself works; filled from the left edge by so many eighths, or from the right edge.
        case own(eighths: Int, fromRight: Bool)
        /// A child works.
        case child(eighths: Int, fromRight: Bool)
        /// Goes on, nobody knows for how long.
        case open
    }

    enum Overflow: Hashable, Sendable { case none, left, right }

    private(set) var cells: [Cell] = []
    /// The side on which a span lies that is not in sight.
    private(set) var hidden = Overflow.none
    /// Whether it goes on beyond the left and the right edge.
    private(set) var continuesLeft = false
    private(set) var continuesRight = false
    /// Cells that are not empty.
    private(set) var filled = 0..<0

    /// The bar of one span.
    init(_ span: Int, of model: TraceModel, on scale: TimeScale) {
        let isOpen = model.flags[span].contains(.unfinished)
        guard lay(from: model.starts[span], to: model.drawnEnd(span), on: scale, isOpen: isOpen), !isOpen else {
            return
        }
        guard model.hasChildren(span) else { return }
        var covered = Array(repeating: Float(0), count: cells.count)
        Self.cover(&covered, span, model, scale)
        let (from, to) = (scale.position(of: model.starts[span]), scale.position(of: model.drawnEnd(span)))
        for cell in filled {
            let present = min(to, Double(cell + 1)) - max(from, Double(cell))
            guard Double(covered[cell]) * 2 >= present else { continue }
            if case .own(let eighths, let fromRight) = cells[cell] {
                cells[cell] = .child(eighths: eighths, fromRight: fromRight)
            }
        }
    }

    /// The bar of many that share a row: where at least one of them runs.
    init(group: Repeats.Group, members: ArraySlice<UInt32>, of model: TraceModel, on scale: TimeScale) {
        guard lay(from: group.start, to: group.end, on: scale, isOpen: false) else { return }
        var isBusy = Array(repeating: false, count: cells.count)
        for member in members {
            for cell in scale.cells(from: model.starts[Int(member)], to: model.drawnEnd(Int(member))) {
                isBusy[cell] = true
            }
        }
        for cell in filled where !isBusy[cell] {
            if case .own(let eighths, let fromRight) = cells[cell] {
                cells[cell] = .child(eighths: eighths, fromRight: fromRight)
            }
        }
    }

    /// Fills the cells from one moment to another; false if none is in sight.
    private mutating func lay(from start: UInt64, to end: UInt64, on scale: TimeScale, isOpen: Bool) -> Bool {
        cells = Array(repeating: .empty, count: scale.cells)
        let limit = scale.cells * 8
        let first = Self.eighth(scale.position(of: start), limit)
        let last = Self.eighth(scale.position(of: end), limit)
        if end < scale.window.start || (last <= 0 && scale.window.start > 0 && end <= scale.window.start) {
            hidden = .left
            return false
        }
        if start > scale.window.end {
            hidden = .right
            return false
        }
        (continuesLeft, continuesRight) = (first < 0, last > limit)
        let from = min(max(first, 0), limit - 1)
        let to = min(max(last, from + 1), limit)
        filled = from / 8..<(to - 1) / 8 + 1
        for cell in filled {
            cells[cell] = isOpen ? .open : Self.cell(from: max(from - cell * 8, 0), to: min(to - cell * 8, 8))
        }
        return true
    }

    private static func eighth(_ position: Double, _ limit: Int) -> Int {
        Int((min(max(position, -1), Double(limit / 8 + 1)) * 8).rounded())
    }

    private static func cell(from first: Int, to last: Int) -> Cell {
        if first == 0 { return .own(eighths: last, fromRight: false) }
        if last == 8 { return .own(eighths: 8 - first, fromRight: true) }
        // Between the edges Unicode has nothing: the nearer edge stands for it.
        return .own(eighths: max(2, last - first), fromRight: first + last > 8)
    }

    private static func cover(_ covered: inout [Float], _ span: Int, _ model: TraceModel, _ scale: TimeScale) {
        let limit = Double(covered.count)
        model.forEachCovered(span) { start, end in
            let from = max(0, scale.position(of: start))
            let to = min(limit, scale.position(of: end))
            guard from < to else { return }
            let (first, last) = (Int(from), min(Int(to), covered.count - 1))
            if first == last {
                covered[first] += Float(to - from)
                return
            }
            covered[first] += Float(Double(first + 1) - from)
            for cell in (first + 1)..<max(first + 1, last) { covered[cell] = 1 }
            covered[last] += Float(to - Double(last))
        }
    }
}
