// SPDX-License-Identifier: Apache-2.0
// A Bloom filter of a block's key=value pairs, values as text: tells which blocks need not be opened for an attribute.
// The same structure holds the trace ids and the letter groups of log blocks.
//
//   u8 version 1 · u8 probes · 2 × u8 0 · u32 bits · bits, little-endian      (one chunk, see Chunks.swift)

import SondeModel

/// Collects hashes, then becomes a filter.
struct FilterBuilder: ~Copyable {
    private var hashes = Buffer<UInt64>(capacity: 1_024)

    @inline(__always)
    mutating func insert(_ hash: UInt64) { hashes.append(hash) }

    /// The filter of all hashes as a blob.
    func finish() -> [UInt8] {
        let bits = max(64, (hashes.count * Limits.filterBitsPerKey + 63) / 64 * 64)
        var head = ByteBuffer()
        head.append(1)
        head.append(UInt8(Limits.filterProbes))
        head.append(0)
        head.append(0)
        head.appendFixed(UInt32(bits))
        var filter = head.array + [UInt8](repeating: 0, count: bits / 8)
        filter.withUnsafeMutableBufferPointer { filter in
            for hash in hashes.elements {
                for probe in 0..<Limits.filterProbes {
                    let bit = Filter.bit(hash, probe, bits)
                    filter[8 + bit / 8] |= 1 << UInt8(bit % 8)
                }
            }
        }
        var chunk = ByteBuffer(capacity: filter.count)
        chunk.append(filter)
        var chunks = ChunkWriter()
        var none: Compressor?
        chunks.add(chunk, compressor: &none)
        return chunks.finish()
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

    /// The filter of everything that the block just prepared in `columns` holds.
    static func encode(_ columns: borrowing ColumnWriter, _ session: borrowing RecordColumns) -> [UInt8] {
        var filter = FilterBuilder()
        for id in columns.usedValues.elements {
            let key = Int(session.values.entries[Int(id)].tag)
            let value = session.values.bytes(Int(id))
            if key >= PseudoKey.count {
                insert(key: session.keys.bytes(key), value: value, into: &filter)
            } else if key == PseudoKey.extras {
                insert(extras: value, into: &filter)
            }
        }
        var resources: Set<UInt32> = []
        var scopes: Set<UInt32> = []
        for id in columns.usedContexts.elements {
            let context = session.context(Int(id))
            if resources.insert(context.resource).inserted {
                insert(Envelope(session.resources.bytes(Int(context.resource)), hasService: true), field: 1, into: &filter)
            }
            if scopes.insert(context.scope).inserted {
                insert(Envelope(session.scopes.bytes(Int(context.scope)), hasService: false), field: 3, into: &filter)
            }
        }
        return filter.finish()
    }

    private static func insert(
        key: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>, into filter: inout FilterBuilder
    ) {
        if let text = AnyValueBytes.string(value), text.allSatisfy({ $0 < 0x80 }), key.allSatisfy({ $0 < 0x80 }) {
            filter.insert(hash(key: key, text: text))
        } else {
            let key = String(decoding: key, as: UTF8.self)
            filter.insert(hash(key: key, text: AnyValueBytes.value(value).text))
        }
    }

    /// Attributes of events and links.
    private static func insert(extras: UnsafeBufferPointer<UInt8>, into filter: inout FilterBuilder) {
        for attribute in SpanExtras(extras).attributes {
            filter.insert(hash(key: attribute.key, text: attribute.value.text))
        }
    }

    private static func insert(_ envelope: Envelope?, field: Int, into filter: inout FilterBuilder) {
        guard let envelope, let base = envelope.message.baseAddress else { return }
        let range = ByteRange(offset: 0, count: envelope.message.count)
        guard let attributes = try? ProtobufReader.attributes(base: base, range: range, field: field) else { return }
        for attribute in attributes { filter.insert(hash(key: attribute.key, text: attribute.value.text)) }
    }
}
