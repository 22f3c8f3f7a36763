// SPDX-License-Identifier: Apache-2.0
// What a snapshot of the file holds, kept in memory: the list of blocks with their fingerprints and zones, and the
// names. Blocks never change and their ids are never used twice, so a later snapshot shares all that it has in common.

import SondeModel

/// One block of spans.
final class SpanBlockInfo: Sendable {
    let id: Int64
    /// Place in the order of arrival.
    let sequence: Int64
    let level: Int
    let count: Int
    let received: UInt64
    let start: UInt64
    let lastStart: UInt64
    let newestTrace: UInt64
    let bytes: Int
    /// Sorted; equal ones as often as they occur.
    let fingerprints: [UInt32]
    let zones: [ServiceZone]

    init(
        id: Int64, sequence: Int64, level: Int, count: Int, received: UInt64, start: UInt64, lastStart: UInt64,
        newestTrace: UInt64, bytes: Int, fingerprints: [UInt32], zones: [ServiceZone]
    ) {
        self.id = id
        self.sequence = sequence
        self.level = level
        self.count = count
        self.received = received
        self.start = start
        self.lastStart = lastStart
        self.newestTrace = newestTrace
        self.bytes = bytes
        self.fingerprints = fingerprints
        self.zones = zones
    }

    /// Whether a trace with this fingerprint may be in the block. Fingerprints are evenly spread, so that a guess by
    /// proportion lands within a few places of the right one.
    func mayContain(_ fingerprint: UInt32) -> Bool {
        fingerprints.withUnsafeBufferPointer { sorted in
            guard !sorted.isEmpty else { return false }
            var place = Int(UInt64(fingerprint) * UInt64(sorted.count) >> 32)
            while place > 0, sorted[place] >= fingerprint { place -= 1 }
            while place < sorted.count, sorted[place] < fingerprint { place += 1 }
            return place < sorted.count && sorted[place] == fingerprint
        }
    }

    func zone(of service: Int) -> ServiceZone? { zones.first { $0.service == service } }
}

/// One block of log records.
final class LogBlockInfo: Sendable {
    struct Zone: Hashable, Sendable {
        var service: Int
        var count: Int
        var maxSeverity: Int
    }

    let id: Int64
    /// Number of its first record.
    let sequence: Int64
    let level: Int
    let count: Int
    let received: UInt64
    let start: UInt64
    let end: UInt64
    let bytes: Int
    let zones: [Zone]

    init(
        id: Int64, sequence: Int64, level: Int, count: Int, received: UInt64, start: UInt64, end: UInt64, bytes: Int,
        zones: [Zone]
    ) {
        self.id = id
        self.sequence = sequence
        self.level = level
        self.count = count
        self.received = received
        self.start = start
        self.end = end
        self.bytes = bytes
        self.zones = zones
    }
}

/// The global dictionaries as readers see them.
struct StoredNames: Sendable {
    struct Operation: Hashable, Sendable {
        var service: Int
        var name: String
        var kind: SpanKind

        /// Whether the id stands for nothing now: no block uses it.
        var isSpare: Bool { service == 0 }
    }

    /// Raised whenever an id is freed or given another meaning.
    var generation: Int64 = 0
    /// Empty where the id stands for nothing now.
    var services: [String] = []
    var operations: [Operation] = []
    /// For light records: a resource that names the service and nothing else.
    var resources: [Resource] = []

    func service(_ id: Int) -> String { id >= 1 && id <= services.count ? services[id - 1] : "" }

    func operation(_ id: Int) -> Operation? { id >= 1 && id <= operations.count ? operations[id - 1] : nil }

    /// The ids of a service's name; names that differ only in damaged letters share a text.
    func serviceIDs(_ name: String) -> [Int] { services.indices.filter { services[$0] == name }.map { $0 + 1 } }
}

/// One snapshot of the file.
final class Catalog: Sendable {
    let generation: Int64
    /// In order of arrival.
    let blocks: [SpanBlockInfo]
    let logBlocks: [LogBlockInfo]
    let names: StoredNames
    let pins: PinCatalog

    init(
        generation: Int64, blocks: [SpanBlockInfo], logBlocks: [LogBlockInfo], names: StoredNames,
        pins: PinCatalog = PinCatalog()
    ) {
        self.generation = generation
        self.blocks = blocks
        self.logBlocks = logBlocks
        self.names = names
        self.pins = pins
    }

    static let empty = Catalog(generation: 0, blocks: [], logBlocks: [], names: StoredNames())

    /// The blocks that may hold a trace, in order of arrival.
    func blocks(mayHold id: TraceID) -> [SpanBlockInfo] {
        let fingerprint = TraceWords(id).fingerprint
        return blocks.filter { $0.mayContain(fingerprint) }
    }
}

extension Catalog {
    /// The catalog of the transaction that is open on `connection`; what `known` holds already is not read again.
    static func read(_ connection: Connection, known: Catalog) throws(SQLiteError) -> Catalog {
        let generation = try connection.integer("SELECT value FROM meta WHERE key = 'generation'")
        if generation == known.generation { return known }
        return Catalog(
            generation: generation, blocks: try readBlocks(connection, known: known.blocks),
            logBlocks: try readLogBlocks(connection, known: known.logBlocks),
            names: try readNames(connection, known: known.names),
            pins: try PinCatalog.read(connection, known: known.pins))
    }

    private static func ids(_ connection: Connection, _ table: String) throws(SQLiteError) -> [Int64] {
        let statement = try connection.prepare("SELECT id FROM \(table) INDEXED BY \(table)_order ORDER BY seq, id")
        defer { statement.reset() }
        var ids: [Int64] = []
        while try statement.step() { ids.append(statement.integer(0)) }
        return ids
    }

    private static func readBlocks(
        _ connection: Connection, known: [SpanBlockInfo]
    ) throws(SQLiteError) -> [SpanBlockInfo] {
        let old = Dictionary(known.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var blocks: [SpanBlockInfo] = []
        for id in try ids(connection, "block") {
            if let block = old[id] { blocks.append(block) } else { blocks.append(try readBlock(connection, id)) }
        }
        return blocks
    }

    private static func readBlock(_ connection: Connection, _ id: Int64) throws(SQLiteError) -> SpanBlockInfo {
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

    private static func readLogBlocks(
        _ connection: Connection, known: [LogBlockInfo]
    ) throws(SQLiteError) -> [LogBlockInfo] {
        let old = Dictionary(known.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var blocks: [LogBlockInfo] = []
        for id in try ids(connection, "log_block") {
            if let block = old[id] { blocks.append(block) } else { blocks.append(try readLogBlock(connection, id)) }
        }
        return blocks
    }

    private static func readLogBlock(_ connection: Connection, _ id: Int64) throws(SQLiteError) -> LogBlockInfo {
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

    private static func readNames(_ connection: Connection, known: StoredNames) throws(SQLiteError) -> StoredNames {
        let generation = try connection.integer("SELECT value FROM meta WHERE key = 'names'")
        var names = generation == known.generation ? known : StoredNames()
        names.generation = generation
        let services = try connection.prepare("SELECT name FROM service WHERE id > ? ORDER BY id")
        defer { services.reset() }
        services.bind(names.services.count, at: 1)
        while try services.step() {
            let name = services.text(0)
            names.services.append(name)
            names.resources.append(Resource(attributes: [Attribute("service.name", .string(name))]))
        }
        let operations = try connection.prepare("SELECT service, name, kind FROM op WHERE id > ? ORDER BY id")
        defer { operations.reset() }
        operations.bind(names.operations.count, at: 1)
        while try operations.step() {
            names.operations.append(
                .init(
                    service: operations.int(0), name: operations.text(1),
                    kind: SpanKind(rawValue: UInt8(truncatingIfNeeded: operations.int(2))) ?? .unspecified))
        }
        return names
    }
}
