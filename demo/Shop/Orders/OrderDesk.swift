// SPDX-License-Identifier: Apache-2.0
// The life of an order: written down, items reserved, money taken, and closed, whichever way it went.

import Logging

struct OrderDesk: Sendable {
    let kit: ShopKit
    let inventory: Peer
    let payments: Peer
    let news: BusTopic

    func place(_ question: OrderQuestion) async throws -> Order {
        let isRowByRow = kit.faults.isOn(.nPlusOne)
        let id = try await kit.database.write {
            try OrdersTables.open(question, isRowByRow: isRowByRow, in: $0)
        }
        kit.logger.info(
            "order received",
            metadata: ["order.id": "\(id)", "user.id": "\(question.userID)", "lines": "\(question.lines.count)"])
        var order = Order(orderID: id, status: .pending, totalCents: 0, lines: question.lines)
        do {
            try await reserve(&order)
            if order.status == .pending { try await pay(&order, user: question.userID) }
        } catch {
            order.status = .failed
            order.reason = (error as? Problem)?.code ?? "\(error)"
            try await close(order, user: question.userID)
            throw error
        }
        try await close(order, user: question.userID)
        return order
    }

    func orders(ofUser user: Int) async throws -> [Order] {
        let isRowByRow = kit.faults.isOn(.nPlusOne)
        return try await kit.database.read {
            try OrdersTables.orders(ofUser: user, isRowByRow: isRowByRow, in: $0)
        }
    }

    private func reserve(_ order: inout Order) async throws {
        let question = Reservation(orderID: order.orderID, lines: order.lines)
        let answer = try await inventory.post("/reservations", question)
        guard answer.status == 201 else {
            order.status = .rejected
            order.reason = answer.problem.code
            return
        }
        order.totalCents = try answer.decode(PricedLines.self).totalCents
    }

    private func pay(_ order: inout Order, user: Int) async throws {
        let question = PaymentQuestion(orderID: order.orderID, userID: user, amountCents: order.totalCents)
        do {
            let answer = try await payments.post("/payments", question)
            let payment = try answer.decode(Payment.self)
            order.reason = payment.reason
            order.status = payment.reason == nil ? .confirmed : .declined
        } catch {
            try await putBack(order)
            throw error
        }
        if order.status == .declined { try await putBack(order) }
    }

    /// An order is what it is, also if nobody hears of it.
    private func tell(_ order: Order, user: Int) async {
        do {
            try await news.send(
                OrderNews(
                    orderID: order.orderID, userID: user, status: order.status, totalCents: order.totalCents))
        } catch {
            kit.logger.warning(
                "nobody was told of the order", metadata: ["order.id": "\(order.orderID)", "error": "\(error)"])
        }
    }

    private func putBack(_ order: Order) async throws {
        let answer = try await inventory.post(
            "/releases", Reservation(orderID: order.orderID, lines: order.lines))
        guard answer.status == 204 else { throw answer.problem }
    }

    private func close(_ order: Order, user: Int) async throws {
        try await kit.database.write { try OrdersTables.close(order, in: $0) }
        await tell(order, user: user)
        ShopMetric.orders.count(order.status.rawValue)
        var facts: Logger.Metadata = [
            "order.id": "\(order.orderID)", "total": "\(Money(cents: order.totalCents).text)",
        ]
        if let reason = order.reason { facts["reason"] = "\(reason)" }
        switch order.status {
        case .pending, .confirmed: kit.logger.info("order confirmed", metadata: facts)
        case .declined: kit.logger.warning("order declined", metadata: facts)
        case .rejected: kit.logger.warning("order rejected", metadata: facts)
        case .failed: kit.logger.error("order failed", metadata: facts)
        }
    }
}
