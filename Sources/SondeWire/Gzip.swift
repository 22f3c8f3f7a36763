// SPDX-License-Identifier: Apache-2.0
// Gzip over zlib: bodies in and out. A limit holds after inflation, since a small body can stand for a huge one.
//
// https://www.rfc-editor.org/rfc/rfc1952

internal import CZlib

/// Why a body could not be inflated.
package enum GzipError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not gzip, damaged, cut short, or followed by something else; the text says which.
    case malformed(String)
    /// Inflates to more than `limit` bytes.
    case tooLarge(limit: Int)

    package var description: String {
        switch self {
        case .malformed(let what): "cannot inflate gzip body: \(what)"
        case .tooLarge(let limit): "cannot inflate gzip body: it is larger than \(limit) bytes when inflated"
        }
    }
}

package enum Gzip {
    /// Inflates all members of `bytes`, one after the other.
    ///
    /// - Throws: ``GzipError/tooLarge(limit:)`` as soon as more than `limit` bytes would come out; no more than about
    ///   that is ever allocated. ``GzipError/malformed(_:)`` for everything that is not whole gzip members and nothing
    ///   else, the empty body included.
    package static func inflate(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        let result: Result<[UInt8], GzipError> = bytes.withUnsafeBytes { buffer in
            do throws(GzipError) { return .success(try inflate(buffer, limit: limit)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// The same, from bytes that someone else owns.
    package static func inflate(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(GzipError) -> [UInt8] {
        guard bytes.count > 0 else { throw .malformed("it is empty") }
        var inflater = Inflater(bytes)
        defer { inflater.close() }
        // One byte beyond the limit shows that there is more, without asking zlib to look ahead.
        let ceiling = max(0, limit) + (limit < .max ? 1 : 0)
        var output: [UInt8] = []
        var capacity = min(ceiling, expectedSize(bytes))
        while true {
            output = try inflater.fill(output, capacity: capacity)
            guard output.count <= limit else { throw .tooLarge(limit: limit) }
            if inflater.isDone { return output }
            capacity = min(ceiling, capacity * 2)
        }
    }

    /// Compresses `bytes` into one member. `level` is zlib's, 1 (fast) to 9 (small); others are held in that range.
    package static func compress(_ bytes: [UInt8], level: Int = 1) -> [UInt8] {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        let level = Int32(min(max(level, 1), 9))
        let size = Int32(MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(
                stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else { preconditionFailure("zlib has memory for one deflate stream") }
        defer { deflateEnd(stream) }
        let bound = Int(deflateBound(stream, UInt(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            bytes.withUnsafeBufferPointer { count = deflateAll($0, into: output, stream) }
        }
    }

    /// Runs `input` through `stream` to its end. zlib counts in 32 bits, so a huge input goes in steps.
    private static func deflateAll(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>,
        _ stream: UnsafeMutablePointer<z_stream>
    ) -> Int {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.next_out = output.baseAddress
        var left = input.count
        var room = output.count
        var state = Z_OK
        while state == Z_OK {
            let given = UInt32(clamping: left)
            let free = UInt32(clamping: room)
            stream.pointee.avail_in = given
            stream.pointee.avail_out = free
            state = deflate(stream, Int(given) == left ? Z_FINISH : Z_NO_FLUSH)
            left -= Int(given - stream.pointee.avail_in)
            room -= Int(free - stream.pointee.avail_out)
        }
        precondition(state == Z_STREAM_END, "deflateBound leaves room for everything")
        return output.count - room
    }

    /// The size that the last member's trailer claims, unless it lies: deflate shrinks at most by a factor of 1032.
    private static func expectedSize(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard bytes.count >= Limits.smallestGzipMember else { return Limits.smallestInflation }
        let claim = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)))
        guard claim / Limits.deflateRatio <= bytes.count else { return bytes.count * 4 }
        // One byte more than claimed: zlib reports the end in the same call if it has room left.
        return max(claim + 1, Limits.smallestInflation)
    }

    /// 15 bits of window, plus 16 for "gzip header and trailer only".
    static let windowBits: Int32 = 31
}

/// A zlib stream over one input. zlib remembers the stream's address, hence the allocation.
private struct Inflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeRawBufferPointer
    /// Bytes of input consumed.
    private var consumed = 0
    /// Whether everything has been inflated.
    private(set) var isDone = false

    init(_ input: UnsafeRawBufferPointer) {
        self.input = input
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, Gzip.windowBits, ZLIB_VERSION, size) == Z_OK else {
            preconditionFailure("zlib has memory for one inflate stream")
        }
    }

    func close() {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// `start` continued until the input ends or `capacity` is reached.
    mutating func fill(_ start: [UInt8], capacity: Int) throws(GzipError) -> [UInt8] {
        var failure: GzipError?
        let output = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            count = start.count
            start.withUnsafeBufferPointer { old in
                if let from = old.baseAddress { buffer.baseAddress?.update(from: from, count: old.count) }
            }
            do throws(GzipError) {
                while count < capacity, !isDone {
                    count += try inflateSome(into: UnsafeMutableBufferPointer(rebasing: buffer[count..<capacity]))
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return output
    }

    private mutating func inflateSome(into buffer: UnsafeMutableBufferPointer<UInt8>) throws(GzipError) -> Int {
        let given = UInt32(clamping: input.count - consumed)
        let free = UInt32(clamping: buffer.count)
        let next = input.baseAddress.map { $0.assumingMemoryBound(to: UInt8.self) + consumed }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: next)
        stream.pointee.avail_in = given
        stream.pointee.next_out = buffer.baseAddress
        stream.pointee.avail_out = free
        let state = CZlib.inflate(stream, Z_NO_FLUSH)
        consumed += Int(given - stream.pointee.avail_in)
        let produced = Int(free - stream.pointee.avail_out)
        switch state {
        case Z_STREAM_END:
            isDone = consumed == input.count
            if !isDone { try beginMember() }
        case Z_OK where produced > 0 || consumed < input.count: break
        case Z_OK, Z_BUF_ERROR: throw .malformed("it ends after \(consumed) bytes, in the middle of a member")
        case Z_MEM_ERROR: preconditionFailure("zlib has memory to inflate")
        default: throw .malformed("the data is damaged near byte \(consumed)\(zlibMessage)")
        }
        return produced
    }

    /// What follows a member must be another one.
    private func beginMember() throws(GzipError) {
        guard input[consumed] == 0x1F, consumed + 1 == input.count || input[consumed + 1] == 0x8B else {
            throw .malformed("\(input.count - consumed) bytes follow the end of the data at byte \(consumed)")
        }
        inflateReset(stream)
    }

    private var zlibMessage: String {
        guard let message = stream.pointee.msg else { return "" }
        return " (\(String(cString: message)))"
    }
}
