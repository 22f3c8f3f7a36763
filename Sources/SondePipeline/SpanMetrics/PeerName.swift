// SPDX-License-Identifier: Apache-2.0
// Whom a client's span says that it called, by the semantic conventions for peers and databases.

import SondeModel

struct PeerName {
    /// `db.namespace`, else `db.name`, else `db.system.name`, else `db.system`; nil for no database.
    private(set) var database: String?
    /// `peer.service`.
    private(set) var name: String?

    init(of span: SpanEntry, _ base: UnsafePointer<UInt8>) {
        var best = Int.max
        var databaseName = ByteRange.empty
        var peer: ByteRange?
        var cursor = AttributeCursor(base: base, range: span.attributes, field: 9)
        while (try? cursor.next()) == true {
            let key = UnsafeBufferPointer(start: base + cursor.key.lowerBound, count: Int(cursor.key.count))
            switch Self.rank(of: key) {
            case nil: continue
            case Self.peerRank?: peer = cursor.value
            case let rank?:
                guard rank < best else { continue }
                best = rank
                databaseName = cursor.value
            }
        }
        if best < .max { database = Self.text(databaseName, base) }
        if let peer { name = Self.text(peer, base) }
        // A database that is a service with a name of its own is known by that.
        if database != nil, let name { database = name }
    }

    /// Whether the span says that its client has the same span id (`zipkin.shared`, which our Zipkin listener writes).
    static func sharesItsID(_ span: SpanEntry, _ base: UnsafePointer<UInt8>) -> Bool {
        var cursor = AttributeCursor(base: base, range: span.attributes, field: 9)
        while (try? cursor.next()) == true {
            let key = UnsafeBufferPointer(start: base + cursor.key.lowerBound, count: Int(cursor.key.count))
            if key.count == 13, equals(key, "zipkin.shared") { return true }
        }
        return false
    }

    private static let keys: [StaticString] = ["db.namespace", "db.name", "db.system.name", "db.system"]
    private static let peerRank = -1

    /// Told by length first: most attributes end there.
    private static func rank(of key: UnsafeBufferPointer<UInt8>) -> Int? {
        switch key.count {
        case 12: equals(key, "peer.service") ? peerRank : equals(key, keys[0]) ? 0 : nil
        case 7: equals(key, keys[1]) ? 1 : nil
        case 14: equals(key, keys[2]) ? 2 : nil
        case 9: equals(key, keys[3]) ? 3 : nil
        default: nil
        }
    }

    private static func equals(_ key: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
        text.withUTF8Buffer { key.elementsEqual($0) }
    }

    private static func text(_ value: ByteRange, _ base: UnsafePointer<UInt8>) -> String? {
        guard let text = (try? ProtobufReader.value(base: base, range: value))?.text, !text.isEmpty else { return nil }
        return String(decoding: SpanNameTemplate.cut(Array(text.utf8)), as: UTF8.self)
    }
}
