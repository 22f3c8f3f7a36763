// SPDX-License-Identifier: Apache-2.0
// Mailer: tells people what became of their orders. It holds the queue of the event bus and reads it by itself, so that
// no order waits for a mail.

import ArgumentParser
import GRDB
import HTTPTypes
import Hummingbird

struct MailerCommand: ShopService {
    static let configuration = CommandConfiguration(
        commandName: "mailer", abstract: "Reads the event bus and tells people what became of their orders.")
    static let serviceName = "mailer"

    @Option(help: ShopOptions.portHelp) var port = 9141
    @OptionGroup var options: ShopOptions

    static func migrate(_ migrator: inout DatabaseMigrator) { MailerTables.migrate(&migrator) }

    func addRoutes(to router: Router<ShopContext>, kit: ShopKit) {
        ShopMetric.mails.begin(OrderStatus.outcomes.map(\.rawValue))
        let office = PostOffice(kit: kit)
        kit.background.add(office)
        router.post("/topics/{topic}") { request, context -> HTTPResponse.Status in
            let topic = try context.parameters.require("topic")
            guard topic == MessageBus.orders else {
                throw Problem(.notFound, code: "unknown_topic", "nobody reads the topic \"\(topic)\"")
            }
            try await office.take(try await request.decode(as: BusMessage<OrderNews>.self, context: context))
            return .accepted
        }
    }
}
