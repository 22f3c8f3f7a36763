// SPDX-License-Identifier: Apache-2.0
// The table of inventory.db, and what the shop sells.

import GRDB

enum InventoryTables {
    static func migrate(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("items") { database in
            try database.execute(
                sql: """
                    CREATE TABLE item (
                        sku TEXT PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER NOT NULL,
                        stock INTEGER NOT NULL CHECK (stock >= 0)
                    ) STRICT, WITHOUT ROWID;
                    INSERT INTO item (sku, name, price_cents, stock) VALUES
                        ('notebook', 'A notebook, dotted', 450, 500), ('lamp', 'A desk lamp', 3990, 500),
                        ('kettle', 'A kettle', 5400, 500), ('teapot', 'A teapot, short and stout', 2850, 500),
                        ('bicycle', 'A bicycle', 64900, 500);
                    """)
        }
    }

    static func items(in database: Database) throws -> [Item] {
        try Row.fetchAll(database, sql: "SELECT sku, name, price_cents, stock FROM item ORDER BY sku")
            .map(item)
    }

    /// Takes the lines that can be had in full, in one statement, and returns those items as they are now.
    static func take(_ lines: [BasketLine], in database: Database) throws -> [Item] {
        try change(
            lines,
            "SET stock = item.stock - line.quantity FROM line WHERE item.sku = line.sku AND item.stock >= line.quantity",
            in: database)
    }

    static func putBack(_ lines: [BasketLine], in database: Database) throws -> [Item] {
        try change(lines, "SET stock = item.stock + line.quantity FROM line WHERE item.sku = line.sku", in: database)
    }

    static func fill(_ skus: [String], in database: Database) throws -> [Item] {
        let places = skus.map { _ in "?" }.joined(separator: ", ")
        return try Row.fetchAll(
            database, sql: "UPDATE item SET stock = ? WHERE sku IN (\(places)) RETURNING sku, name, price_cents, stock",
            arguments: StatementArguments([Limits.restockTo]) + StatementArguments(skus)
        ).map(item)
    }

    private static func change(
        _ lines: [BasketLine], _ change: String, in database: Database
    ) throws -> [Item] {
        let places = lines.map { _ in "(?, ?)" }.joined(separator: ", ")
        let arguments = lines.flatMap { [$0.sku, $0.quantity] as [any DatabaseValueConvertible] }
        return try Row.fetchAll(
            database,
            sql: """
                WITH line (sku, quantity) AS (VALUES \(places)) \
                UPDATE item \(change) RETURNING item.sku, item.name, item.price_cents, item.stock
                """, arguments: StatementArguments(arguments)
        ).map(item)
    }

    private static func item(_ row: Row) -> Item {
        Item(sku: row["sku"], name: row["name"], priceCents: row["price_cents"], stock: row["stock"])
    }
}
