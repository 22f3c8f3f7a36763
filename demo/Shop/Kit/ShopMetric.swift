// SPDX-License-Identifier: Apache-2.0
// Every metric of the shop that is about selling, with its help text. What is about requests the library measures.
// The dashboards name these; change both together.

import Metrics
import Sonde

struct ShopMetric: Sendable {
    let name: String
    let help: String

    static let checkouts = ShopMetric(
        name: "checkouts_total", help: "Checkouts that came through the gateway, by outcome.")
    static let tokenChecks = ShopMetric(
        name: "token_checks_total", help: "Tokens that users was asked about, by whether it knew them.")
    static let orders = ShopMetric(name: "orders_total", help: "Orders, by outcome.")
    static let itemsReserved = ShopMetric(
        name: "items_reserved_total", help: "Pieces taken from the shelves for orders.")
    static let stock = ShopMetric(name: "inventory_stock", help: "Pieces on the shelf, by item.")
    static let payments = ShopMetric(name: "payments_total", help: "Payments, by outcome.")
    static let paymentAmount = ShopMetric(
        name: "payment_amount_euros", help: "Amounts of the payments taken, in euros.")

    static let mails = ShopMetric(name: "mails_total", help: "Mails about orders, by the order's outcome.")

    /// Buckets that suit prices rather than seconds.
    static let euroBuckets: [Double] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000]

    /// Gives the metrics their help texts.
    static func describe(in registry: MetricsRegistry) {
        for metric in [checkouts, tokenChecks, orders, itemsReserved, stock, payments, paymentAmount, mails] {
            registry.describe(metric.name, help: metric.help)
        }
    }

    /// Shows the outcomes as zero before the first of them: a rate over a counter that is not there yet misses its first
    /// step.
    func begin(_ outcomes: [String]) {
        for outcome in outcomes { Counter(label: name, dimensions: [("outcome", outcome)]).increment(by: 0) }
    }

    func count(_ outcome: String) {
        Counter(label: name, dimensions: [("outcome", outcome)]).increment()
    }

    func add(_ amount: Int) {
        Counter(label: name).increment(by: Int64(amount))
    }

    func show(_ value: Int, sku: String) {
        Gauge(label: name, dimensions: [("sku", sku)]).record(value)
    }

    func observe(_ value: Double) {
        Recorder(label: name).record(value)
    }
}
