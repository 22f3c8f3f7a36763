// SPDX-License-Identifier: Apache-2.0
// A customer: sends checkouts to the gateway and says what came of each, with the id of its trace. It has no telemetry of
// its own, as a browser has none: the trace begins at the gateway.

import ArgumentParser
import AsyncHTTPClient
import Foundation

struct CheckoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkout",
        abstract: "Sends checkouts to the gateway and prints what came of each, with its trace id.",
        discussion: """
            Without --item the customers take turns; every third one wants more than the card allows, so that the \
            payment is declined. Ends with status 0 if every checkout was answered, whether confirmed, declined or out \
            of stock, and with 1 if one was not.
            """
    )

    @Option(help: "Where the gateway is.") var gateway = "http://127.0.0.1:8080"
    @Option(help: "How many checkouts to send; 0 goes on until stopped.") var count = 1
    @Option(help: ArgumentHelp("Milliseconds between two checkouts.", valueName: "ms")) var every = 0
    @Option(help: "Whose token to send.") var token: String?
    @Option(name: .customLong("item"), help: ArgumentHelp("What to buy; may be repeated.", valueName: "sku=quantity"))
    var items: [String] = []

    func validate() throws {
        guard count >= 0, every >= 0 else { throw ValidationError("--count and --every are not negative.") }
        _ = try lines()
    }

    func run() async throws {
        let customer = Customer(gateway: gateway)
        let chosen = try lines()
        var failures = 0
        var number = 0
        while count == 0 || number < count {
            if number > 0, every > 0 { try await Task.sleep(for: .milliseconds(every)) }
            number += 1
            var errand = Errand.turn(number)
            if !chosen.isEmpty { errand = Errand(token: errand.token, lines: chosen) }
            if let token { errand.token = token }
            let outcome = await customer.checkOut(errand)
            print(outcome.line(number, errand))
            fflush(nil)
            if !outcome.isAnswered { failures += 1 }
        }
        if failures > 0 { throw ExitCode(1) }
    }

    private func lines() throws -> [BasketLine] {
        try items.map { item in
            let parts = item.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let quantity = Int(parts[1]) else {
                throw ValidationError("--item \(item): expected SKU=QUANTITY, as in lamp=2.")
            }
            return BasketLine(sku: String(parts[0]), quantity: quantity)
        }
    }
}

/// Who goes shopping for what.
struct Errand: Sendable {
    var token: String
    var lines: [BasketLine]
    /// Said beside the outcome, when it is no accident.
    var remark: String?

    /// The errands that customers take turns with.
    static func turn(_ number: Int) -> Errand {
        switch number % 3 {
        case 1:
            Errand(token: "ada-token", lines: [.init(sku: "notebook", quantity: 2), .init(sku: "lamp", quantity: 1)])
        case 2:
            Errand(
                token: "grace-token",
                lines: [
                    .init(sku: "kettle", quantity: 1), .init(sku: "teapot", quantity: 1),
                    .init(sku: "notebook", quantity: 3),
                ])
        default:
            Errand(
                token: "alan-token", lines: [.init(sku: "bicycle", quantity: 2), .init(sku: "lamp", quantity: 1)],
                remark: "on purpose: two bicycles are more than the card allows")
        }
    }

    /// `2 notebook, 1 lamp`
    var text: String { lines.map { "\($0.quantity) \($0.sku)" }.joined(separator: ", ") }
}
