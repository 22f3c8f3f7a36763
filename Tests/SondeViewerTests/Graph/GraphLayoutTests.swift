// SPDX-License-Identifier: Apache-2.0
// Where boxes and lines stand, for any graph: callers left of those they call, nothing over anything else.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Graph layout")
struct GraphLayoutTests {
    private func graph(_ calls: [(String, String)]) -> ServiceGraph {
        let names = Set(calls.flatMap { [$0.0, $0.1] }).sorted()
        return ServiceGraph(
            nodes: names.map { ServiceGraph.Node(name: $0, connection: .request) },
            edges: calls.map { ServiceGraph.Edge(client: $0.0, server: $0.1, connection: .request) })
    }

    private func layout(_ graph: ServiceGraph) -> GraphLayout {
        GraphLayout(graph, widths: graph.nodes.map { $0.name.count + 6 })
    }

    @Test func callersStandLeftOfThoseTheyCall() {
        let graph = graph([("a", "b"), ("b", "c"), ("a", "c"), ("d", "c")])
        let layout = layout(graph)
        #expect(layout.boxes.map(\.layer) == [0, 1, 2, 0])
        for line in layout.lines {
            #expect(layout.boxes[line.from].rect.endColumn < layout.boxes[line.to].rect.column)
            #expect(line.head.pointsRight)
        }
    }

    @Test func aRingIsBrokenAndItsLastCallPointsBack() {
        let layout = layout(graph([("a", "b"), ("b", "c"), ("c", "a"), ("b", "b")]))
        #expect(layout.lines.count == 3)
        #expect(layout.lines.count { !$0.head.pointsRight } == 1)
        #expect(layout.boxes.count(where: \.isOwnCaller) == 1)
        #expect(Set(layout.boxes.map(\.layer)) == [0, 1, 2])
    }

    @Test func anEmptyGraphHasNoSize() {
        #expect(layout(ServiceGraph()).size == Size(columns: 0, rows: 0))
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func nothingStandsOverAnythingElse(seed: UInt64) {
        var random = Dice(state: seed)
        let count = 2 + random.next() % 14
        let calls = (0..<count * 2).map { _ in ("s\(random.next() % count)", "s\(random.next() % count)") }
        let layout = layout(graph(calls))
        for (number, box) in layout.boxes.enumerated() {
            #expect(box.rect.row >= 0 && box.rect.column >= 0)
            #expect(box.rect.endRow <= layout.size.rows && box.rect.endColumn <= layout.size.columns)
            for other in layout.boxes[(number + 1)...] { #expect(box.rect.intersection(other.rect).isEmpty) }
        }
        for line in layout.lines {
            for cell in line.cells {
                #expect(cell.row >= 0 && cell.row < layout.size.rows)
                #expect(!layout.boxes.contains { $0.rect.contains(column: cell.column, row: cell.row) })
            }
            // Every line leads from one of its boxes to the other without a gap.
            let left = line.head.pointsRight ? layout.boxes[line.from] : layout.boxes[line.to]
            let columns = Set(line.cells.map(\.column))
            #expect(columns.min() == left.rect.endColumn)
            #expect(columns.count == (columns.max() ?? 0) - (columns.min() ?? 0) + 1)
        }
    }

    @Test func thousandsOfEndsAreNoPictureAndTheBusiestAreDrawn() {
        var edges: [ServiceGraph.Edge] = []
        for number in 0..<3_000 {
            edges.append(ServiceGraph.Edge(client: "hub", server: "end \(number)", connection: .virtualNode))
            edges[number].calls = number
        }
        var nodes = edges.map { ServiceGraph.Node(name: $0.server, connection: .virtualNode) }
        nodes.append(ServiceGraph.Node(name: "hub", connection: .request))
        let layout = GraphLayout(ServiceGraph(nodes: nodes, edges: edges), widths: nodes.map { $0.name.count })
        #expect(layout.boxes.count == 80)
        #expect(layout.omitted == 3_001 - 80)
        #expect(layout.boxes.contains { nodes[$0.node].name == "end 2999" })
    }
}
