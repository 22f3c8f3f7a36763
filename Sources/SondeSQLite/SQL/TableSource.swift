// SPDX-License-Identifier: Apache-2.0
// What the virtual tables read from: a snapshot, its names as SQLite takes them, and which traces lie in pieces.

import SondeModel
import SondeStorage

final class TableSource {
    let file: BlockFile
    let duplicates = SpanDuplicates()
    var deadline: ContinuousClock.Instant?
    /// Why the file could not be read.
    var failure: String?
    private let services: [UnsafeBufferPointer<UInt8>]
    private let operations: [UnsafeBufferPointer<UInt8>]
    private let kinds: [UnsafeBufferPointer<UInt8>]
    private let statuses: [UnsafeBufferPointer<UInt8>]
    private let arena: UnsafeMutablePointer<UInt8>
    /// Fingerprints that occur in more than one place, once they are asked for.
    private var repeated: RepeatedFingerprints?
    private var repeatedBlocks: [Int64: Bool] = [:]
    /// Fingerprints of fresh blocks, once they are asked for.
    private var fresh: FingerprintSieve?

    init(_ file: BlockFile) {
        self.file = file
        let names = file.catalog.names
        let texts =
            names.services + names.operations.map(\.name) + SpanKind.allCases.map(\.name)
            + StatusCode.allCases.map(\.name)
        let size = texts.reduce(0) { $0 + $1.utf8.count }
        arena = .allocate(capacity: max(1, size))
        var next = arena
        var kept: [UnsafeBufferPointer<UInt8>] = []
        kept.reserveCapacity(texts.count)
        for var text in texts {
            let count = text.withUTF8 { bytes -> Int in
                if let base = bytes.baseAddress { next.update(from: base, count: bytes.count) }
                return bytes.count
            }
            kept.append(UnsafeBufferPointer(start: next, count: count))
            next += count
        }
        services = Array(kept.prefix(names.services.count))
        operations = Array(kept.dropFirst(names.services.count).prefix(names.operations.count))
        kinds = Array(kept.suffix(SpanKind.allCases.count + StatusCode.allCases.count))
        statuses = Array(kept.suffix(StatusCode.allCases.count))
    }

    deinit { arena.deallocate() }

    var isLate: Bool { deadline.map { $0 < .now } ?? false }

    /// Called block by block: a query that is late ends there too.
    func look() throws(ReadError) {
        if isLate { throw .failed("it took longer than it may") }
    }

    /// The names, at addresses that do not change.
    func service(_ id: Int) -> UnsafeBufferPointer<UInt8> {
        services.indices.contains(id - 1) ? services[id - 1] : UnsafeBufferPointer(start: arena, count: 0)
    }

    func operation(_ id: Int) -> UnsafeBufferPointer<UInt8> {
        operations.indices.contains(id - 1) ? operations[id - 1] : UnsafeBufferPointer(start: arena, count: 0)
    }

    func kind(_ kind: SpanKind) -> UnsafeBufferPointer<UInt8> { kinds[Int(kind.rawValue)] }

    func status(_ status: StatusCode) -> UnsafeBufferPointer<UInt8> { statuses[Int(status.rawValue)] }

    /// The ids of services with exactly this name, as SQL compares: byte by byte.
    func serviceIDs(_ name: String) -> Set<Int> {
        Set(services.indices.filter { services[$0].elementsEqual(name.utf8) }.map { $0 + 1 })
    }

    /// How many rows a table has, about.
    func rows(of table: String) -> Int {
        switch table {
        case "spans": file.catalog.blocks.reduce(0) { $0 &+ $1.count }
        case "traces": file.catalog.blocks.reduce(0) { $0 &+ $1.fingerprints.count }
        default: file.catalog.logBlocks.reduce(0) { $0 &+ $1.count }
        }
    }

    /// Whether a trace with this fingerprint may lie in more than one block.
    func isRepeated(_ fingerprint: UInt32) -> Bool { findRepeated().contains(fingerprint) }

    /// Whether every trace of a block lies there as a whole, each span once.
    func isWhole(_ block: SpanBlockInfo) -> Bool {
        guard block.level > 0 else { return false }
        if let known = repeatedBlocks[block.id] { return !known }
        let repeated = findRepeated()
        let isRepeated = block.fingerprints.contains(where: repeated.contains)
        repeatedBlocks[block.id] = isRepeated
        return !isRepeated
    }

    /// Whether no span of a block can be stored a second time: among merged blocks each is once, so that only fresh ones
    /// can bring copies.
    func hasNoCopies(_ block: SpanBlockInfo) -> Bool {
        guard block.level > 0 else { return false }
        let fresh = findFresh()
        return fresh.isEmpty || fresh.common(with: block.fingerprints).isEmpty
    }

    /// Whether a trace with this fingerprint may lie in a fresh block.
    func isFresh(_ fingerprint: UInt32) -> Bool { findFresh().contains(fingerprint) }

    private func findFresh() -> FingerprintSieve {
        if let fresh { return fresh }
        var found = FingerprintSieve()
        for block in file.catalog.blocks where block.level == 0 { block.fingerprints.forEach { found.insert($0) } }
        fresh = found
        return found
    }

    private func findRepeated() -> RepeatedFingerprints {
        if let repeated { return repeated }
        let found = RepeatedFingerprints(file.catalog.blocks)
        repeated = found
        return found
    }

    /// A trace in full, told by one of its fragments.
    func outline(_ fragment: TraceFragment, in block: SpanBlockInfo) throws(ReadError) -> TraceOutline? {
        var found: [(block: SpanBlockInfo, fragment: TraceFragment)] = []
        for place in findRepeated().places(of: fragment.id.fingerprint) {
            let block = file.catalog.blocks[place]
            if let piece = try file.head(block).fragment(of: fragment.id) { found.append((block, piece)) }
        }
        return try file.outline(fragment.id, found.isEmpty ? [(block, fragment)] : found)
    }

    /// The trace with this id, as text; nil where no trace can have it.
    static func traceWords(_ text: String) -> TraceWords? {
        guard text.utf8.count == 32, let id = TraceID(hex: text), id.hex == text else { return nil }
        return TraceWords(id)
    }
}
