// SPDX-License-Identifier: Apache-2.0
// Taking pieces from the shelves: all lines of an order or none.

import GRDB
import HTTPTypes
import Logging
import Tracing

struct Shelves: Sendable {
    let kit: ShopKit

    func items() async throws -> [Item] {
        try await kit.database.read { try InventoryTables.items(in: $0) }
    }

    /// Takes what `reservation` wants and returns the prices.
    ///
    /// Nothing is taken if one item is unknown or short.
    func reserve(_ reservation: Reservation) async throws -> [PricedLines.Line] {
        let lines = reservation.lines
        let taken = try await withSpan("reserve items") { span in
            span.attributes["shop.order.id"] = reservation.orderID
            span.attributes["shop.order.lines"] = lines.count
            if kit.faults.isOn(.slowInventory) {
                span.addEvent("waiting for the warehouse")
                try await Task.sleep(for: .milliseconds(Limits.slowInventoryMilliseconds))
            }
            let isRowByRow = kit.faults.isOn(.nPlusOne)
            return try await kit.database.write { database in
                let taken =
                    try isRowByRow
                    ? lines.flatMap { try InventoryTables.take([$0], in: database) }
                    : InventoryTables.take(lines, in: database)
                if taken.count < lines.count { throw try shortage(lines, taken: taken, in: database) }
                return taken
            }
        }
        kit.logger.info(
            "items reserved", metadata: ["order.id": "\(reservation.orderID)", "lines": "\(lines.count)"])
        ShopMetric.itemsReserved.add(lines.reduce(0) { $0 + $1.quantity })
        try await restock(taken.filter { $0.stock < Limits.restockBelow })
        show(taken)
        return lines.compactMap { line in
            taken.first { $0.sku == line.sku }.map {
                PricedLines.Line(sku: line.sku, quantity: line.quantity, priceCents: $0.priceCents)
            }
        }
    }

    /// Puts back what an order had taken.
    func release(_ reservation: Reservation) async throws {
        let back = try await kit.database.write { try InventoryTables.putBack(reservation.lines, in: $0) }
        kit.logger.info(
            "items put back", metadata: ["order.id": "\(reservation.orderID)", "lines": "\(reservation.lines.count)"])
        show(back)
    }

    /// Shows on `/metrics` what is there when the service starts.
    func showStock() async throws { show(try await items()) }

    private func show(_ items: [Item]) {
        for item in items { ShopMetric.stock.show(item.stock, sku: item.sku) }
    }

    /// The demo's shop never runs dry for long: the supplier fills an almost empty shelf.
    private func restock(_ low: [Item]) async throws {
        guard !low.isEmpty else { return }
        let skus = low.map(\.sku)
        let filled = try await kit.database.write { try InventoryTables.fill(skus, in: $0) }
        kit.logger.notice("shelves filled by the supplier", metadata: ["skus": "\(skus)"])
        show(filled)
    }

    private func shortage(
        _ lines: [BasketLine], taken: [Item], in database: Database
    ) throws -> Problem {
        let missing = lines.map(\.sku).filter { sku in !taken.contains { $0.sku == sku } }
        let known = Set(try InventoryTables.items(in: database).map(\.sku))
        if let stranger = missing.first(where: { !known.contains($0) }) {
            kit.logger.warning("item not known", metadata: ["sku": "\(stranger)"])
            return Problem(.unprocessableContent, code: "unknown_item", "there is no item with the sku \"\(stranger)\"")
        }
        kit.logger.warning("not enough on the shelves", metadata: ["skus": "\(missing)"])
        return Problem(.conflict, code: "out_of_stock", "not enough on the shelves: \(missing.joined(separator: ", "))")
    }
}
