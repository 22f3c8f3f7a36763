// SPDX-License-Identifier: Apache-2.0
// Reads the catalog of a snapshot; what an earlier one holds already is not read again.

import SondeModel

extension Catalog {
    /// The catalog of the transaction that is open on `connection`.
    static func read(_ connection: Connection, known: Catalog) throws(SQLiteError) -> Catalog {
        let generation = try connection.integer("SELECT value FROM meta WHERE key = 'generation'")
        if generation == known.generation { return known }
        return Catalog(
            generation: generation, blocks: try readBlocks(connection, known: known.blocks),
            logBlocks: try readBlocks(connection, known: known.logBlocks),
            names: try readNames(connection, known: known.names),
            pins: try PinCatalog.read(connection, known: known.pins),
            hasPairFilters: try connection.integer("PRAGMA user_version") >= Schema.formatWithPairs,
            knownIndex: known.index)
    }

    private static func readBlocks<Block: CatalogBlock>(
        _ connection: Connection, known: [Block]
    ) throws(SQLiteError) -> [Block] {
        let old = Dictionary(known.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let table = Block.table
        let rows = try connection.prepare("SELECT id FROM \(table) INDEXED BY \(table)_order ORDER BY seq, id")
        defer { rows.reset() }
        var blocks: [Block] = []
        while try rows.step() {
            let id = rows.integer(0)
            if let block = old[id] { blocks.append(block) } else { blocks.append(try Block.read(connection, id)) }
        }
        return blocks
    }

    private static func readNames(_ connection: Connection, known: StoredNames) throws(SQLiteError) -> StoredNames {
        let generation = try connection.integer("SELECT value FROM meta WHERE key = 'names'")
        var names = generation == known.generation ? known : StoredNames()
        names.generation = generation
        let services = try connection.prepare("SELECT name, id FROM service WHERE id > ? ORDER BY id")
        defer { services.reset() }
        services.bind(names.services.count, at: 1)
        while try services.step() {
            // Rows that are missing keep their places, or all later ones would be taken for others.
            let missing = services.integer(1) - Int64(names.services.count) - 1
            guard missing <= Limits.nameGap else { continue }
            for _ in 0..<missing { names.add(service: "") }
            names.add(service: services.text(0))
        }
        let operations = try connection.prepare("SELECT service, name, kind, id FROM op WHERE id > ? ORDER BY id")
        defer { operations.reset() }
        operations.bind(names.operations.count, at: 1)
        while try operations.step() {
            let missing = operations.integer(3) - Int64(names.operations.count) - 1
            guard missing <= Limits.nameGap else { continue }
            for _ in 0..<missing { names.operations.append(.init(service: 0, name: "", kind: .unspecified)) }
            // A service that there is not is none.
            let service = operations.int(0)
            names.operations.append(
                .init(
                    service: service >= 1 && service <= names.services.count ? service : 0, name: operations.text(1),
                    kind: SpanKind(rawValue: UInt8(truncatingIfNeeded: operations.int(2))) ?? .unspecified))
        }
        return names
    }
}

extension StoredNames {
    fileprivate mutating func add(service name: String) {
        services.append(name)
        resources.append(Resource(attributes: [Attribute("service.name", .string(name))]))
    }
}

extension SpanBlockInfo {
    static func read(_ connection: Connection, _ id: Int64) throws(SQLiteError) -> SpanBlockInfo {
        var zones: [ServiceZone] = []
        let zone = try connection.prepare(
            "SELECT service, n, errors, max_duration, t_min, t_max FROM zone WHERE block = ?")
        defer { zone.reset() }
        zone.bind(id, at: 1)
        while try zone.step() {
            zones.append(
                ServiceZone(
                    service: zone.int(0), count: zone.int(1), errors: zone.int(2), maxDuration: zone.unsigned(3),
                    start: zone.unsigned(4), lastStart: zone.unsigned(5)))
        }
        let row = try connection.prepare(
            "SELECT seq, level, n, received, t_min, t_max, newest, bytes, fp FROM block WHERE id = ?")
        defer { row.reset() }
        row.bind(id, at: 1)
        guard try row.step() else { throw .damagedIndex(block: id) }
        let packed = row.bytes(8)
        let fingerprints = [UInt32](unsafeUninitializedCapacity: packed.count / 4) { numbers, written in
            for place in 0..<(packed.count / 4) {
                let raw = UnsafeRawBufferPointer(packed)
                numbers[place] = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: place * 4, as: UInt32.self))
            }
            written = packed.count / 4
        }
        return SpanBlockInfo(
            id: id, sequence: row.integer(0), level: row.int(1), count: row.int(2), received: row.unsigned(3),
            start: row.unsigned(4), lastStart: row.unsigned(5), newestTrace: row.unsigned(6), bytes: row.int(7),
            fingerprints: fingerprints, zones: zones)
    }
}

extension LogBlockInfo {
    static func read(_ connection: Connection, _ id: Int64) throws(SQLiteError) -> LogBlockInfo {
        var zones: [LogBlockInfo.Zone] = []
        let zone = try connection.prepare("SELECT service, n, max_severity FROM log_zone WHERE block = ?")
        defer { zone.reset() }
        zone.bind(id, at: 1)
        while try zone.step() {
            zones.append(.init(service: zone.int(0), count: zone.int(1), maxSeverity: zone.int(2)))
        }
        let row = try connection.prepare(
            "SELECT seq, level, n, received, t_min, t_max, bytes FROM log_block WHERE id = ?")
        defer { row.reset() }
        row.bind(id, at: 1)
        guard try row.step() else { throw .damagedIndex(block: id) }
        return LogBlockInfo(
            id: id, sequence: row.integer(0), level: row.int(1), count: row.int(2), received: row.unsigned(3),
            start: row.unsigned(4), end: row.unsigned(5), bytes: row.int(6), zones: zones)
    }
}
