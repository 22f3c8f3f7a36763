// SPDX-License-Identifier: Apache-2.0
// The graph in layers: every call leads from one layer to a later one, rings broken where they close; calls that pass
// layers by have a place in each of them, so that their lines have room.

import SondeModel

struct GraphLayers: Sendable {
    struct Edge: Sendable {
        /// In the direction of the layers.
        var from: Int
        var to: Int
        /// Whether the call goes the other way: it closes a ring.
        var isTurned: Bool
        /// What it passes: its first box, places in layers between, its last box.
        var items: [Int] = []
    }

    let nodeCount: Int
    private(set) var edges: [Edge] = []
    private(set) var ownCallers: Set<Int> = []
    /// The layer of each item: nodes first, then places that lines pass.
    private(set) var layerOf: [Int] = []
    /// The items of each layer, from above to below.
    private(set) var order: [[Int]] = []
    /// Neighbours of each item in the layer before and after.
    private(set) var before: [[Int]] = []
    private(set) var after: [[Int]] = []
    private var laneOf: [Int] = []

    var itemCount: Int { layerOf.count }

    /// - Parameter nodes: those that are drawn, by place in the graph; items are numbered in their order.
    init(_ graph: ServiceGraph, nodes: [Int]) {
        nodeCount = nodes.count
        let pairs = Self.pairs(graph, nodes)
        ownCallers = Set(pairs.lazy.filter { $0.0 == $0.1 }.map(\.0))
        let starts = nodes.indices.sorted {
            let (a, b) = (graph.nodes[nodes[$0]], graph.nodes[nodes[$1]])
            return a.entries != b.entries ? a.entries > b.entries : $0 < $1
        }
        let turned = Self.ringClosers(pairs, nodeCount, starts)
        edges = pairs.filter { $0.0 != $0.1 }.map { from, to in
            let isTurned = turned.contains(Pair(from: from, to: to))
            return Edge(from: isTurned ? to : from, to: isTurned ? from : to, isTurned: isTurned)
        }
        assignLayers()
        passLayers()
    }

    // MARK: Edges

    private struct Pair: Hashable {
        var from: Int
        var to: Int
    }

    /// Who calls whom, each pair once, in the order of the graph.
    private static func pairs(_ graph: ServiceGraph, _ nodes: [Int]) -> [(Int, Int)] {
        struct Key: Hashable {
            var name: String
            var connection: ConnectionType
        }
        var items: [Key: Int] = [:]
        for (item, node) in nodes.enumerated() {
            items[Key(name: graph.nodes[node].name, connection: graph.nodes[node].connection)] = item
        }
        var seen: Set<Pair> = []
        return graph.edges.compactMap { edge in
            let called =
                items[Key(name: edge.server, connection: edge.connection)]
                ?? items[Key(name: edge.server, connection: .request)]
            guard let from = items[Key(name: edge.client, connection: .request)], let to = called,
                seen.insert(Pair(from: from, to: to)).inserted
            else { return nil }
            return (from, to)
        }
    }

    /// Calls that lead back to where a walk along calls came from.
    private static func ringClosers(_ pairs: [(Int, Int)], _ count: Int, _ starts: [Int]) -> Set<Pair> {
        var next: [[Int]] = Array(repeating: [], count: count)
        for (from, to) in pairs where from != to { next[from].append(to) }
        enum State { case unseen, open, done }
        var states = Array(repeating: State.unseen, count: count)
        var closers: Set<Pair> = []
        for start in starts where states[start] == .unseen {
            var walk = [(node: start, place: 0)]
            states[start] = .open
            while let (node, place) = walk.last {
                guard place < next[node].count else {
                    states[node] = .done
                    walk.removeLast()
                    continue
                }
                walk[walk.count - 1].place += 1
                let to = next[node][place]
                switch states[to] {
                case .unseen:
                    states[to] = .open
                    walk.append((to, 0))
                case .open: closers.insert(Pair(from: node, to: to))
                case .done: break
                }
            }
        }
        return closers
    }

    // MARK: Layers

    /// As far to the right as the longest way there.
    private mutating func assignLayers() {
        layerOf = Array(repeating: 0, count: nodeCount)
        var incoming = Array(repeating: 0, count: nodeCount)
        var next: [[Int]] = Array(repeating: [], count: nodeCount)
        for edge in edges {
            incoming[edge.to] += 1
            next[edge.from].append(edge.to)
        }
        var ready = (0..<nodeCount).filter { incoming[$0] == 0 }
        while let node = ready.popLast() {
            for to in next[node] {
                layerOf[to] = max(layerOf[to], layerOf[node] + 1)
                incoming[to] -= 1
                if incoming[to] == 0 { ready.append(to) }
            }
        }
    }

    private mutating func passLayers() {
        order = Array(repeating: [], count: (layerOf.max() ?? -1) + 1)
        for item in 0..<nodeCount { order[layerOf[item]].append(item) }
        before = Array(repeating: [], count: nodeCount)
        after = before
        for place in edges.indices {
            var items = [edges[place].from]
            for layer in layerOf[edges[place].from] + 1..<layerOf[edges[place].to] {
                items.append(layerOf.count)
                order[layer].append(layerOf.count)
                layerOf.append(layer)
                before.append([])
                after.append([])
            }
            items.append(edges[place].to)
            for (from, to) in zip(items, items.dropFirst()) {
                after[from].append(to)
                before[to].append(from)
            }
            edges[place].items = items
        }
    }

    // MARK: Order

    /// Some sweeps forth and back, each layer by the mean place of its neighbours in the one before.
    mutating func arrange() {
        for sweep in 0..<Limits.graphSweeps {
            if sweep.isMultiple(of: 2) {
                for layer in order.indices.dropFirst() { sort(layer, by: before) }
            } else {
                for layer in order.indices.dropLast().reversed() { sort(layer, by: after) }
            }
        }
        laneOf = Array(repeating: 0, count: itemCount)
        for layer in order {
            // Those further down turn further to the left, so that lines of neighbours don't cross on the way.
            let turning = layer.filter { !after[$0].isEmpty }
            for (place, item) in turning.enumerated() { laneOf[item] = turning.count - 1 - place }
        }
    }

    private mutating func sort(_ layer: Int, by neighbours: [[Int]]) {
        var places = Array(repeating: 0, count: itemCount)
        for items in order { for (place, item) in items.enumerated() { places[item] = place } }
        let means = order[layer].map { item in
            let own = neighbours[item]
            return own.isEmpty
                ? Double(places[item]) : Double(own.reduce(0) { $0 + places[$1] }) / Double(own.count)
        }
        let sorted = order[layer].indices.sorted { means[$0] != means[$1] ? means[$0] < means[$1] : $0 < $1 }
        order[layer] = sorted.map { order[layer][$0] }
    }

    /// Columns behind a layer in which lines go up and down: one for each item that has lines.
    func lanes(from layer: [Int]) -> Int { layer.count { !after[$0].isEmpty } }

    func lane(of item: Int) -> Int { laneOf[item] }
}
