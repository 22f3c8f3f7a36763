// SPDX-License-Identifier: Apache-2.0
// `sonde check`: verifies a file.

import ArgumentParser
import SondeSQLite
import SondeTerminal
import SondeWire

/// Encodings of a report.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument { case text, json }

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Verify a file: every page, block, checksum and index.",
        discussion: """
            Works beside a running collector, on one snapshot of the file, and changes nothing. What is wrong is \
            told by block, with what would mend it. Status 1 means that something is wrong.

            \(ExitStatus.help)
            """
    )

    @OptionGroup(title: "Where") var file: FileOptions
    @Option(name: .shortAndLong, help: "Encoding of the report.") var output = ReportFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let path = try file.path(for: "check")
        var line = ProgressLine()
        defer { line.clear() }
        let report: CheckReport
        do throws(StoreError) {
            report = try StoreCheck.run(path: path) { progress in
                line.update(part: progress.part) { _ in Self.text(progress) }
            }
        } catch { throw CommandFailure(.unreachable, error.reason) }
        line.clear()
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(Self.json(report))
        case .text: printer.draw(Self.lines(report))
        }
        guard !report.isClean else { return }
        throw CommandFailure(
            .nothingFound, "\(report.path) is damaged: \(report.findingCount) findings",
            advice:
                "The other blocks can be read. Restore a backup, or copy the file away before anything else is tried.")
    }

    static func text(_ progress: StoreCheck.Progress) -> String {
        switch progress.stage {
        case .pages: "checking pages"
        case .blocks: "checking blocks of spans: \(progress.done) of \(progress.total)"
        case .logBlocks: "checking blocks of logs: \(progress.done) of \(progress.total)"
        }
    }

    private static func lines(_ report: CheckReport) -> [StyledText] {
        var lines: [StyledText] = []
        for finding in report.findings {
            lines.append(StyledText(finding.sentence, .bad))
            lines.append(StyledText("  a repair " + finding.remedy.sentence, .faint))
        }
        if report.findingCount > report.findings.count {
            lines.append(StyledText("… and \(report.findingCount - report.findings.count) more"))
        }
        for note in report.notes { lines.append(StyledText("note: " + note)) }
        if report.isClean {
            lines.append(StyledText("\(report.path): nothing wrong"))
            let spans = Quantity.counted(report.spans, "span") + " in " + Quantity.counted(report.blocks, "block")
            let logs = Quantity.counted(report.logs, "log line") + " in " + Quantity.counted(report.logBlocks, "block")
            lines.append(StyledText("  \(spans), \(logs), \(Quantity.size(bytes: report.bytes))", .faint))
        }
        return lines
    }

    static func json(_ report: CheckReport) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("path")
        writer.string(report.path)
        writer.key("clean")
        writer.bool(report.isClean)
        let numbers = [
            ("formatVersion", report.formatVersion), ("bytes", report.bytes), ("blocks", report.blocks),
            ("spans", report.spans), ("logBlocks", report.logBlocks), ("logs", report.logs),
            ("services", report.services), ("operations", report.operations), ("findingCount", report.findingCount),
        ]
        for (name, number) in numbers {
            writer.key(name)
            writer.int(number)
        }
        writer.key("findings")
        writer.beginArray()
        for finding in report.findings { write(finding, &writer) }
        writer.endArray()
        writer.key("notes")
        writer.beginArray()
        for note in report.notes { writer.string(note) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ finding: StoreFinding, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("table")
        writer.string(finding.table)
        if let row = finding.row {
            writer.key("row")
            writer.int(row)
        }
        if let chunk = finding.chunk {
            writer.key("chunk")
            writer.int(chunk)
        }
        writer.key("what")
        writer.string(finding.what)
        writer.key("remedy")
        writer.string(finding.remedy.rawValue)
        writer.endObject()
    }
}
