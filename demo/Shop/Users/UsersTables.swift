// SPDX-License-Identifier: Apache-2.0
// The tables of users.db, and the people who are always there.

import GRDB

enum UsersTables {
    static func migrate(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("people and tokens") { database in
            try database.execute(
                sql: """
                    CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL) STRICT;
                    CREATE TABLE token (
                        token TEXT PRIMARY KEY, person INTEGER NOT NULL REFERENCES person (id)
                    ) STRICT, WITHOUT ROWID;
                    INSERT INTO person (id, name, email) VALUES
                        (1, 'ada', 'ada@example.com'), (2, 'grace', 'grace@example.com'),
                        (3, 'alan', 'alan@example.com'), (4, 'barbara', 'barbara@example.com');
                    INSERT INTO token (token, person) VALUES
                        ('ada-token', 1), ('grace-token', 2), ('alan-token', 3), ('barbara-token', 4);
                    """)
        }
    }

    static func person(withToken token: String, in database: ShopDatabase) async throws -> Person? {
        try await database.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT person.id, person.name, person.email FROM person JOIN token ON token.person = person.id \
                    WHERE token.token = ?
                    """, arguments: [token])
            return rows.first.map { Person(id: $0["id"], name: $0["name"], email: $0["email"]) }
        }
    }
}
