// SPDX-License-Identifier: Apache-2.0
// The tables of orders.db.

import GRDB

enum OrdersTables {
    static func migrate(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("orders and their lines") { database in
            try database.execute(
                sql: """
                    CREATE TABLE purchase (
                        id INTEGER PRIMARY KEY, user INTEGER NOT NULL, status TEXT NOT NULL,
                        total_cents INTEGER NOT NULL, reason TEXT
                    ) STRICT;
                    CREATE INDEX purchase_by_user ON purchase (user, id);
                    CREATE TABLE line (
                        purchase INTEGER NOT NULL REFERENCES purchase (id), sku TEXT NOT NULL,
                        quantity INTEGER NOT NULL, PRIMARY KEY (purchase, sku)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
    }

    /// Writes a new order down, pending, and returns its id.
    static func open(_ question: OrderQuestion, isRowByRow: Bool, in database: Database) throws -> Int {
        try database.execute(
            sql: "INSERT INTO purchase (user, status, total_cents) VALUES (?, ?, 0)",
            arguments: [question.userID, OrderStatus.pending.rawValue])
        let id = Int(database.lastInsertedRowID)
        for lines in isRowByRow ? question.lines.map({ [$0] }) : [question.lines] {
            let places = lines.map { _ in "(?, ?, ?)" }.joined(separator: ", ")
            let arguments = lines.flatMap { [id, $0.sku, $0.quantity] as [any DatabaseValueConvertible] }
            try database.execute(
                sql: "INSERT INTO line (purchase, sku, quantity) VALUES \(places)",
                arguments: StatementArguments(arguments))
        }
        return id
    }

    static func close(_ order: Order, in database: Database) throws {
        try database.execute(
            sql: "UPDATE purchase SET status = ?, total_cents = ?, reason = ? WHERE id = ?",
            arguments: [order.status.rawValue, order.totalCents, order.reason, order.orderID])
    }

    /// The newest orders of a user, newest first: two queries, or one for each order with the fault `n-plus-one`.
    static func orders(ofUser user: Int, isRowByRow: Bool, in database: Database) throws -> [Order] {
        let purchases = try Row.fetchAll(
            database,
            sql: "SELECT id, status, total_cents, reason FROM purchase WHERE user = ? ORDER BY id DESC LIMIT ?",
            arguments: [user, Limits.maxListedOrders])
        let ids: [Int] = purchases.map { $0["id"] }
        let lines = try (isRowByRow ? ids.map { [$0] } : [ids]).flatMap { try self.lines(of: $0, in: database) }
        let byPurchase = Dictionary(grouping: lines) { $0["purchase"] as Int }
        return purchases.map { row in
            Order(
                orderID: row["id"], status: OrderStatus(rawValue: row["status"]) ?? .failed,
                totalCents: row["total_cents"], reason: row["reason"],
                lines: (byPurchase[row["id"]] ?? []).map { BasketLine(sku: $0["sku"], quantity: $0["quantity"]) })
        }
    }

    private static func lines(of purchases: [Int], in database: Database) throws -> [Row] {
        let places = purchases.map { _ in "?" }.joined(separator: ", ")
        return try Row.fetchAll(
            database,
            sql: "SELECT purchase, sku, quantity FROM line WHERE purchase IN (\(places)) ORDER BY purchase, sku",
            arguments: StatementArguments(purchases))
    }
}
