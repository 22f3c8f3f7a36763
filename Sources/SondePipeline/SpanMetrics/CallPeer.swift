// SPDX-License-Identifier: Apache-2.0
// Whom a client's span says that it called, by the semantic conventions for peers and databases.

import SondeModel

struct CallPeer {
    /// `peer.service`, else for a database `db.namespace`, `db.name`, `db.system.name`, `db.system`, the first it has.
    /// The name's bytes; nil if the span tells none.
    private(set) var name: ByteRange?
    /// Whether it is a database, which sends no spans.
    private(set) var isDatabase = false

    init(of span: UnsafePointer<SpanEntry>, _ base: UnsafePointer<UInt8>) {
        var best = Key.none
        var databaseName: ByteRange?
        var cursor = AttributeCursor(base: base, range: span.pointee.attributes, field: 9)
        while (try? cursor.next()) == true {
            let key = Self.key(base + cursor.key.lowerBound, count: Int(cursor.key.count))
            guard key != .none, let text = Self.text(cursor.value, base) else { continue }
            if key == .peerService {
                name = text
            } else if key.rawValue < best.rawValue {
                best = key
                databaseName = text
            }
        }
        isDatabase = databaseName != nil
        name = name ?? databaseName
    }

    /// Whether the span says that its client has the same span id (`zipkin.shared`, which our Zipkin listener writes).
    static func sharesItsID(_ span: UnsafePointer<SpanEntry>, _ base: UnsafePointer<UInt8>) -> Bool {
        var cursor = AttributeCursor(base: base, range: span.pointee.attributes, field: 9)
        while (try? cursor.next()) == true {
            if cursor.key.count == 13, equals(base + cursor.key.lowerBound, "zipkin.shared") { return true }
        }
        return false
    }

    /// The smaller, the better a database is named by it.
    private enum Key: Int { case namespace, name, systemName, system, none, peerService }

    /// Told by length first: most attributes end there.
    private static func key(_ key: UnsafePointer<UInt8>, count: Int) -> Key {
        switch count {
        case 12: equals(key, "peer.service") ? .peerService : equals(key, "db.namespace") ? .namespace : .none
        case 7: equals(key, "db.name") ? .name : .none
        case 14: equals(key, "db.system.name") ? .systemName : .none
        case 9: equals(key, "db.system") ? .system : .none
        default: .none
        }
    }

    private static func equals(_ key: UnsafePointer<UInt8>, _ text: StaticString) -> Bool {
        for place in 0..<text.utf8CodeUnitCount where key[place] != text.utf8Start[place] { return false }
        return true
    }

    /// The text of a string that is not empty: names are strings.
    private static func text(_ value: ByteRange, _ base: UnsafePointer<UInt8>) -> ByteRange? {
        var reader = ProtobufReader(base: base, range: value)
        var text: ByteRange?
        while (try? reader.next()) == true {
            text = reader.field == 1 && reader.wireType == 2 ? try? reader.readRange() : nil
        }
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }
}
