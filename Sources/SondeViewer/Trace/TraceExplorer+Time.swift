// SPDX-License-Identifier: Apache-2.0
// Which stretch of time is seen, and the moment that is read.

import SondeModel

extension TraceExplorer {
    /// From the first start to the last end of what is selected.
    var selectedStretch: (start: UInt64, end: UInt64)? {
        switch selected {
        case .span(let span): return (model.starts[span], model.drawnEnd(span))
        case .repeats(let group):
            let group = model.repeats.groups[group]
            return (group.start, group.end)
        case .missingParent(let place):
            let children = model.orphans.children(of: place).lazy.map(Int.init)
            guard let start = children.map({ model.starts[$0] }).min(),
                let end = children.map({ model.drawnEnd($0) }).max()
            else { return nil }
            return (start, end)
        case nil: return nil
        }
    }

    /// Around the moment that is read, else around what is selected as far as it is seen.
    mutating func zoom(by factor: Double) { window.zoom(by: factor, around: zoomAnchor) }

    private var zoomAnchor: UInt64 {
        if let cursor, cursor >= window.start, cursor <= window.end { return cursor }
        let middle = window.start + window.length / 2
        guard let (start, end) = selectedStretch else { return middle }
        let first = max(start, window.start)
        let last = min(end, window.end)
        return first <= last ? first + (last - first) / 2 : middle
    }

    mutating func fitSelection() -> Remark {
        guard let (start, end) = selectedStretch else { return nil }
        window.fit(from: start, to: end)
        return nil
    }

    // MARK: The moment that is read

    mutating func toggleCursor() {
        cursor = cursor == nil ? min(max(selectedStretch?.start ?? window.start, window.start), window.end) : nil
    }

    /// Moves by so many cells of the picture; the picture follows.
    mutating func moveCursor(byCells cells: Int, of width: Int) {
        guard let now = cursor else { return toggleCursor() }
        let step = max(1, window.length / UInt64(max(1, width)))
        let distance = step.multipliedReportingOverflow(by: UInt64(cells.magnitude)).partialValue
        let moved = cells < 0 ? now - min(now, distance) : now + min(distance, model.length - min(now, model.length))
        cursor = moved
        window.reveal(moved)
    }
}
