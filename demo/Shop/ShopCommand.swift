// SPDX-License-Identifier: Apache-2.0
// The demo shop: a small shop of separate processes, one service each, all from this one program, so that there is
// something to watch. `shop orders --port 9111` runs one service; `shop checkout` is a customer.

import ArgumentParser

@main
struct ShopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shop",
        abstract: "A small shop of six services that emit traces, metrics and logs through Sonde.",
        discussion: """
            Each service is a process of its own with its own SQLite file; they call each other over HTTP. A checkout \
            crosses all of them: gateway, users, orders, inventory, payments, and mailer by way of a queue. `demo/run` starts the whole shop.
            """,
        subcommands: [
            GatewayCommand.self, UsersCommand.self, OrdersCommand.self, InventoryCommand.self, PaymentsCommand.self,
            MailerCommand.self, CheckoutCommand.self,
        ]
    )
}
