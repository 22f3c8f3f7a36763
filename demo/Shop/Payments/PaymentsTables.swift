// SPDX-License-Identifier: Apache-2.0
// The tables of payments.db, and the cards of the people who are always there.

import GRDB

enum PaymentsTables {
    static func migrate(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("cards and payments") { database in
            try database.execute(
                sql: """
                    CREATE TABLE card (user INTEGER PRIMARY KEY, limit_cents INTEGER NOT NULL) STRICT;
                    CREATE TABLE payment (
                        id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, user INTEGER NOT NULL,
                        amount_cents INTEGER NOT NULL, declined_because TEXT
                    ) STRICT;
                    INSERT INTO card (user, limit_cents) VALUES (1, 100000), (2, 100000), (3, 100000), (4, 500000);
                    """)
        }
    }

    static func limit(ofUser user: Int, in database: Database) throws -> Int? {
        try Row.fetchAll(database, sql: "SELECT limit_cents FROM card WHERE user = ?", arguments: [user])
            .first.map { $0["limit_cents"] }
    }

    /// Writes the payment down and returns its id.
    static func record(_ question: PaymentQuestion, reason: String?, in database: Database) throws -> Int {
        try database.execute(
            sql: "INSERT INTO payment (order_id, user, amount_cents, declined_because) VALUES (?, ?, ?, ?)",
            arguments: [question.orderID, question.userID, question.amountCents, reason])
        return Int(database.lastInsertedRowID)
    }
}
