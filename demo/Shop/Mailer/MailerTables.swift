// SPDX-License-Identifier: Apache-2.0
// The tables of mailer.db: messages that wait, in the order in which they came, and the mails that were sent.

import Foundation
import GRDB

enum MailerTables {
    static func migrate(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("messages and mails") { database in
            try database.execute(
                sql: """
                    CREATE TABLE message (
                        place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, content BLOB NOT NULL
                    ) STRICT;
                    CREATE TABLE mail (
                        id INTEGER PRIMARY KEY, user INTEGER NOT NULL, order_id INTEGER NOT NULL, subject TEXT NOT NULL
                    ) STRICT;
                    """)
        }
    }

    /// A message that is sent again is there already.
    static func enqueue(_ message: BusMessage<OrderNews>, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO message (id, content) VALUES (?, ?)",
            arguments: [message.id, try JSONEncoder().encode(message)])
    }

    /// The oldest message.
    static func next(in database: Database) throws -> BusMessage<OrderNews>? {
        let row = try Row.fetchOne(database, sql: "SELECT content FROM message ORDER BY place LIMIT 1")
        return try row.map { try JSONDecoder().decode(BusMessage<OrderNews>.self, from: $0["content"] as Data) }
    }

    /// Writes the mail down and takes the message out of the queue.
    static func deliver(_ message: BusMessage<OrderNews>, in database: Database) throws {
        let news = message.body
        try database.execute(
            sql: "INSERT INTO mail (user, order_id, subject) VALUES (?, ?, ?)",
            arguments: [news.userID, news.orderID, news.subject])
        try database.execute(sql: "DELETE FROM message WHERE id = ?", arguments: [message.id])
    }
}
