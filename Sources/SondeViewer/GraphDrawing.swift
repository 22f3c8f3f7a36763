// SPDX-License-Identifier: Apache-2.0
// Who calls whom, as a tree from where work enters, with the numbers of each call beside it; and the same in the
// languages of Graphviz and Mermaid.
//
//   call                      calls  errors    p50     p95
//   gateway                   1 234     0 %
//   ├─▶ users                 1 234     0 %   3 ms    9 ms
//   └─▶ orders                  567   1.2 %  12 ms   80 ms
//       └─▶ [database] shop     567     0 %   1 ms    2 ms

package import SondeModel
import SondeStorage
package import SondeTerminal

package struct GraphDrawing: Sendable {
    let graph: ServiceGraph
    let canvas: Canvas
    private let hues: ServiceHues

    package init(_ graph: ServiceGraph, on canvas: Canvas) {
        self.graph = graph
        self.canvas = canvas
        hues = ServiceHues(graph.nodes.lazy.map(\.name))
    }

    package func lines() -> [StyledText] {
        var table = Table(columns: [
            .init("call", shrinksTo: 12), .init("calls", .right), .init("errors", .right),
            .init("p50", .right, leavesAt: 1),
            .init("p95", .right), .init("slowest", .right, leavesAt: 2),
        ])
        for row in rows() { table.append(cells(row)) }
        return table.lines(width: canvas.width)
    }

    // MARK: Rows

    private struct Row {
        var lead: String
        var node: Node
        /// The call that leads here; nil for where work enters.
        var edge: ServiceGraph.Edge?
        /// Whether what it calls stands at another place.
        var isSeen: Bool
    }

    private struct Node: Hashable {
        var name: String
        var connection: ConnectionType
    }

    /// Depth first from where work enters; what has been shown is named again and not unfolded again.
    private func rows() -> [Row] {
        let calls = Dictionary(grouping: graph.edges) { $0.client }
        var rows: [Row] = []
        var unfolded: Set<String> = []
        for root in roots() {
            var walk: [(node: Node, edge: ServiceGraph.Edge?, lead: String, hang: String)] = [(root, nil, "", "")]
            while let (node, edge, lead, hang) = walk.popLast() {
                let next = node.connection == .request ? calls[node.name] ?? [] : []
                let isSeen = !next.isEmpty && !unfolded.insert(node.name).inserted
                rows.append(Row(lead: lead, node: node, edge: edge, isSeen: isSeen))
                if isSeen { continue }
                let busiest = next.sorted { ($0.calls, $1.server) > ($1.calls, $0.server) }
                for (place, call) in busiest.enumerated().reversed() {
                    let isLast = place == busiest.count - 1
                    walk.append(
                        (
                            Node(
                                name: call.server,
                                connection: call.connection == .messaging && isService(call.server)
                                    ? .request : call.connection), call,
                            hang + (isLast ? "└─▶ " : "├─▶ "), hang + (isLast ? "    " : "│   ")
                        ))
                }
            }
        }
        return rows
    }

    private func isService(_ name: String) -> Bool {
        graph.nodes.contains { $0.name == name && $0.connection == .request }
    }

    /// Where work enters, the busiest first; then one service of every ring that nothing enters.
    private func roots() -> [Node] {
        let called = Set(graph.edges.lazy.filter { $0.client != $0.server }.map(\.server))
        let services = graph.nodes.filter { $0.connection == .request }
        var roots = services.filter { $0.entries > 0 || !called.contains($0.name) }
            .sorted { ($0.entries, $1.name) > ($1.entries, $0.name) }
        var reached: Set<String> = []
        func reach(_ name: String) {
            var walk = [name]
            while let next = walk.popLast() {
                guard reached.insert(next).inserted else { continue }
                walk += graph.edges.lazy.filter { $0.client == next }.map(\.server)
            }
        }
        for root in roots { reach(root.name) }
        for service in services.sorted(by: { ($0.spans, $1.name) > ($1.spans, $0.name) })
        where !reached.contains(service.name) {
            roots.append(service)
            reach(service.name)
        }
        return roots.map { Node(name: $0.name, connection: $0.connection) }
    }

    private func cells(_ row: Row) -> [StyledText] {
        var name = StyledText()
        name.append(drawn: row.lead, .faint)
        if row.node.connection != .request { name.append("[\(Self.word(row.node.connection))] ", .faint) }
        name.append(hues.text(row.node.name))
        if row.isSeen { name.append(" (see above)", .faint) }
        guard let edge = row.edge else {
            let node = graph.nodes.first { $0.name == row.node.name && $0.connection == .request }
            let spans = node?.entries ?? 0
            return [name, StyledText(spans > 0 ? Quantity.count(spans) : "", .faint)]
                + Array(repeating: StyledText(), count: 4)
        }
        let durations = Self.durations(of: edge)
        return [
            name, StyledText(Quantity.count(edge.calls)), Phrase.share(edge.errors, of: edge.calls),
            Phrase.duration(durations.quantile(0.5)), Phrase.duration(durations.quantile(0.95)),
            Phrase.duration(durations.count > 0 ? durations.largest : nil),
        ]
    }

    /// As the called service tells it, else as its caller does.
    package static func durations(of edge: ServiceGraph.Edge) -> DurationStatistics {
        edge.serverDurations.count > 0 ? edge.serverDurations : edge.clientDurations
    }

    package static func word(_ connection: ConnectionType) -> String {
        switch connection {
        case .request: "service"
        case .messaging: "queue"
        case .database: "database"
        case .virtualNode: "external"
        }
    }
}

// MARK: - Languages

extension GraphDrawing {
    /// The graph in DOT, for Graphviz: `sonde graph --output dot | dot -Tsvg`.
    package static func dot(_ graph: ServiceGraph) -> String {
        let names = Names(graph)
        var text = "digraph sonde {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n"
        for node in graph.nodes {
            let shape =
                node.connection == .request ? "" : ", shape=\(node.connection == .database ? "cylinder" : "ellipse")"
            text += "  \(names[node.name, node.connection]) [label=\(quoted(node.name))\(shape)];\n"
        }
        for edge in graph.edges {
            let colour = edge.errors > 0 ? ", color=red" : ""
            text += "  \(names[caller: edge]) -> \(names[called: edge]) [label=\(quoted(label(edge)))\(colour)];\n"
        }
        return text + "}\n"
    }

    /// The graph in Mermaid, which many Markdown viewers draw.
    package static func mermaid(_ graph: ServiceGraph) -> String {
        let names = Names(graph)
        var text = "flowchart LR\n"
        for node in graph.nodes {
            let (open, close) =
                node.connection == .request ? ("[", "]") : node.connection == .database ? ("[(", ")]") : ("([", "])")
            text += "  \(names[node.name, node.connection])\(open)\(mermaidQuoted(node.name))\(close)\n"
        }
        for edge in graph.edges {
            text += "  \(names[caller: edge]) -->|\(mermaidQuoted(label(edge)))| \(names[called: edge])\n"
        }
        return text
    }

    private static func label(_ edge: ServiceGraph.Edge) -> String {
        var parts = [Quantity.counted(edge.calls, "call")]
        if edge.errors > 0 { parts.append(Quantity.counted(edge.errors, "error")) }
        if let p95 = durations(of: edge).quantile(0.95) { parts.append("p95 " + Quantity.duration(nanoseconds: p95)) }
        return parts.joined(separator: ", ")
    }

    private static func quoted(_ text: String) -> String {
        let visible = VisibleText.make(text)
        return "\"" + visible.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Mermaid knows no backslash; entities stand for what would end the text or begin a tag.
    private static func mermaidQuoted(_ text: String) -> String {
        var entities = ""
        for character in VisibleText.make(text) {
            switch character {
            case "\"": entities += "#quot;"
            case "#": entities += "#35;"
            case "<": entities += "#lt;"
            case ">": entities += "#gt;"
            default: entities.append(character)
            }
        }
        return "\"" + entities + "\""
    }

    /// Names that both languages take as they are: `n0`, `n1`, …
    private struct Names {
        private var places: [Node: Int] = [:]

        init(_ graph: ServiceGraph) {
            for (place, node) in graph.nodes.enumerated() {
                places[Node(name: node.name, connection: node.connection)] = place
            }
        }

        subscript(name: String, connection: ConnectionType) -> String {
            "n\(places[Node(name: name, connection: connection)] ?? 0)"
        }

        subscript(caller edge: ServiceGraph.Edge) -> String { self[edge.client, .request] }

        /// A service that answers over a queue is a service all the same.
        subscript(called edge: ServiceGraph.Edge) -> String {
            let own = Node(name: edge.server, connection: edge.connection)
            return places[own] == nil ? self[edge.server, .request] : "n\(places[own] ?? 0)"
        }
    }
}
