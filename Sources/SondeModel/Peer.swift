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

    /// Keys of attributes that name the far end, the most telling first. The names of the semantic conventions stand
    /// before those they have replaced.
    package static let keys = [
        "service.peer.name", "peer.service", "db.namespace", "db.name", "db.system.name", "db.system",
        "messaging.system", "server.address", "net.peer.name",
    ]
    private static let databaseKeys = 2..<6
    private static let messagingKeys = 6..<7

    /// Which of ``keys`` names the far end, and over what kind of connection; nil if none does.
    ///
    /// - Parameter isPresent: whether there is an attribute with the key of this number whose text is not empty.
    package static func choose(_ isPresent: (Int) -> Bool) -> (key: Int, connection: ConnectionType)? {
        guard let key = keys.indices.first(where: isPresent) else { return nil }
        if databaseKeys.contains(where: isPresent) { return (key, .database) }
        return (key, messagingKeys.contains(where: isPresent) ? .messaging : .virtualNode)
    }

    /// The far end of a call by its span's attributes; of a key that comes twice the first counts.
    package init?(of span: SpanRecord) {
        let texts = Self.keys.map { span.attributes[$0]?.text ?? "" }
        guard let (key, connection) = Self.choose({ !texts[$0].isEmpty }) else { return nil }
        self.init(name: texts[key], connection: connection)
    }
}
