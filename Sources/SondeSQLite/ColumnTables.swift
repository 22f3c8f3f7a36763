// SPDX-License-Identifier: Apache-2.0
// The cold part of a block, read back: the tables that all its slices share, of what is in it and of the dictionaries.

import SondeModel

/// The meta chunk.
final class ColumnMeta: CachedPart {
    struct Key: Sendable {
        /// One of ``PseudoKey``, or nil for an attribute.
        var pseudo: Int?
        var mode: ColumnMode
        /// Whether its byte strings are written by what they share.
        var isSimilar: Bool
        var name: String
        /// The key as it came.
        var bytes: [UInt8]
    }

    /// Envelope bytes.
    let resources: [[UInt8]]
    let scopes: [[UInt8]]
    let contexts: [RecordContext]
    let keys: [Key]
    /// Local keys of each shape.
    let shapes: [[Int]]
    /// Service of each resource.
    let services: [Int]

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(Damage) {
        var reader = ByteReader(bytes)
        resources = try Self.table(&reader)
        scopes = try Self.table(&reader)
        services = resources.map { bytes in
            bytes.withUnsafeBufferPointer { Envelope($0, hasService: true)?.service ?? 0 }
        }
        contexts = try Self.contexts(&reader, resources: resources.count, scopes: scopes.count)
        keys = try Self.keys(&reader, bytes)
        shapes = try Self.shapes(&reader, keys: keys.count)
    }

    private static func table(_ reader: inout ByteReader) throws(Damage) -> [[UInt8]] {
        var table: [[UInt8]] = []
        for _ in 0..<(try reader.count()) { table.append(try reader.bytes(try reader.count())) }
        return table
    }

    private static func contexts(
        _ reader: inout ByteReader, resources: Int, scopes: Int
    ) throws(Damage) -> [RecordContext] {
        var contexts: [RecordContext] = []
        for _ in 0..<(try reader.count()) {
            var numbers: [UInt32] = []
            for _ in 0..<6 { numbers.append(UInt32(truncatingIfNeeded: try reader.varint())) }
            guard numbers[0] < resources, numbers[1] < scopes else {
                throw Damage("a context names a resource or scope that the block lacks")
            }
            contexts.append(
                RecordContext(
                    resource: numbers[0], scope: numbers[1], flags: numbers[2], droppedAttributes: numbers[3],
                    first: numbers[4], second: numbers[5]))
        }
        return contexts
    }

    private static func keys(_ reader: inout ByteReader, _ bytes: UnsafeBufferPointer<UInt8>) throws(Damage) -> [Key] {
        var keys: [Key] = []
        for _ in 0..<(try reader.count()) {
            let pseudo = try reader.count()
            let code = try reader.byte()
            guard pseudo <= PseudoKey.count else { throw Damage("a column has the unknown kind \(pseudo)") }
            let isSimilar = code & ColumnMode.similar != 0
            guard let mode = ColumnMode(rawValue: code & ~ColumnMode.similar) else {
                throw Damage("a column has the unknown mode \(code)")
            }
            var key = Key(pseudo: pseudo - 1, mode: mode, isSimilar: isSimilar, name: "", bytes: [])
            if pseudo == 0 {
                key.pseudo = nil
                key.bytes = try reader.bytes(try reader.count())
                key.name = String(decoding: key.bytes, as: UTF8.self)
            }
            keys.append(key)
        }
        return keys
    }

    private static func shapes(_ reader: inout ByteReader, keys: Int) throws(Damage) -> [[Int]] {
        var shapes: [[Int]] = []
        for _ in 0..<(try reader.count()) {
            var shape: [Int] = []
            for _ in 0..<(try reader.count()) {
                let key = try reader.count()
                guard key < keys else { throw Damage("a shape names a key that the block lacks") }
                shape.append(key)
            }
            shapes.append(shape)
        }
        return shapes
    }

    var cost: Int {
        resources.reduce(0) { $0 + $1.count } + contexts.count * 24 + keys.count * 64
            + shapes.reduce(0) { $0 + $1.count * 8 }
    }
}

/// The values chunk: the dictionaries of all keys that have one.
final class ColumnValues: CachedPart {
    let bytes: [UInt8]
    /// For each local key where its values lie; value `n` is `offsets[n]..<offsets[n + 1]`.
    let offsets: [[UInt32]]

    /// Dictionaries that nobody will ask for.
    init(meta: ColumnMeta) {
        bytes = []
        offsets = Array(repeating: [], count: meta.keys.count)
    }

    /// Reads the dictionaries of `wanted`, or of all keys.
    init(_ bytes: UnsafeBufferPointer<UInt8>, meta: ColumnMeta, wanted: Set<Int>? = nil) throws(Damage) {
        // All are read where they lie, some only are copied out: a search keeps them of many blocks.
        var whole = wanted == nil ? Array(bytes) : []
        var reader = ByteReader(bytes)
        var offsets: [[UInt32]] = []
        for (number, key) in meta.keys.enumerated() {
            guard key.mode == .dictionary else {
                offsets.append([])
                continue
            }
            let count = try reader.count()
            if let wanted, !wanted.contains(number) {
                if key.isSimilar { try SimilarStrings.skip(&reader, count: count) } else { try reader.skip(count) }
                offsets.append([])
            } else if key.isSimilar {
                // Values that had to be put together lie behind those that are read where they are.
                let values = try SimilarStrings(&reader, count: count)
                offsets.append(try whole.append(values.bytes, at: values.offsets))
            } else {
                let places = try reader.offsets(count: count)
                guard wanted != nil, let first = places.first else {
                    offsets.append(places)
                    continue
                }
                let texts = bytes[Int(first)..<reader.position]
                offsets.append(try whole.append(texts, at: places.map { $0 - first }))
            }
        }
        self.bytes = whole
        self.offsets = offsets
    }

    var cost: Int { bytes.count + offsets.reduce(0) { $0 + $1.count * 4 + 16 } }
}

extension [UInt8] {
    /// Appends strings that lie at `offsets` of `texts`; returns where they lie now.
    fileprivate mutating func append(
        _ texts: some Collection<UInt8>, at offsets: [UInt32]
    ) throws(Damage) -> [UInt32] {
        guard count + texts.count <= Limits.chunkBytes else {
            throw Damage("dictionaries of \(count + texts.count) bytes are beyond every bound")
        }
        let start = UInt32(count)
        self += texts
        return offsets.map { $0 + start }
    }
}

extension ByteReader {
    /// Steps over `count` lengths and the bytes they measure.
    mutating func skip(_ count: Int) throws(Damage) {
        guard count <= end - position else { throw Damage("a column has more values than bytes") }
        var total = 0
        for _ in 0..<count { total += try self.count() }
        _ = try take(total)
    }

    /// `count` lengths, then the bytes they measure, which are stepped over: where each begins, and where they end.
    mutating func offsets(count: Int) throws(Damage) -> [UInt32] {
        guard count <= end - position else { throw Damage("a column has more values than bytes") }
        var offsets: [UInt32] = []
        offsets.reserveCapacity(count + 1)
        var total = 0
        offsets.append(0)
        for _ in 0..<count {
            total += try self.count()
            offsets.append(UInt32(truncatingIfNeeded: total))
        }
        let start = UInt32(try take(total).lowerBound)
        for index in offsets.indices { offsets[index] += start }
        return offsets
    }
}
