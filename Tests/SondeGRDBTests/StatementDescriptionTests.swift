// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SondeGRDB

struct StatementDescriptionTests {
    @Test(
        arguments: [
            ("SELECT 1", "SELECT ?"),
            (
                "select * from t where a = 'it''s' and b=X'0F' or c>-1.5e-3",
                "select * from t where a = ? and b=? or c>?"
            ),
            ("SELECT a - 1, -2 FROM t", "SELECT a - ?, ? FROM t"),
            ("SELECT 1-1, a-1, (a)-1, t.c2", "SELECT ?-?, a-?, (a)-?, t.c2"),
            ("SELECT .5, 0x1F, 1e5, 1_000", "SELECT ?, ?, ?, ?"),
            ("SELECT a -- the secret\nFROM t /* and\nanother */ WHERE b", "SELECT a FROM t WHERE b"),
            ("SELECT \"a 'b\", [c d], `e``f` FROM t", "SELECT \"a 'b\", [c d], `e``f` FROM t"),
            ("a IN (1, 2,3)", "a IN (?)"), ("a in ( ?1, ?2 )", "a in (?)"), ("a IN (1)", "a IN (?)"),
            ("a IN (:a, :b)", "a IN (?)"), ("a IN ()", "a IN ()"), ("a IN (SELECT 1)", "a IN (SELECT ?)"),
            ("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')", "INSERT INTO t VALUES (?, ?)"),
            ("VALUES (1, 2), (3)", "VALUES (?, ?), (?)"),
            ("SELECT  a\n\t FROM  t ;", "SELECT a FROM t"), ("", ""), ("'unclosed", "?"), ("/* unclosed", ""),
            ("UPDATE t SET a = $a, b = @b, c = :c, d = ?4", "UPDATE t SET a = $a, b = @b, c = :c, d = ?"),
            ("SELECT 'größe', größe", "SELECT ?, größe"),
            ("ATTACH \"a b.db\" AS \"b\" KEY \"secret\"", "ATTACH ? AS \"b\" KEY ?"),
            ("attach database ?1 as key key secret", "attach database ? as key key ?"),
            ("ATTACH 'a' AS b KEY [secret]", "ATTACH ? AS b KEY ?"), ("ATTACH", "ATTACH"),
            ("PRAGMA key=\"secret\"", "PRAGMA key=?"), ("PRAGMA main.rekey = `secret`", "PRAGMA main.rekey = ?"),
            ("pragma hexkey(secret)", "pragma hexkey(?)"), ("PRAGMA x = \"secret\"", "PRAGMA x = ?"),
            ("PRAGMA table_info(\"item\")", "PRAGMA table_info(\"item\")"), ("PRAGMA =", "PRAGMA ="),
            ("PRAGMA synchronous = FULL", "PRAGMA synchronous = FULL"), ("PRAGMA key =", "PRAGMA key ="),
        ])
    func textHasNoValues(sql: String, text: String) {
        #expect(StatementDescription(sql).text == text)
    }

    @Test(
        arguments: [
            ("SELECT 1", "SELECT", "SELECT", nil),
            (
                "select a from Person p, \"my table\" as m where p.id in (select id from other)", "SELECT",
                "SELECT Person my table SELECT other", nil
            ),
            ("SELECT * FROM main.person", "SELECT", "SELECT main.person", "main.person"),
            (
                "SELECT a FROM person JOIN token ON 1 LEFT JOIN [order line] USING (x)", "SELECT",
                "SELECT person token order line", nil
            ),
            ("SELECT * FROM json_each(?) WHERE a IS NOT DISTINCT FROM b", "SELECT", "SELECT", nil),
            ("INSERT OR REPLACE INTO t (a) VALUES (1) ON CONFLICT DO UPDATE SET a = 2", "INSERT", "INSERT t", "t"),
            ("INSERT INTO a SELECT * FROM b", "INSERT", "INSERT a SELECT b", nil),
            ("REPLACE INTO t VALUES (replace(1, 2, 3))", "REPLACE", "REPLACE t", "t"),
            ("UPDATE OR IGNORE item SET a = 1", "UPDATE", "UPDATE item", "item"),
            ("WITH line (sku) AS (VALUES (1)) UPDATE item SET a = line.a FROM line", "UPDATE", "UPDATE item", "item"),
            (
                "WITH RECURSIVE a AS (SELECT x FROM t), b AS NOT MATERIALIZED (SELECT * FROM a) SELECT * FROM b",
                "SELECT", "SELECT t", "t"
            ),
            ("DELETE FROM t WHERE a = 1 RETURNING a", "DELETE", "DELETE t", "t"),
            ("CREATE TABLE IF NOT EXISTS t (a REFERENCES u ON DELETE CASCADE)", "CREATE", "CREATE TABLE t", "t"),
            ("CREATE UNIQUE INDEX i ON t (a)", "CREATE", "CREATE INDEX i", "i"),
            ("BEGIN IMMEDIATE TRANSACTION", "BEGIN", "BEGIN", nil), ("PRAGMA user_version", "PRAGMA", "PRAGMA", nil),
            ("EXPLAIN QUERY PLAN SELECT * FROM t", "SELECT", "SELECT t", "t"),
            ("gibberish (", nil, "", nil), ("SELECT * FROM", "SELECT", "SELECT", nil),
            ("UPDATE", "UPDATE", "UPDATE", nil),
        ] as [(String, String?, String, String?)])
    func saysWhatItDoesToWhichTables(sql: String, operation: String?, summary: String, collection: String?) {
        let description = StatementDescription(sql)
        #expect(description.operation == operation)
        #expect(description.summary == summary)
        #expect(description.collection == collection)
    }

    @Test func longStatementsAreCutBetweenCharacters() {
        let names = (0..<5_000).map { "größe\($0)" }.joined(separator: ", ")
        let description = StatementDescription("SELECT \(names) FROM t")
        #expect(description.text.utf8.count <= Limits.textBytes && description.text.hasSuffix("…"))
        let tables = (0..<200).map { "table\($0)" }.joined(separator: ", ")
        let summary = StatementDescription("SELECT * FROM \(tables)").summary
        #expect(summary.utf8.count <= Limits.summaryBytes && summary.hasPrefix("SELECT table0 table1"))
        #expect(tables.contains(summary.split(separator: " ").last ?? "?"))
    }

    /// Whatever comes, nothing of it may trap.
    @Test func damagedStatementsAreDescribedToo() {
        let sql =
            "WITH a (b) AS (SELECT 'x''y', X'00', 1.5e-3 FROM [c d]) INSERT INTO \"t\" VALUES (?1, -2), (:a, $b) -- é"
        let bytes = Array(sql.utf8)
        for start in bytes.indices {
            for end in [bytes.count, start + 7, start + 23] where end <= bytes.count && end > start {
                let part = String(decoding: bytes[start..<end], as: UTF8.self)
                #expect(StatementDescription(part).text.utf8.count <= part.utf8.count + 3)
            }
        }
    }
}
