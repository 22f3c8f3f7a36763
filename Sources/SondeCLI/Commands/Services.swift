// SPDX-License-Identifier: Apache-2.0
// `sonde services`: who has sent spans.

import ArgumentParser
import SondeStorage
import SondeViewer
import SondeWire

struct Services: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the services that have sent spans.",
        discussion: ExitStatus.help
    )

    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let source = try await source.open()
        let services = try await asking { () async throws(ReadError) in try await source.services() }
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(NativeJSON.services(services))
        case .ndjson: printer.ndjson(NativeJSON.services(services))
        case .text: if !services.isEmpty { printer.draw(ServicesDrawing(services, on: printer.canvas).lines()) }
        }
        guard services.isEmpty else { return }
        throw CommandFailure(
            .nothingFound, "no service has sent a span yet",
            advice: "Point a service's OTLP exporter (HTTP, protobuf) at port 4318 of the collector.")
    }
}
