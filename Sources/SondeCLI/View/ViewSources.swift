// SPDX-License-Identifier: Apache-2.0
// What the viewer reads and writes: a collector, or a file that may not be there yet; exports into the current folder.

import FoundationEssentials
import SondeClient
import SondeModel
import SondePipeline
import SondeStorage
import SondeViewer
import SondeWire

enum ViewSources {
    /// - Returns: the source, and what ends it.
    static func source(
        _ options: SourceOptions, _ environment: [String: String]
    ) throws(CommandFailure) -> (ViewerSource, close: () async -> Void) {
        if let path = options.db {
            let source = ViewerSource(
                name: path, arguments: options.asTyped, examine: examine, save: save
            ) { () async throws(ReadError) in try await StoreChoice.reader(path: path) }
            return (source, {})
        }
        let store = try SourceOptions.collector(at: options.at, environment: environment)
        let source = ViewerSource(
            name: store.url, arguments: options.asTyped, examine: examine, save: save
        ) { () async throws(ReadError) in store }
        return (source, { await store.close() })
    }

    private static let examine: Examiner = { readers, query, now async throws(ReadError) in
        try await Examination(reader: readers).findings(query, now: now)
    }

    // MARK: Exports

    private static let save: @Sendable (ViewerExport) async throws(ReadError) -> String = {
        export async throws(ReadError) in
        let (name, bytes) = content(of: export)
        return try write(bytes, as: name)
    }

    private static func content(of export: ViewerExport) -> (name: String, bytes: [UInt8]) {
        switch export {
        case .trace(let trace): ("trace-\(trace.id.hex).json", OTLPJSON.traces(trace.spans))
        case .logs(let logs): ("logs.json", OTLPJSON.logs(logs))
        case .traces(let page):
            ("traces.json", NativeJSON.search(page.traces, next: page.next?.text, total: page.total))
        case .graph(let graph): ("graph.json", NativeJSON.graph(graph))
        case .activity(let series): ("activity.json", NativeJSON.activity(series))
        case .difference(let difference): ("diff.json", NativeJSON.difference(difference))
        case .text(let name, let text): (name, Array(text.utf8))
        }
    }

    /// Under a name that nothing has yet: `trace-….json`, `trace-…-2.json`.
    private static func write(_ bytes: [UInt8], as name: String) throws(ReadError) -> String {
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        for number in 1...Limits.exportNames {
            let path = name[..<dot] + (number == 1 ? "" : "-\(number)") + name[dot...]
            do {
                try Data(bytes).write(to: URL(filePath: String(path)), options: .withoutOverwriting)
                return String(path)
            } catch let error as CocoaError where error.code == .fileWriteFileExists {
                continue
            } catch {
                throw .failed("cannot write \(path): \(FileFailure.reason(error))")
            }
        }
        throw .failed("cannot write \(name): this folder has \(Limits.exportNames) of that name")
    }
}
