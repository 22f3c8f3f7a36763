// SPDX-License-Identifier: Apache-2.0
// `sonde graph`: who calls whom.

import ArgumentParser
import SondeModel
import SondeStorage
import SondeViewer
import SondeWire

struct Graph: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which service calls which, how often, how slow, how often in vain.",
        discussion: """
            The tree begins where work enters. Durations are those of the called service; of databases and other ends \
            that send no spans, those that their callers saw. A service that was shown above is not unfolded again.

            EXAMPLES:
              sonde graph
              sonde graph --since 24h --service orders
              sonde graph --output dot | dot -Tsvg > graph.svg
              sonde graph --output mermaid >> README.md

            \(ExitStatus.help)
            """
    )

    @Option(help: "Only calls from or to this service.", completion: CompletionValues.service) var service: String?
    @OptionGroup(title: "When (default: --since 1h)") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer; dot is for Graphviz.") var output = GraphFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let now = Timestamp.now
        var query = ServiceGraphQuery()
        (query.start, query.end) = try time.bounds(now: now)
        query.start = query.start ?? TimeOptions.lastHour(before: query.end ?? now)
        query.service = service
        let question = query
        let source = try await source.open()
        let graph = try await asking { () async throws(ReadError) in try await source.serviceGraph(question) }
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(NativeJSON.graph(graph))
        case .dot: StandardStreams.write(GraphDrawing.dot(graph))
        case .mermaid: StandardStreams.write(GraphDrawing.mermaid(graph))
        case .text: if !graph.nodes.isEmpty { printer.draw(GraphDrawing(graph, on: printer.canvas).lines()) }
        }
        guard graph.nodes.isEmpty else { return }
        throw CommandFailure(
            .nothingFound,
            service.map { "\($0) made and answered no call in that time" } ?? "no span began in that time",
            advice: "Look back further with --since; `sonde services` lists who has sent spans.")
    }
}
