// SPDX-License-Identifier: Apache-2.0
// A Bloom filter of a block's key=value pairs, values as text: tells which blocks need not be opened for an attribute.
// The same structure holds the trace ids and the letter groups of log blocks.
//
//   u8 version 1 · u8 probes · 2 × u8 0 · u32 bits · bits, little-endian
//
// `kvf` has a filter for each slice of its block, as chunks (Chunks.swift); `log_filter` has one.

import SondeModel

/// Collects hashes, then becomes a filter.
struct FilterBuilder: ~Copyable {
    private var hashes = Buffer<UInt64>(capacity: 1_024)
    private var known = HashSet()

    @inline(__always)
    mutating func insert(_ hash: UInt64) {
        if known.insert(hash) { hashes.append(hash) }
    }

    /// Appends the filter of all hashes as a chunk's content; the builder is empty again.
    mutating func finish(into chunk: inout ByteBuffer) {
        let bits = max(64, (hashes.count * Limits.filterBitsPerKey + 63) / 64 * 64)
        chunk.append(1)
        chunk.append(UInt8(Limits.filterProbes))
        chunk.append(0)
        chunk.append(0)
        chunk.appendFixed(UInt32(bits))
        chunk.appendUninitialized(bits / 8) { filter in
            filter.update(repeating: 0, count: bits / 8)
            for hash in hashes.elements {
                for probe in 0..<Limits.filterProbes {
                    let bit = Filter.bit(hash, probe, bits)
                    filter[bit / 8] |= 1 << UInt8(bit % 8)
                }
            }
            return bits / 8
        }
        hashes.removeAll()
        known.removeAll()
    }
}

/// Reads a filter.
final class Filter: CachedPart {
    private let bytes: [UInt8]
    private let bits: Int
    private let probes: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(Damage) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == 1 else { throw Damage("its filter has an unknown version") }
        probes = Int(try reader.byte())
        _ = try reader.take(2)
        bits = Int(try reader.fixed32())
        guard bits > 0, bits % 8 == 0, bytes.count == 8 + bits / 8, probes > 0 else {
            throw Damage("its filter is cut short")
        }
        self.bytes = Array(bytes)
    }

    var cost: Int { bytes.count + 48 }

    /// False only if nothing with this hash is in the block.
    func mayContain(_ hash: UInt64) -> Bool {
        for probe in 0..<probes {
            let bit = Self.bit(hash, probe, bits)
            if bytes[8 + bit / 8] & (1 << UInt8(bit % 8)) == 0 { return false }
        }
        return true
    }

    @inline(__always)
    static func bit(_ hash: UInt64, _ probe: Int, _ bits: Int) -> Int {
        let step = (hash >> 32) | 1
        let word = UInt64(UInt32(truncatingIfNeeded: hash &+ UInt64(probe) &* step))
        return Int((word &* UInt64(bits)) >> 32)
    }
}

enum AttributeFilter {
    /// The hash of a key=value pair.
    static func hash(key: UnsafeBufferPointer<UInt8>, text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        Hash64.hash(text, seed: Hash64.hash(key, seed: 1))
    }

    static func hash(key: String, text: String) -> UInt64 {
        var key = key
        var text = text
        return key.withUTF8 { key in text.withUTF8 { text in hash(key: key, text: text) } }
    }

    /// The hash of a pair as it lies in a column.
    static func hash(key: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard isASCII(key) else { return slowHash(key, value) }
        if let text = AnyValueBytes.string(value), isASCII(text) { return hash(key: key, text: text) }
        guard let integer = AnyValueBytes.integer(value), integer <= UInt64(Int64.max) else {
            return slowHash(key, value)
        }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var place = 20
            var rest = integer
            repeat {
                place -= 1
                digits[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                rest /= 10
            } while rest > 0
            return hash(key: key, text: UnsafeBufferPointer(rebasing: digits[place...]))
        }
    }

    private static func slowHash(_ key: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> UInt64 {
        return hash(key: String(decoding: key, as: UTF8.self), text: AnyValueBytes.value(value).text)
    }

    private static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80
    }

    /// Attributes of events and links.
    static func insert(extras: UnsafeBufferPointer<UInt8>, into filter: inout FilterBuilder) {
        for attribute in SpanExtras(extras).attributes {
            filter.insert(hash(key: attribute.key, text: attribute.value.text))
        }
    }

    /// The hashes of the attributes of a resource or scope, whose fields have this number.
    static func hashes(_ envelope: Envelope?, field: Int) -> [UInt64] {
        guard let envelope, let base = envelope.message.baseAddress else { return [] }
        let range = ByteRange(offset: 0, count: envelope.message.count)
        let attributes = try? ProtobufReader.attributes(base: base, range: range, field: field)
        return (attributes ?? []).map { hash(key: $0.key, text: $0.value.text) }
    }
}

/// Fills the filters of a block, slice by slice. The hash of a value is made once a block.
struct AttributeFilterWriter: ~Copyable {
    private var builder = FilterBuilder()
    private var chunks = ChunkWriter()
    private var chunk = ByteBuffer()
    private var none: Compressor?
    /// By session value: the last slice that has it, and its hash.
    private var slices = Buffer<UInt32>()
    private var hashes = Buffer<UInt64>()
    private var slice: UInt32 = 0
    /// By session number.
    private var resources: [UInt32: [UInt64]] = [:]
    private var scopes: [UInt32: [UInt64]] = [:]

    mutating func begin(_ session: borrowing RecordColumns) {
        slices.fill(0, count: session.values.count)
        hashes.fill(0, count: session.values.count)
        slice = 0
        resources.removeAll(keepingCapacity: true)
        scopes.removeAll(keepingCapacity: true)
    }

    /// Adds the filter of a slice.
    mutating func add(_ rows: UnsafeBufferPointer<ColumnRow>, _ session: borrowing RecordColumns) {
        slice += 1
        var contexts: Set<UInt32> = []
        for row in rows {
            if contexts.insert(row.context).inserted { insert(context: row.context, session) }
            let shape = session.shapes.bytes(Int(row.shape))
            for place in 0..<(shape.count / 4) {
                let value = Int(session.valueIDs.base[Int(row.firstValue) &+ place])
                guard slices.base[value] != slice else { continue }
                slices.base[value] = slice
                insert(value: value, key: Int(RecordColumns.key(in: shape, at: place)), session)
            }
        }
        chunk.removeAll()
        builder.finish(into: &chunk)
        chunks.add(chunk, compressor: &none)
    }

    private mutating func insert(value: Int, key: Int, _ session: borrowing RecordColumns) {
        if key >= PseudoKey.count {
            if hashes.base[value] == 0 {
                hashes.base[value] = AttributeFilter.hash(
                    key: session.keys.bytes(key), value: session.values.bytes(value))
            }
            builder.insert(hashes.base[value])
        } else if key == PseudoKey.extras {
            AttributeFilter.insert(extras: session.values.bytes(value), into: &builder)
        }
    }

    private mutating func insert(context: UInt32, _ session: borrowing RecordColumns) {
        let context = session.context(Int(context))
        if resources[context.resource] == nil {
            let envelope = Envelope(session.resources.bytes(Int(context.resource)), hasService: true)
            resources[context.resource] = AttributeFilter.hashes(envelope, field: 1)
        }
        if scopes[context.scope] == nil {
            let envelope = Envelope(session.scopes.bytes(Int(context.scope)), hasService: false)
            scopes[context.scope] = AttributeFilter.hashes(envelope, field: 3)
        }
        for hash in resources[context.resource] ?? [] { builder.insert(hash) }
        for hash in scopes[context.scope] ?? [] { builder.insert(hash) }
    }

    mutating func finish() -> [UInt8] { chunks.finish() }
}
