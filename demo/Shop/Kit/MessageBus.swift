// SPDX-License-Identifier: Apache-2.0
// The shop's event bus, as the one who has news sees it: a message goes to a topic, and whoever cares reads it later.
// The message carries its sender's trace in headers of its own: the request that brings it is over long before it is read.

import Foundation
import Hummingbird
import Sonde

enum MessageBus {
    /// `messaging.system`: no broker that others would know.
    static let system = "shop_bus"
    /// The topic of all that happens to orders.
    static let orders = "orders"
}

/// One message, as it travels and as it waits.
struct BusMessage<Body: Codable & Sendable>: Codable, Sendable {
    var id: String
    var headers: [String: String]
    var body: Body
}

/// Sends the messages of one topic.
struct BusTopic: Sendable {
    let bus: Peer
    private let name: String
    private let tracing: MessageTracing

    init(_ name: String, on bus: Peer) {
        self.bus = bus
        self.name = name
        tracing = MessageTracing(system: MessageBus.system, destination: name)
    }

    /// Returns when the bus has the message.
    func send(_ body: some Codable & Sendable) async throws {
        let id = UUID().uuidString
        var headers: [String: String] = [:]
        try await tracing.send(&headers, messageID: id) { headers in
            let answer = try await bus.post("/topics/\(name)", BusMessage(id: id, headers: headers, body: body))
            guard answer.status == 202 else { throw answer.problem }
        }
    }
}

/// What happened to an order.
struct OrderNews: Codable, Sendable {
    var orderID: Int
    var userID: Int
    var status: OrderStatus
    var totalCents: Int
}
