// SPDX-License-Identifier: Apache-2.0
// Faults that can be switched on in the running shop, so that there is something to find. All are off at the start.

import HTTPTypes
import Hummingbird
import Logging
import Synchronization

enum Fault: String, CaseIterable, Sendable {
    case slowInventory = "slow-inventory"
    case nPlusOne = "n-plus-one"
    case declinedPayments = "declined-payments"
    case serverErrors = "server-errors"

    /// What one sees while it is on.
    var effect: String {
        switch self {
        case .slowInventory: "reserving takes \(Limits.slowInventoryMilliseconds) ms"
        case .nPlusOne: "one query per row instead of one per order"
        case .declinedPayments: "every payment is declined"
        case .serverErrors: "every second payment fails with status 500"
        }
    }
}

/// The faults that one service knows, and which of them are on.
final class FaultSwitches: Sendable {
    let known: [Fault]
    private let on = Mutex<Set<Fault>>([])

    init(_ known: [Fault]) { self.known = known }

    func isOn(_ fault: Fault) -> Bool { on.withLock { $0.contains(fault) } }

    func set(_ fault: Fault, on isOn: Bool) {
        on.withLock { faults in
            if isOn { faults.insert(fault) } else { faults.remove(fault) }
        }
    }

    /// One line a fault, `NAME on|off EFFECT`, for the script `demo/fault` to read.
    var listing: String {
        known.map { "\($0.rawValue) \(isOn($0) ? "on" : "off") \($0.effect)\n" }.joined()
    }
}

extension FaultSwitches {
    /// `GET /faults` lists, `PUT /faults/{name}` with the body `on` or `off` switches; from this machine only.
    func addRoutes(to router: Router<ShopContext>, logger: Logger) {
        router.get("/faults") { _, context in
            try context.requireLoopback()
            return self.listing
        }
        router.put("/faults/{name}") { request, context in
            try context.requireLoopback()
            let name = try context.parameters.require("name")
            guard let fault = self.known.first(where: { $0.rawValue == name }) else {
                throw Problem(.notFound, code: "unknown_fault", "this service has no fault \"\(name)\"")
            }
            let body = try await request.body.collect(upTo: Limits.maxRequestBytes)
            switch String(buffer: body) {
            case "on": self.set(fault, on: true)
            case "off": self.set(fault, on: false)
            case let other:
                throw Problem(.badRequest, code: "bad_switch", "expected the body on or off, got \"\(other)\"")
            }
            logger.notice("fault switched", metadata: ["fault": "\(name)", "on": "\(self.isOn(fault))"])
            return self.listing
        }
    }
}
