// SPDX-License-Identifier: Apache-2.0
// Where the boxes and lines of the graph stand: callers to the left of those they call, in layers, each layer in the
// order that crosses the fewest lines. After Sugiyama, Tagawa and Toda, "Methods for visual understanding of
// hierarchical system structures" (1981): break rings, assign layers, order by the mean of the neighbours, place.
//
//     ┌ gateway ─────┐       ┌ orders ──────┐      ┌ payments ────┐
//     │ 12/s   0.4 % ├───┬──▶│ 3/s    1.2 % ├─────▶│ 3/s    1.2 % │
//     └──────────────┘   │   └──────────────┘      └──────────────┘
//                        │   ┌ users ───────┐
//                        └──▶│ 9/s      0 % │
//                            └──────────────┘

import SondeModel
import SondeTerminal

struct GraphLayout: Sendable {
    /// Numbers of boxes, callers first in each layer from above to below.
    struct Box: Hashable, Sendable {
        /// By its place in the graph's list.
        var node: Int
        var layer: Int
        var rect: Rect
        /// Whether it calls itself.
        var isOwnCaller = false
    }

    /// A line from one box to another, as the cells that it covers.
    struct Line: Hashable, Sendable {
        struct Cell: Hashable, Sendable {
            var row: Int
            var column: Int
            /// The sides to which it goes on: ``up``, ``down``, ``left``, ``right``.
            var sides: UInt8
        }

        /// Boxes.
        var from: Int
        var to: Int
        var cells: [Cell] = []
        /// Where the arrow's head stands, and whether it points to the right.
        var head: (row: Int, column: Int, pointsRight: Bool) = (0, 0, true)

        static func == (a: Line, b: Line) -> Bool { a.from == b.from && a.to == b.to && a.cells == b.cells }
        func hash(into hasher: inout Hasher) {
            hasher.combine(from)
            hasher.combine(to)
        }
    }

    static let up: UInt8 = 1
    static let down: UInt8 = 2
    static let left: UInt8 = 4
    static let right: UInt8 = 8

    private(set) var boxes: [Box] = []
    private(set) var lines: [Line] = []
    private(set) var size = Size(columns: 0, rows: 0)
    /// Nodes that have no box: the picture holds the busiest only.
    private(set) var omitted = 0

    /// - Parameter widths: cells between the borders of each node's box, in the order of the graph's nodes.
    init(_ graph: ServiceGraph, widths: [Int]) {
        let nodes = Self.busiest(graph)
        omitted = graph.nodes.count - nodes.count
        guard !nodes.isEmpty else { return }
        var layers = GraphLayers(graph, nodes: nodes)
        layers.arrange()
        place(layers, nodes: nodes, widths: widths)
        route(layers)
    }

    private static func busiest(_ graph: ServiceGraph) -> [Int] {
        guard graph.nodes.count > Limits.graphBoxes else { return Array(graph.nodes.indices) }
        var weight: [String: Int] = [:]
        for edge in graph.edges {
            weight[edge.client, default: 0] += edge.calls
            weight[edge.server, default: 0] += edge.calls
        }
        let order = graph.nodes.indices.sorted {
            let (a, b) = (weight[graph.nodes[$0].name] ?? 0, weight[graph.nodes[$1].name] ?? 0)
            return a != b ? a > b : $0 < $1
        }
        return order.prefix(Limits.graphBoxes).sorted()
    }

    // MARK: Places

    /// The upper row of each item of the layers, and where layers begin and end.
    private var tops: [Int] = []
    private var columns: [(left: Int, right: Int)] = []
    private static let boxRows = 3

    private mutating func place(_ layers: GraphLayers, nodes: [Int], widths: [Int]) {
        tops = Array(repeating: 0, count: layers.itemCount)
        for (number, layer) in layers.order.enumerated() { stack(layer, number, layers) }
        let least = tops.min() ?? 0
        for item in tops.indices { tops[item] -= least }
        var column = 0
        for layer in layers.order {
            let width = layer.lazy.compactMap { $0 < nodes.count ? widths[nodes[$0]] + 2 : nil }.max() ?? 1
            columns.append((left: column, right: column + width))
            column += width + Limits.graphGap + layers.lanes(from: layer)
        }
        boxes = nodes.indices.map { item in
            let layer = layers.layerOf[item]
            return Box(
                node: nodes[item], layer: layer,
                rect: Rect(
                    column: columns[layer].left, row: tops[item], columns: widths[nodes[item]] + 2, rows: Self.boxRows),
                isOwnCaller: layers.ownCallers.contains(item))
        }
        let rows = layers.layerOf.indices.map { tops[$0] + Self.rows($0, nodes.count) }.max() ?? 0
        size = Size(columns: columns.last?.right ?? 0, rows: rows)
    }

    private static func rows(_ item: Int, _ nodeCount: Int) -> Int { item < nodeCount ? boxRows : 1 }

    /// One below the other, each as near as may be to the middle of those before it.
    private mutating func stack(_ layer: [Int], _ number: Int, _ layers: GraphLayers) {
        var next: Int?
        var drift = 0
        for item in layer {
            let rows = Self.rows(item, layers.nodeCount)
            let middles = layers.before[item].map { middle($0, layers.nodeCount) }
            let wanted = middles.isEmpty ? next ?? 0 : middles.reduce(0, +) / middles.count - rows / 2
            tops[item] = next.map { max($0, wanted) } ?? wanted
            drift += wanted - tops[item]
            next = tops[item] + rows + 1
        }
        // Those that had to give way pull the others up by as much on average.
        let shift = drift / max(1, layer.count)
        for item in layer { tops[item] += shift }
    }

    private func middle(_ item: Int, _ nodeCount: Int) -> Int { tops[item] + Self.rows(item, nodeCount) / 2 }

    // MARK: Lines

    private mutating func route(_ layers: GraphLayers) {
        for edge in layers.edges {
            var line = Line(from: edge.isTurned ? edge.to : edge.from, to: edge.isTurned ? edge.from : edge.to)
            for (from, to) in zip(edge.items, edge.items.dropFirst()) { line.cells += segment(from, to, layers) }
            let first = edge.items[0]
            let last = edge.items[edge.items.count - 1]
            line.head =
                edge.isTurned
                ? (middle(first, layers.nodeCount), boxes[first].rect.endColumn, false)
                : (middle(last, layers.nodeCount), columns[layers.layerOf[last]].left - 1, true)
            lines.append(line)
        }
    }

    /// From the right of one item to the left of one in the next layer: along, up or down in a lane of its own, along.
    private func segment(_ from: Int, _ to: Int, _ layers: GraphLayers) -> [Line.Cell] {
        let layer = columns[layers.layerOf[from]]
        let isBox = from < layers.nodeCount
        let start = isBox ? boxes[from].rect.endColumn : layer.left
        let end = columns[layers.layerOf[to]].left - 1
        let (row, target) = (middle(from, layers.nodeCount), middle(to, layers.nodeCount))
        var cells: [Line.Cell] = []
        func along(_ row: Int, _ columns: ClosedRange<Int>) {
            for column in columns { cells.append(.init(row: row, column: column, sides: Self.left | Self.right)) }
        }
        guard row != target else {
            along(row, start...end)
            return cells
        }
        let lane = layer.right + 1 + layers.lane(of: from)
        if start < lane { along(row, start...lane - 1) }
        cells.append(.init(row: row, column: lane, sides: Self.left | (target > row ? Self.down : Self.up)))
        for between in min(row, target) + 1..<max(row, target) {
            cells.append(.init(row: between, column: lane, sides: Self.up | Self.down))
        }
        cells.append(.init(row: target, column: lane, sides: Self.right | (target > row ? Self.up : Self.down)))
        if lane < end { along(target, lane + 1...end) }
        return cells
    }
}
