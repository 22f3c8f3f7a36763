// SPDX-License-Identifier: Apache-2.0
// Whom a call went to that no stored span answers for: a database, a broker, a service that sends no telemetry. Its
// caller's attributes name it.

/// What kind of connection a call went over, in the words that service graphs of OpenTelemetry and Tempo use.
package enum ConnectionType: String, Hashable, Sendable, CaseIterable {
    /// A request to another service.
    case request = ""
    case messaging = "messaging_system"
    case database = "database"
    /// A request to something that no span tells of.
    case virtualNode = "virtual_node"
}

/// The far end of a call, as the attributes of the calling span describe it.
package struct Peer: Hashable, Sendable {
    package var name: String
    /// Never ``ConnectionType/request``.
    package var connection: ConnectionType

    package init(name: String, connection: ConnectionType) {
        self.name = name
        self.connection = connection
    }

    /// Keys that name the far end, the most telling first. The names of the semantic conventions stand before those they
    /// have replaced.
    package static let keys = nameKeys + databaseKeys + messagingKeys + addressKeys

    private static let nameKeys = ["service.peer.name", "peer.service"]
    private static let databaseKeys = ["db.namespace", "db.name", "db.system.name", "db.system"]
    private static let messagingKeys = ["messaging.system"]
    private static let addressKeys = ["server.address", "net.peer.name"]

    /// The far end that `value` tells of, which gives the text of an attribute by its key; nil if none is named.
    package init?(attributes value: (String) -> String?) {
        func first(_ keys: [String]) -> String? {
            for key in keys { if let text = value(key), !text.isEmpty { return text } }
            return nil
        }
        let database = first(Self.databaseKeys)
        let messaging = first(Self.messagingKeys)
        guard let name = first(Self.nameKeys) ?? database ?? messaging ?? first(Self.addressKeys) else { return nil }
        self.init(
            name: name, connection: database != nil ? .database : messaging != nil ? .messaging : .virtualNode)
    }

    /// The far end of a call by its span's attributes; of a key that comes twice the first counts.
    package init?(of span: SpanRecord) {
        self.init { span.attributes[$0]?.text }
    }
}
