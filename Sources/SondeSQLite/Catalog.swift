// SPDX-License-Identifier: Apache-2.0
// What a snapshot of the file holds, kept in memory: the list of blocks with their fingerprints and zones, and the
// names. Blocks never change and their ids are never used twice, so a later snapshot shares all that it has in common.

import SondeModel

/// What blocks of both kinds have in common.
protocol CatalogBlock: AnyObject, Sendable {
    /// The table that lists blocks of this kind.
    static var table: String { get }

    var id: Int64 { get }
    /// Place in the order of arrival; of a block of logs the number of its first record.
    var sequence: Int64 { get }
    var level: Int { get }
    var count: Int { get }
    var received: UInt64 { get }
    var bytes: Int { get }

    /// The block with this id, which the table lists.
    static func read(_ connection: Connection, _ id: Int64) throws(SQLiteError) -> Self
}

/// One block of spans.
final class SpanBlockInfo: CatalogBlock {
    static let table = "block"

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
final class LogBlockInfo: CatalogBlock {
    static let table = "log_block"

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
    /// Whether the file is of a format that has ``BlobTable/pairs``.
    let hasPairFilters: Bool
    let index: FingerprintIndex

    init(
        generation: Int64, blocks: [SpanBlockInfo], logBlocks: [LogBlockInfo], names: StoredNames,
        pins: PinCatalog = PinCatalog(), hasPairFilters: Bool = false,
        knownIndex: FingerprintIndex? = nil
    ) {
        self.generation = generation
        self.blocks = blocks
        self.logBlocks = logBlocks
        self.names = names
        self.pins = pins
        self.hasPairFilters = hasPairFilters
        index = FingerprintIndex(blocks, known: knownIndex)
    }

    static let empty = Catalog(generation: 0, blocks: [], logBlocks: [], names: StoredNames())

    /// The blocks that may hold a trace, in order of arrival.
    func blocks(mayHold id: TraceID) -> [SpanBlockInfo] { index.blocks(mayHold: TraceWords(id).fingerprint) }
}
