// SPDX-License-Identifier: Apache-2.0
// `sonde backup`: a copy of a file, also while a collector writes it.

import ArgumentParser
import FoundationEssentials
import SondeSQLite
import SondeTerminal

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy a file while a collector writes it.",
        discussion: """
            The copy is what was committed when it began. It bears the target's name only once it is whole, \
            checked and on the disk; until then it is TARGET.partial. Read it with `--db TARGET`, or make it the \
            sonde.db of a data folder.

            \(ExitStatus.help)
            """
    )

    @Argument(help: ArgumentHelp("The file to write.", valueName: "target")) var target: String
    @OptionGroup(title: "Where") var file: FileOptions
    @Flag(help: "Replace the target if it exists.") var force = false
    @Flag(name: .customLong("no-verify"), help: "Don't check the copy; keep it even if it is damaged.")
    var skipsCheck = false

    func run() async throws {
        let path = try file.path(for: "backup")
        guard target != "-" else {
            throw CommandFailure(
                .usage, "cannot back up to standard output: a copy is checked before it counts", advice: "Name a file.")
        }
        var line = ProgressLine()
        defer { line.clear() }
        Interruption.remove(StoreBackup.partialPaths(of: target))
        defer { Interruption.keep() }
        do throws(StoreError) {
            let report = try StoreBackup.run(from: path, to: target, force: force, verify: !skipsCheck) { progress in
                switch progress {
                case .copying(let done, let pages):
                    line.update(part: pages > 0 ? Double(done) / Double(pages) : nil) { _ in
                        "copying pages: \(done) of \(pages)"
                    }
                case .checking(let progress):
                    line.update(part: progress.part) { _ in Check.text(progress) + " (of the copy)" }
                }
            }
            line.clear()
            StandardStreams.write(Self.text(report))
        } catch {
            line.clear()
            throw Self.failure(error)
        }
    }

    private static func text(_ report: StoreBackup.Report) -> String {
        let size = Quantity.size(bytes: report.bytes)
        guard let check = report.check else { return "\(report.target): \(size), not checked\n" }
        return "\(report.target): \(size), \(Quantity.counted(check.spans, "span")) and "
            + "\(Quantity.counted(check.logs, "log line")), nothing wrong\n"
    }

    private static func failure(_ error: StoreError) -> CommandFailure {
        switch error.code {
        case .invalid: CommandFailure(.usage, error.reason)
        case .unreachable, .notSonde, .newerFormat: CommandFailure(.unreachable, error.reason)
        case .damaged: CommandFailure(.nothingFound, error.reason)
        default: CommandFailure(.sourceFailed, error.reason)
        }
    }
}
