// SPDX-License-Identifier: Apache-2.0
// `sonde serve`: the collector.

import ArgumentParser
import FoundationEssentials

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Collect traces and logs, keep them, and answer queries, until SIGTERM or Ctrl-C.",
        discussion: """
            Nothing needs to be set to begin. Every flag is also a variable and a key of the settings file: \
            --max-disk 20GB is SONDE_MAX_DISK=20GB is {"maxDisk": "20GB"}. A flag beats the variable, which beats the \
            file, which beats the default.

            Addresses are HOST:PORT, http://HOST:PORT, or a port alone for 127.0.0.1; port 0 takes any free one and says \
            which. Sizes are 500MB, 10GB, 2GiB; durations 36h, 7d.

            \(ExitStatus.help)
            """
    )

    @OptionGroup var flags: ServeFlags

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let settings: ServeSettings
        let sources: SettingSources
        do throws(SettingError) {
            sources = try SettingSources(flags: flags.values, environment: environment)
            settings = try ServeSettings(sources, environment: environment)
        } catch {
            throw error.failure
        }
        let collector = try CollectorRun(
            settings, unknownVariables: sources.unknownVariables, environment: environment)
        try await collector.run()
    }
}
