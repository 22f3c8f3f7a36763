// SPDX-License-Identifier: Apache-2.0
// Orders: turns a basket into an order, with items from the inventory and money from payments.

import ArgumentParser
import GRDB
import Hummingbird

struct OrdersCommand: ShopService {
    static let configuration = CommandConfiguration(
        commandName: "orders", abstract: "Turns a basket into an order: reserves the items, takes the money.")
    static let serviceName = "orders"
    static let faults: [Fault] = [.nPlusOne]

    @Option(help: ShopOptions.portHelp) var port = 9111
    @Option(help: "Where inventory is.") var inventory = "http://127.0.0.1:9121"
    @Option(help: "Where payments is.") var payments = "http://127.0.0.1:9131"
    @Option(help: "Where the event bus is, which mailer holds.") var mailer = "http://127.0.0.1:9141"
    @OptionGroup var options: ShopOptions

    static func migrate(_ migrator: inout DatabaseMigrator) { OrdersTables.migrate(&migrator) }

    func addRoutes(to router: Router<ShopContext>, kit: ShopKit) {
        ShopMetric.orders.begin(OrderStatus.outcomes.map(\.rawValue))
        let desk = OrderDesk(
            kit: kit, inventory: kit.peer("inventory", at: inventory), payments: kit.peer("payments", at: payments),
            news: BusTopic(MessageBus.orders, on: kit.peer("mailer", at: mailer)))
        router.post("/orders") { request, context in
            let question = try await request.decode(as: OrderQuestion.self, context: context)
            try question.lines.requireValid()
            let order = try await desk.place(question)
            return try order.response(status: .created, from: request, context: context)
        }
        router.get("/users/{id}/orders") { _, context in
            let user = try context.parameters.require("id", as: Int.self)
            return try await desk.orders(ofUser: user)
        }
    }
}

struct OrderQuestion: Codable, Sendable {
    var userID: Int
    var lines: [BasketLine]
}

/// How an order ended. A declined payment or an empty shelf is an outcome, recorded with its reason, not a failure.
enum OrderStatus: String, Codable, Sendable {
    case pending, confirmed, declined, rejected, failed

    static let outcomes: [OrderStatus] = [.confirmed, .declined, .rejected, .failed]
}

struct Order: ResponseCodable, Sendable {
    var orderID: Int
    var status: OrderStatus
    var totalCents: Int
    var reason: String?
    var lines: [BasketLine]
}
