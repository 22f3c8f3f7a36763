// SPDX-License-Identifier: Apache-2.0
// Services and calls as lines of a table, with bars for how often and how slow.

import SondeModel
import SondeTerminal

struct GraphTable {
    let model: GraphModel
    let hues: ServiceHues
    let width: Int
    /// The time over which calls were counted; nil shows their number.
    let seconds: Double?
    let charset: Charset
    private let columns: ListColumns

    init(model: GraphModel, hues: ServiceHues, width: Int, seconds: Double?, charset: Charset) {
        self.model = model
        self.hues = hues
        self.width = width
        self.seconds = seconds
        self.charset = charset
        let meter = width >= 110 ? 16 : 8
        columns = ListColumns(
            first: "service, and whom it calls", least: Limits.leastNameColumn,
            [
                .init(seconds == nil ? "calls" : "rate", 9), .init("", meter, .left, leavesAt: 3), .init("errors", 7),
                .init("p50", 7, leavesAt: 2), .init("p95", 7), .init(" ", meter, .left, leavesAt: 4),
                .init("slowest", 7, leavesAt: 1),
            ], width: width)
    }

    func titles(_ order: GraphModel.Order) -> StyledText {
        columns.titles(sortedBy: order == .calls ? (seconds == nil ? "calls" : "rate") : order.rawValue)
    }

    func line(_ row: GraphModel.Row) -> StyledText {
        switch row {
        case .service(let name): columns.line(service(name), cells(model.numbers(of: name), isCall: false))
        case .call(let place):
            columns.line(
                call(model.graph.edges[place]), cells(model.numbers(of: model.graph.edges[place]), isCall: true))
        }
    }

    private func service(_ name: String) -> StyledText {
        var text = hues.text(name)
        if !model.graph.edges.contains(where: { $0.client == name }) { text.append("  calls nobody", .faint) }
        return text
    }

    private func call(_ edge: ServiceGraph.Edge) -> StyledText {
        var text = StyledText("  ")
        text.append(drawn: "→ ", .faint)
        if edge.connection != .request { text.append("[\(GraphDrawing.word(edge.connection))] ", .faint) }
        text.append(hues.text(edge.server))
        return text
    }

    private func cells(_ numbers: GraphModel.Numbers, isCall: Bool) -> [StyledText] {
        let meterWidth = width >= 110 ? 16 : 8
        let calls = Double(numbers.calls) / Double(max(1, model.mostCalls))
        let p95 = Double(numbers.p95 ?? 0) / Double(max(1, model.largestP95))
        return [
            StyledText(Rate.text(numbers.calls, seconds: seconds), isCall ? .plain : .strong),
            isCall ? Meter.text(calls, width: meterWidth, role: .hue(0), charset: charset) : StyledText(),
            Phrase.share(numbers.errors, of: numbers.calls), Phrase.duration(numbers.p50),
            Phrase.duration(numbers.p95),
            isCall ? Meter.text(p95, width: meterWidth, role: .notice, charset: charset) : StyledText(),
            Phrase.duration(numbers.slowest),
        ]
    }

    /// Who calls a node and whom it calls, the busiest first.
    func calls(of node: ServiceGraph.Node) -> [StyledText] {
        let edges = model.graph.edges.filter {
            ($0.client == node.name && node.connection == .request) || $0.server == node.name
        }.sorted { $0.calls > $1.calls }
        guard !edges.isEmpty else { return [StyledText("nobody calls it, and it calls nobody", .faint)] }
        return edges.map { edge in
            var name = hues.text(edge.client)
            name.append(drawn: " → ", .faint)
            name.append(hues.text(edge.server))
            return columns.line(name, cells(model.numbers(of: edge), isCall: true))
        }
    }
}
