// SPDX-License-Identifier: Apache-2.0
// Inventory: what is on the shelves. Orders take pieces from them, and put them back when a sale comes to nothing.

import ArgumentParser
import GRDB
import HTTPTypes
import Hummingbird

struct InventoryCommand: ShopService {
    static let configuration = CommandConfiguration(
        commandName: "inventory", abstract: "What is on the shelves: reserves items and gives them back.")
    static let serviceName = "inventory"
    static let faults: [Fault] = [.slowInventory, .nPlusOne]

    @Option(help: ShopOptions.portHelp) var port = 9121
    @OptionGroup var options: ShopOptions

    static func migrate(_ migrator: inout DatabaseMigrator) { InventoryTables.migrate(&migrator) }

    func addRoutes(to router: Router<ShopContext>, kit: ShopKit) async throws {
        ShopMetric.itemsReserved.add(0)
        let shelves = Shelves(kit: kit)
        try await shelves.showStock()
        router.get("/items") { _, _ in try await shelves.items() }
        router.post("/reservations") { request, context in
            let question = try await request.decode(as: Reservation.self, context: context)
            try question.lines.requireValid()
            let priced = try await shelves.reserve(question)
            return try PricedLines(lines: priced).response(status: .created, from: request, context: context)
        }
        router.post("/releases") { request, context -> HTTPResponse.Status in
            let reservation = try await request.decode(as: Reservation.self, context: context)
            try reservation.lines.requireValid()
            try await shelves.release(reservation)
            return .noContent
        }
    }
}

/// What an order wants from the shelves, or puts back.
struct Reservation: Codable, Sendable {
    var orderID: Int
    var lines: [BasketLine]
}

struct PricedLines: ResponseCodable, Sendable {
    struct Line: Codable, Sendable {
        var sku: String
        var quantity: Int
        var priceCents: Int
    }

    var lines: [Line]

    var totalCents: Int { lines.reduce(0) { $0 + $1.quantity * $1.priceCents } }
}

struct Item: ResponseCodable, Sendable {
    var sku: String
    var name: String
    var priceCents: Int
    var stock: Int
}
