// SPDX-License-Identifier: Apache-2.0
// A Bloom filter of a block's key=value pairs, values as text: tells which blocks need not be opened for an attribute.
// The same structure holds the trace ids and the letter groups of log blocks.
//
//   u8 version 1 · u8 probes · u8 flags · u8 0 · u32 bits · bits, little-endian
//
// Flag 1: the elements of arrays are pairs too, beside the array as a whole. Files of earlier versions lack it.
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

    /// The same for a hash that is known to be new.
    @inline(__always)
    mutating func append(_ hash: UInt64) { hashes.append(hash) }

    /// Appends the filter of all hashes as a chunk's content; the builder is empty again.
    mutating func finish(
        into chunk: inout ByteBuffer, flags: UInt8 = 0, bitsPerKey: Int = Limits.filterBitsPerKey,
        probes: Int = Limits.filterProbes
    ) {
        let bits = max(64, (hashes.count * bitsPerKey + 63) / 64 * 64)
        chunk.append(1)
        chunk.append(UInt8(probes))
        chunk.append(flags)
        chunk.append(0)
        chunk.appendFixed(UInt32(bits))
        chunk.appendUninitialized(bits / 8) { filter in
            filter.update(repeating: 0, count: bits / 8)
            for hash in hashes.elements {
                for probe in 0..<probes {
                    let bit = UInt(bitPattern: Filter.bit(hash, probe, bits))
                    filter[Int(bitPattern: bit >> 3)] |= 1 &<< UInt8(truncatingIfNeeded: bit & 7)
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
    /// Whether the elements of arrays are in it.
    let hasElements: Bool

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(Damage) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == 1 else { throw Damage("its filter has an unknown version") }
        probes = Int(try reader.byte())
        hasElements = try reader.byte() & AttributeFilter.elementsFlag != 0
        _ = try reader.take(1)
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
    static let elementsFlag: UInt8 = 1

    /// The hashes of a pair: one, and for an array one more for each element.
    static func hashes(key: String, _ value: AttributeValue) -> [UInt64] {
        let whole = hash(key: key, text: value.text)
        guard case .array(let elements) = value else { return [whole] }
        return [whole] + elements.map { hash(key: key, text: $0.text) }
    }

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
        HashedKey(key).hash(value: value)
    }

    /// A key whose pairs are hashed, one value after the other.
    struct HashedKey {
        private let bytes: UnsafeBufferPointer<UInt8>
        private let hash: UInt64
        private let isASCII: Bool

        /// The key's bytes must stay where they are while this is used.
        init(_ bytes: UnsafeBufferPointer<UInt8>) {
            self.bytes = bytes
            hash = Hash64.hash(bytes, seed: 1)
            isASCII = AttributeFilter.isASCII(bytes)
        }

        /// The hash of the pair with a value as it lies in a column.
        @inline(__always)
        func hash(value: UnsafeBufferPointer<UInt8>) -> UInt64 {
            if isASCII, let text = AnyValueBytes.string(value), AttributeFilter.isASCII(text) {
                return Hash64.hash(text, seed: hash)
            }
            return hashOther(value)
        }

        /// Whether it is worth reading whether a value is an array: all but what is plainly something else.
        @inline(__always)
        func mayBeArray(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
            AnyValueBytes.string(value) == nil && AnyValueBytes.integer(value) == nil
        }

        /// The hashes of the pairs of the key with each element of an array; none for another value.
        @inline(never)
        func elementHashes(_ value: UnsafeBufferPointer<UInt8>) -> [UInt64]? {
            guard case .array(let elements) = AnyValueBytes.value(value) else { return nil }
            return elements.map { AttributeFilter.hash(key: String(decoding: bytes, as: UTF8.self), text: $0.text) }
        }

        @inline(never)
        private func hashOther(_ value: UnsafeBufferPointer<UInt8>) -> UInt64 {
            guard isASCII, let integer = AnyValueBytes.integer(value), integer <= UInt64(Int64.max) else {
                let text = AnyValueBytes.value(value).text
                return AttributeFilter.hash(key: String(decoding: bytes, as: UTF8.self), text: text)
            }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
                var place = 20
                var rest = integer
                repeat {
                    place -= 1
                    digits[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                    rest /= 10
                } while rest > 0
                return Hash64.hash(UnsafeBufferPointer(rebasing: digits[place...]), seed: hash)
            }
        }
    }

    @inline(__always)
    fileprivate static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = UnsafeRawPointer(bytes.baseAddress) else { return true }
        var all: UInt64 = 0
        var offset = 0
        while offset &+ 8 <= bytes.count {
            all |= base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        while offset < bytes.count {
            all |= UInt64(base.load(fromByteOffset: offset, as: UInt8.self))
            offset &+= 1
        }
        return all & 0x8080_8080_8080_8080 == 0
    }

    /// Attributes of events and links.
    static func hashes(extras: UnsafeBufferPointer<UInt8>) -> [UInt64] {
        SpanExtras(extras).attributes.flatMap { hashes(key: $0.key, $0.value) }
    }

    /// The hashes of the attributes of a resource or scope, whose fields have this number.
    static func hashes(_ envelope: Envelope?, field: Int) -> [UInt64] {
        guard let envelope, let base = envelope.message.baseAddress else { return [] }
        let range = ByteRange(offset: 0, count: envelope.message.count)
        let attributes = try? ProtobufReader.attributes(base: base, range: range, field: field)
        return (attributes ?? []).flatMap { hashes(key: $0.key, $0.value) }
    }
}

/// Fills the filters of a block, slice by slice, and gathers what the filter of its merge is to hold. The hash of a value
/// is made once a block.
struct AttributeFilterWriter: ~Copyable {
    /// The number under which services go that are not told apart; see ``SpanOwners``.
    static let others: UInt8 = 63

    private var builder = FilterBuilder()
    private var chunks = ChunkWriter()
    private var chunk = ByteBuffer()
    private var none: Compressor?
    /// By place among the block's distinct values: the last slice that has it, and its hash.
    private var slices = Buffer<UInt32>()
    private var hashes = Buffer<UInt64>()
    /// By place among the block's distinct values: the hashes of an array's elements.
    private var arrays: [Int: [UInt64]] = [:]
    /// By session number of a context: the last slice that has it.
    private var contextSlices = Buffer<UInt32>()
    private var slice: UInt32 = 0
    /// By place among the block's distinct values, and by session number of a context: the services that have it so far,
    /// a bit each.
    private var valueOwners = Buffer<UInt64>()
    private var contextOwners = Buffer<UInt64>()
    private var services: [Int] = []
    private var pairs = Buffer<UInt64>()
    private var owned = Buffer<BlockPairs.Owned>()
    /// Of both, those that do not come from a column.
    private var knownPairs = HashSet()
    private var hasOthers = false
    /// By session number.
    private var resources: [UInt32: [UInt64]] = [:]
    private var scopes: [UInt32: [UInt64]] = [:]

    /// Begins a block with so many distinct values; `services` are those of its records, by number.
    mutating func begin(values: Int, services: [Int], _ session: borrowing RecordColumns) {
        self.services = services
        valueOwners.fill(0, count: values)
        contextOwners.fill(0, count: session.contexts.count)
        pairs.removeAll()
        owned.removeAll()
        knownPairs.removeAll()
        hasOthers = false
        slices.fill(0, count: values)
        hashes.fill(0, count: values)
        arrays.removeAll()
        contextSlices.fill(0, count: session.contexts.count)
        slice = 1
        resources.removeAll(keepingCapacity: true)
        scopes.removeAll(keepingCapacity: true)
    }

    /// Adds the contexts of a slice; `owners` are the numbers of the rows' services.
    mutating func add(
        _ rows: UnsafeBufferPointer<ColumnRow>, owners: UnsafePointer<UInt8>, _ session: borrowing RecordColumns
    ) {
        for (index, row) in rows.enumerated() {
            let context = Int(row.context)
            if contextSlices.base[context] != slice {
                contextSlices.base[context] = slice
                for hash in hashes(ofContext: context, session) { builder.insert(hash) }
            }
            guard contextOwners.base[context] & 1 &<< UInt64(owners[index]) == 0 else { continue }
            contextOwners.base[context] |= 1 &<< UInt64(owners[index])
            for hash in hashes(ofContext: context, session) { note(hash, owner: owners[index]) }
        }
    }

    /// Adds a column of a slice.
    mutating func add(_ column: ColumnValuesInSlice, _ session: borrowing RecordColumns) {
        guard column.key >= PseudoKey.count else {
            if column.key == PseudoKey.extras { add(extras: column, session) }
            return
        }
        let key = AttributeFilter.HashedKey(session.keys.bytes(column.key))
        let slices = slices.base + column.firstDistinct
        let hashes = hashes.base + column.firstDistinct
        for place in column.places where slices[Int(place)] != slice {
            slices[Int(place)] = slice
            if hashes[Int(place)] == 0 {
                let value = session.values.bytes(Int(column.distinct[Int(place)]))
                hashes[Int(place)] = key.hash(value: value)
                if key.mayBeArray(value) { arrays[column.firstDistinct + Int(place)] = key.elementHashes(value) }
            }
            if !arrays.isEmpty { for hash in arrays[column.firstDistinct + Int(place)] ?? [] { builder.insert(hash) } }
            // A session numbers values of mostly distinct columns without looking for them: the same may come again.
            if column.isDictionary {
                builder.append(hashes[Int(place)])
            } else {
                builder.insert(hashes[Int(place)])
            }
        }
        let known = valueOwners.base + column.firstDistinct
        for index in 0..<column.places.count {
            let place = Int(column.places[index])
            let owner = 1 &<< UInt64(column.owners[index])
            if known[place] & owner == 0 {
                note(value: column.firstDistinct &+ place, isNew: known[place] == 0, owner: column.owners[index])
                known[place] |= owner
            }
        }
    }

    /// Notes a value of a column that a service has for the first time in the block.
    @inline(__always)
    private mutating func note(value: Int, isNew: Bool, owner: UInt8) {
        let hash = hashes.base[value]
        if isNew { pairs.append(hash) }
        owned.append(.init(pair: hash, service: service(owner)))
        if !arrays.isEmpty { for hash in arrays[value] ?? [] { note(hash, owner: owner) } }
    }

    /// Notes a pair that does not come from a column of its own.
    private mutating func note(_ pair: UInt64, owner: UInt8) {
        if knownPairs.insert(pair) { pairs.append(pair) }
        let service = service(owner)
        if knownPairs.insert(PairFilter.serviceWord(pair, service)) {
            owned.append(.init(pair: pair, service: service))
        }
    }

    @inline(__always)
    private mutating func service(_ owner: UInt8) -> UInt64 {
        if Int(owner) < services.count { return UInt64(truncatingIfNeeded: services[Int(owner)]) }
        hasOthers = true
        return 0
    }

    private mutating func add(extras column: ColumnValuesInSlice, _ session: borrowing RecordColumns) {
        for (index, place) in column.places.enumerated() {
            for hash in AttributeFilter.hashes(extras: session.values.bytes(Int(column.distinct[Int(place)]))) {
                builder.insert(hash)
                note(hash, owner: column.owners[index])
            }
        }
    }

    mutating func endSlice() {
        chunk.removeAll()
        builder.finish(
            into: &chunk, flags: AttributeFilter.elementsFlag, bitsPerKey: Limits.sliceFilterBitsPerKey,
            probes: Limits.sliceFilterProbes)
        chunks.add(chunk, compressor: &none)
        slice += 1
    }

    private mutating func hashes(ofContext context: Int, _ session: borrowing RecordColumns) -> [UInt64] {
        let context = session.context(context)
        if resources[context.resource] == nil {
            let envelope = Envelope(session.resources.bytes(Int(context.resource)), hasService: true)
            resources[context.resource] = AttributeFilter.hashes(envelope, field: 1)
        }
        if scopes[context.scope] == nil {
            let envelope = Envelope(session.scopes.bytes(Int(context.scope)), hasService: false)
            scopes[context.scope] = AttributeFilter.hashes(envelope, field: 3)
        }
        return (resources[context.resource] ?? []) + (scopes[context.scope] ?? [])
    }

    mutating func finish() -> [UInt8] { chunks.finish() }

    /// What the block brings to the filter of its merge.
    mutating func finishPairs() -> BlockPairs {
        BlockPairs(pairs: pairs.array, owned: owned.array, hasOthers: hasOthers)
    }
}
