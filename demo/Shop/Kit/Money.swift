// SPDX-License-Identifier: Apache-2.0
// Amounts of money: whole cents, printed as euros.

struct Money: Hashable, Sendable {
    var cents: Int

    /// `84.70 EUR`
    var text: String {
        let rest = abs(cents) % 100
        return "\(cents < 0 ? "-" : "")\(abs(cents) / 100).\(rest < 10 ? "0" : "")\(rest) EUR"
    }

    var euros: Double { Double(cents) / 100 }
}
