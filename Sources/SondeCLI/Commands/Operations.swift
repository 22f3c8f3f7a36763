// SPDX-License-Identifier: Apache-2.0
// `sonde operations SERVICE`: what a service does.

import ArgumentParser
import SondeStorage
import SondeViewer
import SondeWire

struct Operations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the operations of a service: the names and kinds of its spans.",
        discussion: ExitStatus.help
    )

    @Argument(help: "The service, as `sonde services` spells it.", completion: CompletionValues.service)
    var service: String?
    @Option(
        name: .customLong("service"), help: ArgumentHelp("The same, as a flag.", valueName: "service"),
        completion: CompletionValues.service)
    var serviceFlag: String?
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func validate() throws {
        guard (service == nil) != (serviceFlag == nil) else {
            throw ValidationError("Name one service, as `sonde operations SERVICE`; `sonde services` lists them")
        }
    }

    func run() async throws {
        let service = service ?? serviceFlag ?? ""
        let source = try await source.open()
        let operations = try await asking { () async throws(ReadError) in try await source.operations(of: service) }
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(NativeJSON.operations(operations))
        case .ndjson: printer.ndjson(NativeJSON.operations(operations))
        case .text: if !operations.isEmpty { printer.draw(OperationsDrawing(operations, on: printer.canvas).lines()) }
        }
        guard operations.isEmpty else { return }
        throw CommandFailure(
            .nothingFound, "the service \(service) has sent no span", advice: "`sonde services` lists those that have.")
    }
}
