// SPDX-License-Identifier: Apache-2.0
// `sonde version`: what this binary is made of, for reports of faults.

import ArgumentParser
import SondeWire

struct ShowVersion: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the versions of sonde, Swift, SQLite and the file format."
    )

    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text

    func run() {
        switch output {
        case .text:
            StandardStreams.write(
                """
                sonde \(Version.text)
                Swift \(Version.swift)
                SQLite \(StoreChoice.databaseVersion)
                file format \(StoreChoice.formatVersion)

                """)
        case .json, .ndjson:
            var writer = JSONWriter()
            writer.beginObject()
            for (key, value) in [
                ("version", Version.text), ("swift", Version.swift), ("sqlite", StoreChoice.databaseVersion),
            ] {
                writer.key(key)
                writer.string(value)
            }
            writer.key("formatVersion")
            writer.int(StoreChoice.formatVersion)
            writer.endObject()
            StandardStreams.write(writer.bytes + [UInt8(ascii: "\n")])
        }
    }
}
