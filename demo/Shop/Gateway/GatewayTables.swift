// SPDX-License-Identifier: Apache-2.0
// The table of gateway.db: a journal of the checkouts that came through the door.

import GRDB

enum GatewayTables {
    static func migrate(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("journal of checkouts") { database in
            try database.execute(
                sql: """
                    CREATE TABLE checkout (
                        id INTEGER PRIMARY KEY, user INTEGER NOT NULL, outcome TEXT NOT NULL, order_id INTEGER
                    ) STRICT;
                    """)
        }
    }

    static func note(user: Int, outcome: String, order: Int?, in database: Database) throws {
        try database.execute(
            sql: "INSERT INTO checkout (user, outcome, order_id) VALUES (?, ?, ?)", arguments: [user, outcome, order])
    }
}
