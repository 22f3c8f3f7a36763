// SPDX-License-Identifier: Apache-2.0
// What a customer wants: items and how many of each. It travels from the client to the inventory unchanged.

import HTTPTypes

struct BasketLine: Codable, Hashable, Sendable {
    var sku: String
    var quantity: Int
}

extension [BasketLine] {
    /// Refuses a basket that no order can be made of.
    func requireValid() throws {
        guard !isEmpty, count <= Limits.maxBasketLines else {
            throw Problem(
                .badRequest, code: "bad_basket", "a basket has 1 to \(Limits.maxBasketLines) lines, this one \(count)")
        }
        guard Set(map(\.sku)).count == count else {
            throw Problem(.badRequest, code: "bad_basket", "each item stands in the basket once, with its quantity")
        }
        if let line = first(where: { !(1...Limits.maxQuantity).contains($0.quantity) }) {
            throw Problem(
                .badRequest, code: "bad_basket",
                "the quantity of \(line.sku) is \(line.quantity); expected 1 to \(Limits.maxQuantity)")
        }
    }
}
