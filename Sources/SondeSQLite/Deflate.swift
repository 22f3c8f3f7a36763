// SPDX-License-Identifier: Apache-2.0
// zlib for chunks: one compressor that is reset between chunks, since setting one up costs more than a small chunk.

import CZlib

/// Compresses chunks, one after the other.
struct Compressor: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int32) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let code = deflateInit2_(
            stream, level, Z_DEFLATED, 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib could not set up a compressor of 256 kB: \(code)")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Appends the compressed form of `bytes`; false, with nothing appended, if that would not be smaller.
    mutating func compress(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) -> Bool {
        guard let source = bytes.baseAddress, bytes.count > 32 else { return false }
        deflateReset(stream)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source)
        stream.pointee.avail_in = UInt32(bytes.count)
        let room = bytes.count - 1
        var isWhole = false
        output.appendUninitialized(room) { place in
            stream.pointee.next_out = place
            stream.pointee.avail_out = UInt32(room)
            isWhole = deflate(stream, Z_FINISH) == Z_STREAM_END
            return isWhole ? room - Int(stream.pointee.avail_out) : 0
        }
        return isWhole
    }
}

enum Inflate {
    /// The `size` bytes that `compressed` stands for.
    static func bytes(of compressed: UnsafeBufferPointer<UInt8>, size: Int) throws(Damage) -> [UInt8] {
        var code = Z_OK
        var length = UInt(size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { output, written in
            code = uncompress(output.baseAddress, &length, compressed.baseAddress, UInt(compressed.count))
            written = code == Z_OK ? Int(length) : 0
        }
        guard code == Z_OK, bytes.count == size else { throw Damage("zlib cannot inflate it (\(code))") }
        return bytes
    }
}
