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
        UsualAttributes.walk(span.pointee.attributes, base, keyLengths: Self.lengths) { found, value in
            let key = Self.key(base + found.lowerBound, count: Int(found.count))
            guard key != .none, let text = Self.text(value, base) else { return }
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
        var isShared = false
        UsualAttributes.walk(span.pointee.attributes, base, keyLengths: 1 << 13) { key, _ in
            if equals(base + key.lowerBound, "zipkin.shared") { isShared = true }
        }
        return isShared
    }

    /// The lengths of the keys that are looked for.
    private static let lengths: UInt64 = 1 << 7 | 1 << 9 | 1 << 12 | 1 << 14

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
        let start = base + value.lowerBound
        if value.count > 2, value.count < 0x80, start[0] == 0x0A, Int(start[1]) == Int(value.count) &- 2 {
            return ByteRange(offset: value.lowerBound &+ 2, count: Int(value.count) &- 2)
        }
        var reader = ProtobufReader(base: base, range: value)
        var text: ByteRange?
        while (try? reader.next()) == true {
            text = reader.field == 1 && reader.wireType == 2 ? try? reader.readRange() : nil
        }
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }
}
