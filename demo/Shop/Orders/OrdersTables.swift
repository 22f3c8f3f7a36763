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
    static func open(_ question: OrderQuestion, isRowByRow: Bool, in connection: TracedConnection) throws -> Int {
        try connection.rows(
            Query(
                .insert, "purchase", "INSERT INTO purchase (user, status, total_cents) VALUES (?, ?, 0)",
                [question.userID, OrderStatus.pending.rawValue]))
        let id = Int(connection.lastInsertedID)
        for lines in isRowByRow ? question.lines.map({ [$0] }) : [question.lines] {
            let places = lines.map { _ in "(?, ?, ?)" }.joined(separator: ", ")
            let arguments = lines.flatMap { [id, $0.sku, $0.quantity] as [any DatabaseValueConvertible] }
            try connection.rows(
                Query(
                    .insert, "line", "INSERT INTO line (purchase, sku, quantity) VALUES \(places)",
                    StatementArguments(arguments)))
        }
        return id
    }

    static func close(_ order: Order, in connection: TracedConnection) throws {
        try connection.rows(
            Query(
                .update, "purchase", "UPDATE purchase SET status = ?, total_cents = ?, reason = ? WHERE id = ?",
                [order.status.rawValue, order.totalCents, order.reason, order.orderID]))
    }

    /// The newest orders of a user, newest first: two queries, or one for each order with the fault `n-plus-one`.
    static func orders(ofUser user: Int, isRowByRow: Bool, in connection: TracedConnection) throws -> [Order] {
        let purchases = try connection.rows(
            Query(
                .select, "purchase",
                "SELECT id, status, total_cents, reason FROM purchase WHERE user = ? ORDER BY id DESC LIMIT ?",
                [user, Limits.maxListedOrders]))
        let ids: [Int] = purchases.map { $0["id"] }
        let lines = try (isRowByRow ? ids.map { [$0] } : [ids]).flatMap { try self.lines(of: $0, in: connection) }
        let byPurchase = Dictionary(grouping: lines) { $0["purchase"] as Int }
        return purchases.map { row in
            Order(
                orderID: row["id"], status: OrderStatus(rawValue: row["status"]) ?? .failed,
                totalCents: row["total_cents"], reason: row["reason"],
                lines: (byPurchase[row["id"]] ?? []).map { BasketLine(sku: $0["sku"], quantity: $0["quantity"]) })
        }
    }

    private static func lines(of purchases: [Int], in connection: TracedConnection) throws -> [Row] {
        let places = purchases.map { _ in "?" }.joined(separator: ", ")
        return try connection.rows(
            Query(
                .select, "line",
                "SELECT purchase, sku, quantity FROM line WHERE purchase IN (\(places)) ORDER BY purchase, sku",
                StatementArguments(purchases)))
    }
}
