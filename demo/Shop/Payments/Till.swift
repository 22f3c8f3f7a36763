// SPDX-License-Identifier: Apache-2.0
// Deciding on a payment and writing it down.

import Logging
import Synchronization
import Tracing

/// A failure of the service itself, as the fault `server-errors` brings about.
struct TerminalOffline: Error, CustomStringConvertible {
    var description: String { "the card terminal does not answer" }
}

final class Till: Sendable {
    private let kit: ShopKit
    private let faultyRequests = Mutex(0)

    init(kit: ShopKit) { self.kit = kit }

    /// With the fault `server-errors`: fails for the first request, the third, and so on.
    func failIfFaulty() throws {
        guard kit.faults.isOn(.serverErrors) else { return }
        let number = faultyRequests.withLock { count in
            count += 1
            return count
        }
        guard !number.isMultiple(of: 2) else { return }
        kit.logger.error("card terminal offline")
        throw TerminalOffline()
    }

    func take(_ question: PaymentQuestion) async throws -> Payment {
        try await withSpan("authorise payment") { span in
            span.attributes["shop.order.id"] = question.orderID
            span.attributes["shop.payment.amount"] = Money(cents: question.amountCents).euros
            span.attributes["shop.payment.currency"] = "EUR"
            let reason = try await reasonToDecline(question)
            let paymentID = try await kit.database.write {
                try PaymentsTables.record(question, reason: reason, in: $0)
            }
            if let reason {
                span.addEvent(SpanEvent(name: "payment.declined", attributes: ["reason": .string(reason)]))
            }
            report(question, reason: reason)
            return Payment(paymentID: paymentID, amountCents: question.amountCents, reason: reason)
        }
    }

    private func reasonToDecline(_ question: PaymentQuestion) async throws -> String? {
        if kit.faults.isOn(.declinedPayments) { return "issuer_refused" }
        let limit = try await kit.database.read { try PaymentsTables.limit(ofUser: question.userID, in: $0) }
        guard let limit else { return "no_card" }
        return question.amountCents > limit ? "card_limit_exceeded" : nil
    }

    private func report(_ question: PaymentQuestion, reason: String?) {
        let amount = Money(cents: question.amountCents)
        let facts: Logger.Metadata = ["order.id": "\(question.orderID)", "amount": "\(amount.text)"]
        if let reason {
            kit.logger.warning("payment declined", metadata: facts.merging(["reason": "\(reason)"]) { $1 })
        } else {
            kit.logger.info("payment taken", metadata: facts)
            ShopMetric.paymentAmount.observe(amount.euros)
        }
        ShopMetric.payments.count(reason == nil ? "taken" : "declined")
    }
}
