// SPDX-License-Identifier: Apache-2.0
// The queue and its reader: a message is written down before it is accepted, and gone when its mail is on the way.

import Logging
import ServiceLifecycle
import Sonde

/// Takes messages at any time and processes them one after the other while the service runs.
struct PostOffice: Service {
    private let kit: ShopKit
    private let tracing = MessageTracing(
        system: MessageBus.system, destination: MessageBus.orders, consumerGroup: "mailer")
    private let arrivals: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init(kit: ShopKit) {
        self.kit = kit
        (arrivals, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        // What an earlier run has left.
        bell.yield()
    }

    /// Returns when the message is in the queue.
    func take(_ message: BusMessage<OrderNews>) async throws {
        try await kit.database.write { try MailerTables.enqueue(message, in: $0) }
        bell.yield()
    }

    func run() async throws {
        for await _ in arrivals.cancelOnGracefulShutdown() { await processAll() }
        // What came while the service was told to stop: the reader goes after the door is shut.
        await processAll()
    }

    private func processAll() async {
        do {
            while let message = try await kit.database.read({ try MailerTables.next(in: $0) }) {
                try await process(message)
            }
        } catch {
            kit.logger.error("the queue cannot be read", metadata: ["error": "\(error)"])
        }
    }

    private func process(_ message: BusMessage<OrderNews>) async throws {
        try await tracing.process(message.headers, messageID: message.id) {
            try await kit.database.write { try MailerTables.deliver(message, in: $0) }
            kit.logger.info(
                "mail sent",
                metadata: ["order.id": "\(message.body.orderID)", "subject": "\(message.body.subject)"])
            ShopMetric.mails.count(message.body.status.rawValue)
        }
    }
}

extension OrderNews {
    /// What stands above the mail.
    var subject: String {
        switch status {
        case .pending, .confirmed: "Order \(orderID) is on its way: \(Money(cents: totalCents).text)"
        case .declined: "Your card was declined for order \(orderID)"
        case .rejected: "We cannot deliver order \(orderID)"
        case .failed: "Something went wrong with order \(orderID)"
        }
    }
}
