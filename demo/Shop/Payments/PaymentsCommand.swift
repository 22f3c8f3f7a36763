// SPDX-License-Identifier: Apache-2.0
// Payments: takes money from cards, or doesn't. A declined payment is an answer (402), not a fault of the service.

import ArgumentParser
import GRDB
import HTTPTypes
import Hummingbird

struct PaymentsCommand: ShopService {
    static let configuration = CommandConfiguration(
        commandName: "payments", abstract: "Takes money from cards, up to each card's limit.")
    static let serviceName = "payments"
    static let faults: [Fault] = [.declinedPayments, .serverErrors]

    @Option(help: ShopOptions.portHelp) var port = 9131
    @OptionGroup var options: ShopOptions

    static func migrate(_ migrator: inout DatabaseMigrator) { PaymentsTables.migrate(&migrator) }

    func addRoutes(to router: Router<ShopContext>, kit: ShopKit) {
        ShopMetric.payments.begin(["taken", "declined"])
        let till = Till(kit: kit)
        router.post("/payments") { request, context in
            let question = try await request.decode(as: PaymentQuestion.self, context: context)
            try till.failIfFaulty()
            let payment = try await till.take(question)
            return try payment.response(
                status: payment.reason == nil ? .created : .paymentRequired, from: request, context: context)
        }
    }
}

struct PaymentQuestion: Codable, Sendable {
    var orderID: Int
    var userID: Int
    var amountCents: Int
}

/// A payment that was taken, or, with a reason, declined.
struct Payment: ResponseCodable, Sendable {
    var paymentID: Int
    var amountCents: Int
    var reason: String?
}
