// SPDX-License-Identifier: Apache-2.0
// The commands that read a file and nothing else: sql, check, backup.

import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeTestKit
import Testing

@Suite("Commands on a file")
struct FileCommandTests {
    /// A data folder with the contents that the other commands are tested with.
    private func fill(_ scratch: Scratch) async throws -> String {
        let folder = scratch.file("data")
        var configuration = SQLiteStoreConfiguration(directory: folder)
        configuration.durability = .relaxed
        let store = try await SQLiteStore.open(
            configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await CollectorFixture.fill(store)
        await store.close()
        return folder
    }

    static let query = """
        SELECT service, count(*) AS spans, max(status_message) AS message, ms(max(duration)) AS ms FROM spans
        GROUP BY service ORDER BY service
        """

    @Test func rowsLookAsAgreed() async throws {
        let scratch = try Scratch()
        let folder = try await fill(scratch)
        for format in ["text", "json", "ndjson", "csv"] {
            let outcome = try await Binary.run(
                ["sql", Self.query, "--db", folder, "--output", format], environment: ["COLUMNS": "80"], in: scratch)
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            try Golden().expect(outcome.output, is: format == "text" ? "sql-80.txt" : "sql.\(format)")
        }
    }

    @Test func theFolderOfTheCollectorIsReadByItself() async throws {
        let scratch = try Scratch()
        let folder = try await fill(scratch)
        let named = try await Binary.run(
            ["sql", "SELECT count(*) FROM spans", "--output", "csv"], environment: ["SONDE_DATA": folder], in: scratch)
        #expect(named.status == 0)
        let missing = try await Binary.run(["sql", "SELECT 1"], in: scratch)
        #expect(missing.status == 3)
        #expect(missing.errors.contains(scratch.path + "/.local/share/sonde"))
    }

    @Test(arguments: [["sql", "SELECT count(*) FROM spans", "-o", "csv"], ["check"], ["backup", "x.db"]])
    func anAddressInTheEnvironmentIsNotTakenForAFile(command: [String]) async throws {
        let scratch = try Scratch()
        let folder = try await fill(scratch)
        // The usual folder has a file; it is not the one of that collector.
        try FileManager.default.createDirectory(
            atPath: scratch.file(".local/share"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: folder, toPath: scratch.file(".local/share/sonde"))
        var environment = ["SONDE_URL": "http://other:16686"]
        let refused = try await Binary.run(command, environment: environment, in: scratch)
        #expect(refused.status == 2 && refused.output == "", "\(refused.output)")
        #expect(refused.errors.contains("`sonde \(command[0])` reads a file, and SONDE_URL names a collector"))
        #expect(refused.errors.contains("http://other:16686") && refused.errors.contains("--db PATH"))
        let named = try await Binary.run(command + ["--db", folder], environment: environment, in: scratch)
        #expect(named.status == 0, "\(named.errors)")
        environment["SONDE_DATA"] = folder
        let force = command[0] == "backup" ? ["--force"] : []
        let variable = try await Binary.run(command + force, environment: environment, in: scratch)
        #expect(variable.status == 0, "\(variable.errors)")
        environment = ["SONDE_URL": ""]
        let usual = try await Binary.run(command + force, environment: environment, in: scratch)
        #expect(usual.status == 0, "\(usual.errors)")
    }

    @Test(arguments: [
        (["sql", "SELECT 1", "--at", "http://127.0.0.1:1"], 2 as Int32, "reads a file, and --at"),
        (["check", "--at", "http://127.0.0.1:1"], 2, "`sonde check --db FOLDER …`"),
        (["backup", "x.db", "--at", "http://127.0.0.1:1"], 2, "reads a file"),
        (
            ["sql", "SELECT nme FROM spans", "--db", "DATA"], 2,
            "no such column: nme\n  SELECT nme FROM spans\n         ^\n"
        ),
        (["sql", "DELETE FROM block", "--db", "DATA"], 2, "SQL only reads here"),
        (["sql", "SELECT 1 WHERE 0", "--db", "DATA"], 1, "the query gave no rows"),
        (
            [
                "sql", "SELECT count(*) FROM spans a, spans b, spans c, spans d, spans e, spans f, spans g, spans h",
                "--db", "DATA", "--timeout", "1ms",
            ], 4, "it took longer"
        ),
        (["sql", "SELECT 1", "--db", "DATA", "--limit", "-1"], 2, "--limit"),
        (["check", "--db", "nowhere"], 3, "no such file"), (["backup", "-", "--db", "DATA"], 2, "standard output"),
        (["backup", "DATA/sonde.db", "--db", "DATA", "--force"], 2, "the very file"),
    ]) func saysWhatIsWrong(command: [String], status: Int32, reason: String) async throws {
        let scratch = try Scratch()
        let folder = try await fill(scratch)
        let outcome = try await Binary.run(command.map { $0.replacing("DATA", with: folder) }, in: scratch)
        #expect(outcome.status == status, "\(outcome.errors)")
        #expect(outcome.errors.contains(reason), "\(outcome.errors)")
        #expect(outcome.output == "")
    }

    @Test func saysThatRowsAreMissing() async throws {
        let scratch = try Scratch()
        let folder = try await fill(scratch)
        let outcome = try await Binary.run(
            ["sql", "SELECT value FROM json_each('[1,2,3]')", "--db", folder, "--limit", "2", "--output", "csv"],
            in: scratch)
        #expect(outcome.status == 0)
        #expect(outcome.output == "value\n1\n2\n")
        #expect(outcome.errors.contains("only the first 2 rows"))
    }

    @Test func aHealthyFileIsSaidToBe() async throws {
        let scratch = try Scratch()
        let folder = try await fill(scratch)
        let text = try await Binary.run(["check", "--db", folder], in: scratch)
        #expect(text.status == 0)
        #expect(text.output.hasPrefix(folder + "/sonde.db: nothing wrong\n  "), "\(text.output)")
        let json = try await Binary.run(["check", "--db", folder, "--output", "json"], in: scratch)
        let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(report?["clean"] as? Bool == true)
        #expect((report?["findings"] as? [Any])?.isEmpty == true)
    }

    @Test func aDamagedBlockIsNamed() async throws {
        let scratch = try Scratch()
        let folder = try await fill(scratch)
        let path = folder + "/sonde.db"
        var bytes = try Data(contentsOf: URL(filePath: path))
        // A name that stands in a value: inside a chunk of a block's cold part.
        let place = try #require(bytes.range(of: Data("card.brand".utf8)))
        bytes[place.lowerBound] ^= 1
        try bytes.write(to: URL(filePath: path))
        let text = try await Binary.run(["check", "--db", folder], in: scratch)
        #expect(text.status == 1)
        #expect(text.output.contains(/block \d+ \(cold, chunk 0\): does not match its checksum/), "\(text.output)")
        #expect(text.errors.contains("is damaged"))
        let json = try await Binary.run(["check", "--db", folder, "--output", "json"], in: scratch)
        #expect(json.status == 1)
        let report = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        let finding = (report?["findings"] as? [[String: Any]])?.first
        #expect(finding?["table"] as? String == "cold")
        #expect(finding?["remedy"] as? String == "dropBlock")
    }

    @Test func aBackupAnswersAsItsOriginal() async throws {
        let scratch = try Scratch()
        let folder = try await fill(scratch)
        let backup = try await Binary.run(["backup", "copy.db", "--db", folder], in: scratch)
        #expect(backup.status == 0, "\(backup.errors)")
        #expect(backup.output.contains("nothing wrong"))
        let again = try await Binary.run(["backup", "copy.db", "--db", folder], in: scratch)
        #expect(again.status == 2)
        #expect(again.errors.contains("--force"))
        for command in [["traces", "--output", "ndjson"], ["logs", "--output", "ndjson"]] {
            let first = try await Binary.run(command + ["--db", folder], in: scratch)
            let second = try await Binary.run(command + ["--db", "copy.db"], in: scratch)
            #expect(first.output == second.output)
        }
    }
}
