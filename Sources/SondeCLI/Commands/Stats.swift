// SPDX-License-Identifier: Apache-2.0
// `sonde stats`: how much is stored.

import ArgumentParser
import SondeStorage
import SondeViewer
import SondeWire

struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how much is stored, since when, and how large it is.",
        discussion: ExitStatus.help
    )

    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let source = try await source.open()
        let statistics = try await asking { () async throws(ReadError) in try await source.statistics() }
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(NativeJSON.stats(statistics))
        case .ndjson: printer.ndjson(NativeJSON.stats(statistics))
        case .text: printer.draw(StatisticsDrawing(statistics, on: printer.canvas).lines())
        }
    }
}
