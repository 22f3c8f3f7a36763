// SPDX-License-Identifier: Apache-2.0
// Gateway: the shop's front door. It asks users whose token it is, hands the basket to orders, and tells the customer.

import ArgumentParser
import GRDB
import Hummingbird

struct GatewayCommand: ShopService {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "The front door: checks the token and passes checkouts on.")
    static let serviceName = "gateway"

    @Option(help: ShopOptions.portHelp) var port = 8080
    @Option(help: "Where users is.") var users = "http://127.0.0.1:9101"
    @Option(help: "Where orders is.") var orders = "http://127.0.0.1:9111"
    @OptionGroup var options: ShopOptions

    static func migrate(_ migrator: inout DatabaseMigrator) { GatewayTables.migrate(&migrator) }

    func addRoutes(to router: Router<ShopContext>, kit: ShopKit) {
        ShopMetric.checkouts.begin(OrderStatus.outcomes.map(\.rawValue))
        let door = FrontDoor(kit: kit, users: kit.peer("users", at: users), orders: kit.peer("orders", at: orders))
        router.post("/checkout") { request, context in
            let person = try await door.person(request.headers[.authorization])
            let basket = try await request.decode(as: Basket.self, context: context)
            try basket.items.requireValid()
            let receipt = try await door.checkOut(basket, for: person)
            return try receipt.response(status: receipt.httpStatus, from: request, context: context)
        }
        router.get("/orders") { request, _ in
            let person = try await door.person(request.headers[.authorization])
            return try await door.orders(of: person)
        }
    }
}

struct Basket: Codable, Sendable {
    var items: [BasketLine]
}
