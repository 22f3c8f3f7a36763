// SPDX-License-Identifier: Apache-2.0
// Which file a command reads that cannot ask a collector.

import ArgumentParser
import FoundationEssentials

struct FileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read this file, or the sonde.db in this folder, without a collector or while one writes to it. "
                + "(default: $SONDE_DATA, else the folder that `serve` takes by itself; with SONDE_URL set, there is none)",
            valueName: "path"))
    var db: String?

    // Commands that ask a collector have this flag: whoever gives it here is told what to do instead.
    @Option(help: .hidden) var at: String?

    func validate() throws {
        guard db == nil || at == nil else { throw ValidationError("--at and --db name two sources; give --db alone") }
    }

    /// The path of the file or folder; `command` ends the sentence for those who named a collector.
    func path(
        for command: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CommandFailure) -> String {
        if let at {
            throw CommandFailure(
                .usage, "`sonde \(command)` reads a file, and --at \(at) names a collector",
                advice: "Run it on the machine where the collector keeps its data, also while it runs: "
                    + "`sonde \(command) --db FOLDER …`; or copy the file from there with `sonde backup`.")
        }
        if let db { return db }
        if let folder = environment["SONDE_DATA"], !folder.isEmpty { return folder }
        // Other commands ask that collector: an answer from this machine's usual folder would pass for its data.
        if let url = environment["SONDE_URL"], !url.isEmpty {
            throw CommandFailure(
                .usage, "`sonde \(command)` reads a file, and SONDE_URL names a collector (\(url))",
                advice:
                    "Name the file with --db PATH or SONDE_DATA, on the machine where that collector keeps its data.")
        }
        guard let home = UserFolders.data(environment) else {
            throw CommandFailure(
                .usage, "cannot tell which file to read: neither XDG_DATA_HOME nor HOME is set",
                advice: "Name it with --db PATH.")
        }
        return home + "/sonde"
    }
}
