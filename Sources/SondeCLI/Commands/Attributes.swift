// SPDX-License-Identifier: Apache-2.0
// `sonde attributes [KEY]`: what can be asked for.

import ArgumentParser
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct Attributes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the attribute keys that spans have, or the values of one.",
        discussion: """
            Values come the most frequent first. The fields service, name, kind and status have values, too.

            EXAMPLES:
              sonde attributes
              sonde attributes --service orders --since 1h
              sonde attributes http.response.status_code
              sonde attributes --prefix db.

            \(ExitStatus.help)
            """
    )

    @Argument(help: "The key whose values are asked for.", completion: CompletionValues.attributeKey) var key: String?
    @Option(help: "Only of spans of this service.", completion: CompletionValues.service) var service: String?
    @Option(
        help: ArgumentHelp(
            "Only where it stands.", valueName: ListedScope.allCases.map(\.rawValue).joined(separator: "|")),
        completion: .list(ListedScope.allCases.map(\.rawValue)))
    var scope: String?
    @Option(help: "Only keys, or values, that begin with this text.") var prefix = ""
    @OptionGroup(title: "When") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(help: ArgumentHelp("At most this many. (default: \(AttributeQuery.defaultLimit))", valueName: "count"))
    var limit: Int?
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let query = try query(now: .now)
        let source = try await source.open()
        let printer = Printer(drawing)
        let isEmpty =
            if let key { try await values(of: key, query, source, printer) } else {
                try await keys(query, source, printer)
            }
        guard isEmpty else { return }
        throw CommandFailure(
            .nothingFound, key.map { "no span has an attribute \($0)" } ?? "no span has an attribute",
            advice: "`sonde attributes` lists the keys there are; look back further with --since.")
    }

    private func query(now: Timestamp) throws(CommandFailure) -> AttributeQuery {
        var query = AttributeQuery()
        query.service = service
        query.scope = try Reading.choice(scope, "--scope", ListedScope.allCases.map(\.rawValue)) {
            ListedScope(rawValue: $0)
        }
        query.prefix = prefix
        (query.start, query.end) = try time.bounds(now: now)
        query.limit = min(AttributeQuery.maxLimit, try Reading.limit(limit, standard: AttributeQuery.defaultLimit))
        return query
    }

    private func keys(
        _ query: AttributeQuery, _ source: any Source, _ printer: Printer
    ) async throws(CommandFailure) -> Bool {
        let list = try await asking { () async throws(ReadError) in try await source.attributeKeys(query) }
        let rows = list.elements.map {
            (key: $0.key, scope: $0.scope.rawValue, types: $0.types.map(\.rawValue), spanCount: $0.spanCount)
        }
        let document = NativeJSON.attributeKeys(rows, total: list.total)
        show(document, printer) { AttributeKeysDrawing(list.elements, on: printer.canvas).lines() }
        note(list.elements.count, list.total, "key", printer)
        return list.elements.isEmpty
    }

    private func values(
        of key: String, _ query: AttributeQuery, _ source: any Source, _ printer: Printer
    ) async throws(CommandFailure) -> Bool {
        let list = try await asking { () async throws(ReadError) in try await source.attributeValues(of: key, query) }
        let rows = list.elements.map { (text: $0.text, type: $0.type.rawValue, count: $0.count) }
        let document = NativeJSON.attributeValues(rows, total: list.total)
        show(document, printer) { AttributeValuesDrawing(list.elements, on: printer.canvas).lines() }
        note(list.elements.count, list.total, "value", printer)
        return list.elements.isEmpty
    }

    private func show(_ document: [UInt8], _ printer: Printer, _ lines: () -> [StyledText]) {
        switch output {
        case .json: printer.json(document)
        case .ndjson: printer.ndjson(document)
        case .text:
            let lines = lines()
            // A head without rows says less than the sentence that follows.
            if lines.count > 1 { printer.draw(lines) }
        }
    }

    private func note(_ shown: Int, _ total: Total, _ noun: String, _ printer: Printer) {
        guard output == .text, shown > 0, total.value > shown || !total.isExact else { return }
        let all = (total.isExact ? "" : "at least ") + Quantity.counted(total.value, noun)
        printer.note(.init("\(Quantity.count(shown)) of \(all); --prefix finds the rest", .faint))
    }
}
