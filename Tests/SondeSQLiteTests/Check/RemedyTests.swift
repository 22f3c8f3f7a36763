// SPDX-License-Identifier: Apache-2.0
// For every kind of damage a check says where it is and what would mend it.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("What a check would repair") struct RemedyTests {
    struct Damage: Sendable, CustomTestStringConvertible {
        var sql: String
        var place: String
        var remedy: StoreFinding.Remedy
        var testDescription: String { sql }
    }

    private static let flipEnd = "SET blob = CAST(substr(blob, 1, length(blob) - 1) || x'EE' AS BLOB)"

    static let damages: [Damage] = [
        Damage(sql: "UPDATE hot \(flipEnd) WHERE id = 2", place: "block 2 (hot, chunk ", remedy: .dropBlock),
        Damage(sql: "UPDATE cold \(flipEnd) WHERE id = 2", place: "block 2 (cold, chunk ", remedy: .dropBlock),
        Damage(sql: "UPDATE kvf \(flipEnd) WHERE id = 2", place: "block 2 (kvf, chunk ", remedy: .rebuildIndex),
        Damage(sql: "UPDATE pairs \(flipEnd) WHERE id = 2", place: "block 2 (pairs, chunk ", remedy: .rebuildIndex),
        Damage(sql: "UPDATE pairs SET id = 1", place: "block 1 (pairs)", remedy: .deleteRow),
        Damage(sql: "DELETE FROM kvf WHERE id = 2", place: "block 2 (kvf)", remedy: .rebuildIndex),
        Damage(sql: "DELETE FROM cold WHERE id = 2", place: "block 2 (cold)", remedy: .dropBlock),
        Damage(sql: "UPDATE block SET n = n + 1 WHERE id = 2", place: "block 2 (block)", remedy: .rebuildIndex),
        Damage(sql: "UPDATE block SET received = 5 WHERE id = 2", place: "block 2 (block)", remedy: .rebuildIndex),
        Damage(sql: "UPDATE block SET fp = x'00000000' WHERE id = 2", place: "block 2 (block)", remedy: .rebuildIndex),
        Damage(sql: "UPDATE zone SET errors = 77 WHERE block = 2", place: "block 2 (zone)", remedy: .rebuildIndex),
        Damage(sql: "DELETE FROM zone WHERE block = 2", place: "block 2 (zone)", remedy: .rebuildIndex),
        Damage(sql: "DELETE FROM block WHERE id = 2", place: "block 2 (hot)", remedy: .deleteRow),
        Damage(
            sql: "UPDATE log_hot \(flipEnd) WHERE id = 2", place: "log block 2 (log_hot, chunk ", remedy: .dropBlock),
        Damage(
            sql: "UPDATE log_cold \(flipEnd) WHERE id = 2", place: "log block 2 (log_cold, chunk ", remedy: .dropBlock),
        Damage(
            sql: "UPDATE log_filter \(flipEnd) WHERE id = 2", place: "log block 2 (log_filter, chunk ",
            remedy: .rebuildIndex),
        Damage(
            sql: "UPDATE log_block SET t_max = 5 WHERE id = 2", place: "log block 2 (log_block)", remedy: .rebuildIndex),
        Damage(
            sql: "UPDATE log_zone SET max_severity = 3 WHERE block = 2", place: "log block 2 (log_zone)",
            remedy: .rebuildIndex),
        Damage(sql: "DELETE FROM log_block WHERE id = 2", place: "log block 2 (log_hot)", remedy: .deleteRow),
        Damage(sql: "UPDATE service SET name = 'else' WHERE id = 1", place: "service 1", remedy: .acceptName),
        Damage(sql: "UPDATE op SET name = 'else' WHERE id = 1", place: "op 1", remedy: .acceptName),
        Damage(sql: "UPDATE pin SET note = 'else'", place: "pin 1", remedy: .acceptName),
        Damage(sql: "INSERT INTO pinned (block, sum) VALUES (2, 1)", place: "block 2 (pinned)", remedy: .rebuildIndex),
        Damage(sql: "UPDATE meta SET value = 1 WHERE key = 'twin'", place: "table meta", remedy: .rebuildIndex),
        Damage(sql: "DELETE FROM meta WHERE key = 'pins'", place: "table meta", remedy: .rebuildIndex),
        Damage(
            sql: "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'block'", place: "table sqlite_sequence",
            remedy: .rebuildIndex),
        Damage(sql: "DROP INDEX block_order", place: "table block_order", remedy: .copyFile),
        Damage(sql: "CREATE TABLE stranger (x)", place: "table stranger", remedy: .nothing),
        Damage(
            sql: "DELETE FROM grdb_migrations WHERE identifier = 'format 1'", place: "table grdb_migrations",
            remedy: .rebuildIndex),
    ]

    /// One merged block of each signal, which has the number 2, and a pin.
    private func fill(_ folder: TemporaryFolder) async throws {
        var dice = Dice(state: 3)
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(RandomTelemetry.spans(300, traces: 40, &dice)))
            try await store.accept(codec.logBatch(RandomTelemetry.logs(200, &dice)))
            await store.settle()
            _ = try await store.pin(.sample(1), note: "why")
        }
    }

    @Test(arguments: damages) func saysWhereAndWhat(damage: Damage) async throws {
        let folder = try TemporaryFolder()
        try await fill(folder)
        #expect(try StoreCheck.run(path: folder.path).findings == [])
        try Connection(path: folder.file("sonde.db"), mode: .readWrite).execute(damage.sql)
        let findings = try StoreCheck.run(path: folder.path).findings
        let found = findings.contains { $0.place.hasPrefix(damage.place) && $0.remedy == damage.remedy }
        #expect(found, "\(findings.map { $0.sentence + " · " + $0.remedy.rawValue })")
        #expect(findings.allSatisfy { $0.remedy.sentence.hasPrefix("would ") })
    }
}
