// SPDX-License-Identifier: Apache-2.0
// A trace as a flame graph that hangs from its root: a row a level, a block for each call path, as wide as the time that
// was spent in it. Calls of the same path are one block; what runs side by side counts for each.

package import SondeModel
package import SondeTerminal

package struct FlameDrawing: Sendable {
    let trace: Trace
    let canvas: Canvas
    private let hues: ServiceHues
    private let blocks: [Block]
    private let total: UInt64

    /// - Parameter selfTimes: nanoseconds of each span in which none of its children ran.
    package init(_ trace: Trace, selfTimes: [UInt64], on canvas: Canvas) {
        self.trace = trace
        self.canvas = canvas
        hues = ServiceHues(trace.spans.lazy.map(\.resource.serviceName))
        let tree = Self.merge(trace, selfTimes)
        blocks = tree
        total = tree.lazy.filter { $0.depth == 0 }.map(\.value).reduce(0, +)
    }

    package func lines() -> [StyledText] {
        let header = TraceDrawing(trace, on: canvas).header()
        guard !blocks.isEmpty else { return TraceDrawing(trace, on: canvas).lines() }
        let measure = "width is self time, \(Quantity.duration(nanoseconds: total)) in all; equal calls are one block"
        return header + [StyledText(), StyledText(measure, .faint).truncated(to: canvas.width)] + rows()
    }

    // MARK: Blocks

    private struct Block {
        var service: String
        var operation: String
        var depth: Int
        var calls = 0
        var errors = 0
        /// Self times of the block and everything below it.
        var value: UInt64 = 0
        var children: [Int] = []
    }

    private struct Path: Hashable {
        var parent: Int?
        var service: String
        var operation: String
    }

    /// Call paths in the order in which they first occur, each before what it calls.
    private static func merge(_ trace: Trace, _ selfTimes: [UInt64]) -> [Block] {
        var places: [Path: Int] = [:]
        var blocks: [Block] = []
        var blockOf = Array(repeating: 0, count: trace.spans.count)
        for (index, span) in trace.spans.enumerated() {
            let parent = trace.parents[index].map { blockOf[$0] }
            // Beyond the last level everything belongs to the block above it.
            if let parent, blocks[parent].depth == Limits.flameLevels - 1 {
                blockOf[index] = parent
            } else {
                let path = Path(parent: parent, service: span.resource.serviceName, operation: span.name)
                let place = places[path] ?? blocks.count
                if place == blocks.count {
                    places[path] = place
                    blocks.append(
                        Block(
                            service: path.service, operation: path.operation,
                            depth: parent.map { blocks[$0].depth + 1 } ?? 0))
                    if let parent { blocks[parent].children.append(place) }
                }
                blockOf[index] = place
                blocks[place].calls += 1
                if span.isError { blocks[place].errors += 1 }
            }
            blocks[blockOf[index]].value += selfTimes.indices.contains(index) ? selfTimes[index] : 0
        }
        for place in blocks.indices.reversed() {
            for child in blocks[place].children { blocks[place].value += blocks[child].value }
        }
        return blocks
    }

    // MARK: Rows

    private func rows() -> [StyledText] {
        var level = layout(blocks.indices.filter { blocks[$0].depth == 0 }, from: 0, to: canvas.width)
        var rows: [StyledText] = []
        while !level.isEmpty {
            rows.append(row(level))
            level = level.flatMap { placed in
                let share =
                    Double(placed.width) * Double(sum(blocks[placed.block].children))
                    / Double(max(1, blocks[placed.block].value))
                return layout(
                    blocks[placed.block].children, from: placed.start, to: placed.start + Int(share.rounded()))
            }
        }
        return rows
    }

    private func sum(_ members: [Int]) -> UInt64 { members.lazy.map { blocks[$0].value }.reduce(0, +) }

    /// Where each block stands between two cells; those too narrow for a cell are left out.
    private func layout(_ members: [Int], from start: Int, to end: Int) -> [(block: Int, start: Int, width: Int)] {
        let whole = Double(max(1, sum(members)))
        var placed: [(block: Int, start: Int, width: Int)] = []
        var before: UInt64 = 0
        for block in members {
            let first = start + Int((Double(before) / whole * Double(end - start)).rounded())
            before += blocks[block].value
            let last = start + Int((Double(before) / whole * Double(end - start)).rounded())
            if last > first { placed.append((block, first, last - first)) }
        }
        return placed
    }

    private func row(_ level: [(block: Int, start: Int, width: Int)]) -> StyledText {
        var row = StyledText()
        for (number, placed) in level.enumerated() {
            row.pad(to: placed.start)
            // Where no neighbour shows where a block ends, it has an edge of its own.
            let end = placed.start + placed.width
            let isOpen = number + 1 == level.count || level[number + 1].start > end
            let role = hues.block(blocks[placed.block].service)
            var block = StyledText(label(placed), role).truncated(to: placed.width - (isOpen ? 1 : 0))
            block.append(String(repeating: " ", count: placed.width - block.width - (isOpen ? 1 : 0)), role)
            if isOpen { block.append("▕", role) }
            row.append(block)
        }
        return row
    }

    private func label(_ placed: (block: Int, start: Int, width: Int)) -> String {
        guard placed.width >= Limits.flameLabelCells else { return "▏" }
        let block = blocks[placed.block]
        return "▏" + (block.errors > 0 ? "✗ " : "") + block.service + ": " + Phrase.operation(block.operation)
            + (block.calls > 1 ? " ×\(block.calls)" : "") + "  " + Quantity.duration(nanoseconds: block.value)
    }
}
