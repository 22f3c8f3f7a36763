// SPDX-License-Identifier: Apache-2.0
// Pinned traces in the file: the list of pins, and the blocks that hold what was moved out of retention's way.
//
// A pin is a row; the spans of its trace stay where they are until the block they lie in is pruned. Then they move into a
// block of their own, which retention leaves alone as long as all of its traces are pinned.

import SondeModel
import SondeStorage

/// The pins as one snapshot of the file knows them.
struct PinCatalog: Sendable {
    /// Raised whenever a trace is pinned, or is no longer.
    var generation: Int64 = 0
    var pins: [TracePin] = []
    var traces: Set<TraceWords> = []
    /// Blocks that hold nothing but spans of traces that were pinned when they were moved there.
    var blocks: Set<Int64> = []

    /// What the open transaction sees. A file that was never pinned in costs one look into `meta`.
    static func read(_ connection: Connection, known: PinCatalog) throws(SQLiteError) -> PinCatalog {
        let generation = try connection.integer("SELECT value FROM meta WHERE key = 'pins'")
        guard generation > 0 else { return PinCatalog() }
        var catalog = known
        if generation != known.generation {
            catalog.generation = generation
            catalog.pins = try connection.readPins()
            catalog.traces = Set(catalog.pins.map { TraceWords($0.traceID) })
        }
        catalog.blocks = try connection.readPinnedBlocks()
        return catalog
    }
}

extension Catalog {
    /// Bytes of the blocks that only pins keep.
    var pinnedBytes: Int {
        pins.blocks.isEmpty ? 0 : blocks.reduce(0) { $0 + (pins.blocks.contains($1.id) ? $1.bytes : 0) }
    }
}

extension Connection {
    fileprivate func readPins() throws(SQLiteError) -> [TracePin] {
        let rows = try prepare("SELECT trace, note, time FROM pin ORDER BY time DESC, trace")
        defer { rows.reset() }
        var pins: [TracePin] = []
        while try rows.step() {
            let bytes = UnsafeRawBufferPointer(rows.bytes(0))
            guard bytes.count == 16 else { continue }
            let id = TraceID(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            pins.append(TracePin(traceID: id, note: rows.text(1), time: Timestamp(nanoseconds: rows.unsigned(2))))
        }
        return pins
    }

    fileprivate func readPinnedBlocks() throws(SQLiteError) -> Set<Int64> {
        let rows = try prepare("SELECT block FROM pinned")
        defer { rows.reset() }
        var blocks: Set<Int64> = []
        while try rows.step() { blocks.insert(rows.integer(0)) }
        return blocks
    }

    func insert(_ pin: TracePin) throws {
        let row = try prepare(
            """
            INSERT INTO pin (trace, note, time, sum) VALUES (?, ?, ?, ?)
            ON CONFLICT (trace) DO UPDATE SET note = excluded.note, time = excluded.time, sum = excluded.sum
            """)
        var note = pin.note
        var sum = RowSum()
        try withUnsafeBytes(of: (pin.traceID.high.bigEndian, pin.traceID.low.bigEndian)) { id in
            row.bind(id, at: 1)
            sum.add(id)
            try note.withUTF8 { text in
                row.bind(text: text, at: 2)
                sum.add(text)
                row.bind(pin.time.nanoseconds, at: 3)
                sum.add(pin.time.nanoseconds)
                row.bind(sum.value, at: 4)
                try row.run()
            }
        }
        try countPinChange()
    }

    /// False if it was not pinned.
    func deletePin(_ id: TraceID) throws -> Bool {
        let row = try prepare("DELETE FROM pin WHERE trace = ?")
        try withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { bytes in
            row.bind(bytes, at: 1)
            try row.run()
        }
        let found = try integer("SELECT changes()") > 0
        if found { try countPinChange() }
        return found
    }

    private func countPinChange() throws {
        try prepare("UPDATE meta SET value = value + 1 WHERE key IN ('pins', 'pins_twin')").run()
    }

    func markPinned(_ block: Int64) throws {
        let row = try prepare("INSERT INTO pinned (block, sum) VALUES (?, ?)")
        var sum = RowSum()
        sum.add(block)
        row.bind(block, at: 1)
        row.bind(sum.value, at: 2)
        try row.run()
    }
}
