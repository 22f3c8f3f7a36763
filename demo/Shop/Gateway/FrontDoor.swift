// SPDX-License-Identifier: Apache-2.0
// What the gateway does for a customer.

import HTTPTypes
import Hummingbird
import Logging

/// What the customer is told. With a reason, the order came to nothing, and the reason says why.
struct Receipt: ResponseCodable, Sendable {
    var orderID: Int
    var status: OrderStatus
    var totalCents: Int
    var currency = "EUR"
    var reason: String?

    /// A declined payment is 402, an empty shelf 409, an item that does not exist 422.
    var httpStatus: HTTPResponse.Status {
        switch status {
        case .confirmed, .pending: .created
        case .declined: .paymentRequired
        case .rejected: reason == "unknown_item" ? .unprocessableContent : .conflict
        case .failed: .badGateway
        }
    }
}

struct FrontDoor: Sendable {
    let kit: ShopKit
    let users: Peer
    let orders: Peer

    /// Whose token the header carries.
    func person(_ authorization: String?) async throws -> Person {
        let scheme = "Bearer "
        guard let authorization, authorization.hasPrefix(scheme) else {
            kit.logger.warning("request without a token")
            throw Problem(.unauthorized, code: "no_token", "expected the header Authorization: Bearer TOKEN")
        }
        let token = String(authorization.dropFirst(scheme.count))
        let answer = try await users.post("/tokens/verify", TokenQuestion(token: token))
        guard answer.status == 200 else {
            kit.logger.warning("token refused")
            throw Problem(.unauthorized, code: "unknown_token", "no user has this token")
        }
        return try answer.decode(Person.self)
    }

    func checkOut(_ basket: Basket, for person: Person) async throws -> Receipt {
        kit.logger.info(
            "checkout received", metadata: ["user.name": "\(person.name)", "lines": "\(basket.items.count)"])
        let question = OrderQuestion(userID: person.id, lines: basket.items)
        do {
            let answer = try await orders.post("/orders", question)
            guard answer.status == 201 else { throw answer.problem }
            let order = try answer.decode(Order.self)
            let receipt = Receipt(
                orderID: order.orderID, status: order.status, totalCents: order.totalCents, reason: order.reason)
            try await note(person, outcome: receipt.status.rawValue, order: receipt.orderID)
            return receipt
        } catch {
            try await note(person, outcome: OrderStatus.failed.rawValue, order: nil)
            throw error
        }
    }

    func orders(of person: Person) async throws -> [Order] {
        let answer = try await orders.get("/users/\(person.id)/orders")
        guard answer.status == 200 else { throw answer.problem }
        return try answer.decode([Order].self)
    }

    private func note(_ person: Person, outcome: String, order: Int?) async throws {
        try await kit.database.write {
            try GatewayTables.note(user: person.id, outcome: outcome, order: order, in: $0)
        }
        ShopMetric.checkouts.count(outcome)
        kit.logger.info("checkout answered", metadata: ["user.name": "\(person.name)", "outcome": "\(outcome)"])
    }
}
