// SPDX-License-Identifier: Apache-2.0
// Byte strings of one key resemble one another: statements that differ in a number, events that differ in their time.
// Each is kept as what it shares at both ends with an earlier one, and what stands between. That costs a fraction of what
// zlib takes to find the same.
//
//   varint each: 0, or how many strings before this one its model came
//   varint prefix · varint suffix, for each that has a model: bytes shared with the model's beginning and end
//   varint each: bytes between · the bytes between, one after the other

struct SimilarWriter: ~Copyable {
    /// Not private: the compiler trips over private elements of buffers of types that others hold.
    struct Piece: BitwiseCopyable {
        var base: UnsafePointer<UInt8>
        var count: Int
        var back: UInt32 = 0
        var prefix: UInt32 = 0
        var suffix: UInt32 = 0

        var middle: Int { count &- Int(prefix) &- Int(suffix) }
    }

    /// Strings of the same template mostly have the same length: the last of each length, modulo this, is tried.
    private static let lengths = 64
    /// Fewer shared bytes are not worth naming.
    private static let leastShared = 4

    private var pieces = Buffer<Piece>()
    /// By length: 1 + the last string.
    private var latest = Buffer<UInt32>()

    /// Begins a run of strings.
    mutating func begin() {
        pieces.removeAll()
        latest.fill(0, count: Self.lengths)
    }

    /// Adds a string, whose bytes must stay where they are until ``finish(into:)``.
    @inline(__always)
    mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
        guard let base = text.baseAddress else { return pieces.append(Piece(base: latestBytes, count: 0)) }
        var piece = Piece(base: base, count: text.count)
        let number = pieces.count
        let slot = text.count & (Self.lengths &- 1)
        let model = latest.base[slot] > 0 ? Int(latest.base[slot]) &- 1 : number &- 1
        latest.base[slot] = UInt32(truncatingIfNeeded: number &+ 1)
        if model >= 0 { Self.compare(&piece, with: pieces.base[model], back: number &- model) }
        pieces.append(piece)
    }

    /// An address for strings that have none.
    private var latestBytes: UnsafePointer<UInt8> {
        UnsafePointer(UnsafeMutableRawPointer(latest.base).assumingMemoryBound(to: UInt8.self))
    }

    @inline(__always)
    private static func compare(_ piece: inout Piece, with model: Piece, back: Int) {
        let room = min(piece.count, model.count)
        let prefix = sharedPrefix(piece.base, model.base, room)
        let suffix = sharedSuffix(piece.base + piece.count, model.base + model.count, room &- prefix)
        guard prefix &+ suffix >= leastShared else { return }
        piece.back = UInt32(truncatingIfNeeded: back)
        piece.prefix = UInt32(truncatingIfNeeded: prefix)
        piece.suffix = UInt32(truncatingIfNeeded: suffix)
    }

    @inline(__always)
    private static func sharedPrefix(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ room: Int) -> Int {
        var count = 0
        while count &+ 8 <= room {
            let difference =
                UnsafeRawPointer(a).loadUnaligned(fromByteOffset: count, as: UInt64.self).littleEndian
                ^ UnsafeRawPointer(b).loadUnaligned(fromByteOffset: count, as: UInt64.self).littleEndian
            if difference != 0 { return count &+ difference.trailingZeroBitCount / 8 }
            count &+= 8
        }
        while count < room, a[count] == b[count] { count &+= 1 }
        return count
    }

    /// The same from the ends, which `a` and `b` point behind.
    @inline(__always)
    private static func sharedSuffix(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ room: Int) -> Int {
        var count = 0
        while count &+ 8 <= room {
            let difference =
                UnsafeRawPointer(a - count - 8).loadUnaligned(as: UInt64.self).littleEndian
                ^ UnsafeRawPointer(b - count - 8).loadUnaligned(as: UInt64.self).littleEndian
            if difference != 0 { return count &+ difference.leadingZeroBitCount / 8 }
            count &+= 8
        }
        while count < room, a[-1 &- count] == b[-1 &- count] { count &+= 1 }
        return count
    }

    /// Appends the run.
    mutating func finish(into column: inout ByteBuffer) {
        for piece in pieces.elements { column.appendVarint(UInt64(piece.back)) }
        for piece in pieces.elements where piece.back > 0 {
            column.appendVarint(UInt64(piece.prefix))
            column.appendVarint(UInt64(piece.suffix))
        }
        for piece in pieces.elements { column.appendVarint(piece.middle) }
        for piece in pieces.elements { column.append(piece.base + Int(piece.prefix), count: piece.middle) }
    }
}

/// Strings read back whole.
struct SimilarStrings {
    var bytes: [UInt8] = []
    /// Where each begins, and where the last ends.
    var offsets: [UInt32] = []

    /// Not private: arrays of private types look their metadata up by name each time.
    struct Piece {
        var back: Int
        var prefix = 0
        var suffix = 0
        var middle = 0
    }

    /// Reads `count` strings.
    init(_ reader: inout ByteReader, count: Int) throws(Damage) {
        let pieces = try Self.pieces(&reader, count: count)
        try measure(pieces)
        let middles = try reader.take(pieces.reduce(0) { $0 + $1.middle })
        let size = Int(offsets[count])
        bytes = [UInt8](unsafeUninitializedCapacity: size) { output, written in
            reader.withBytes(middles) { source in Self.join(pieces, offsets, source, into: output) }
            written = size
        }
    }

    private static func pieces(_ reader: inout ByteReader, count: Int) throws(Damage) -> [Piece] {
        guard count <= reader.end - reader.position else { throw Damage("a column has more values than bytes") }
        var pieces: [Piece] = []
        pieces.reserveCapacity(count)
        for number in 0..<count {
            let back = try reader.count()
            guard back <= number else { throw Damage("a value is modelled on one that does not exist") }
            pieces.append(Piece(back: back))
        }
        for number in 0..<count where pieces[number].back > 0 {
            pieces[number].prefix = try reader.count()
            pieces[number].suffix = try reader.count()
        }
        for number in 0..<count { pieces[number].middle = try reader.count() }
        return pieces
    }

    /// Steps over `count` strings.
    static func skip(_ reader: inout ByteReader, count: Int) throws(Damage) {
        guard count <= reader.end - reader.position else { throw Damage("a column has more values than bytes") }
        var models = 0
        for _ in 0..<count { models += try reader.count() > 0 ? 1 : 0 }
        for _ in 0..<(2 * models) { _ = try reader.count() }
        var middles = 0
        for _ in 0..<count { middles += try reader.count() }
        _ = try reader.take(middles)
    }

    private mutating func measure(_ pieces: [Piece]) throws(Damage) {
        offsets.reserveCapacity(pieces.count + 1)
        offsets.append(0)
        var total = 0
        for (number, piece) in pieces.enumerated() {
            if piece.back > 0 {
                let model = number - piece.back
                guard piece.prefix + piece.suffix <= Int(offsets[model + 1] - offsets[model]) else {
                    throw Damage("a value shares more with its model than that has")
                }
            }
            total += piece.prefix + piece.middle + piece.suffix
            guard total <= Limits.chunkBytes else { throw Damage("a column of \(total) bytes is beyond every bound") }
            offsets.append(UInt32(total))
        }
    }

    private static func join(
        _ pieces: [Piece], _ offsets: [UInt32], _ source: UnsafePointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) {
        guard let output = output.baseAddress else { return }
        var next = source
        for (number, piece) in pieces.enumerated() {
            var place = output + Int(offsets[number])
            if piece.prefix > 0 { place.update(from: output + Int(offsets[number - piece.back]), count: piece.prefix) }
            place += piece.prefix
            place.update(from: next, count: piece.middle)
            place += piece.middle
            next += piece.middle
            guard piece.suffix > 0 else { continue }
            place.update(from: output + Int(offsets[number - piece.back + 1]) - piece.suffix, count: piece.suffix)
        }
    }
}
