// SPDX-License-Identifier: Apache-2.0
// The first bytes of a chunk: what a search looks at first lies first, and the rest need not be inflated.

import CZlib
import SondeModel

extension ChunkDirectory {
    /// The first `count` bytes of chunk `index`, whose stored bytes are given; all of a shorter one.
    func content(_ index: Int, stored: UnsafeBufferPointer<UInt8>, first count: Int) throws(Damage) -> [UInt8] {
        let entry = entries[index]
        guard entry.codec == Codec.zlib.rawValue, count < entry.rawCount else {
            return try content(index, stored: stored)
        }
        guard Hash64.checksum(stored) == entry.checksum else {
            throw Damage("chunk \(index) does not match its checksum")
        }
        return try Inflate.bytes(of: stored, first: count)
    }
}

extension Inflate {
    /// The first `count` bytes that `compressed` stands for.
    static func bytes(of compressed: UnsafeBufferPointer<UInt8>, first count: Int) throws(Damage) -> [UInt8] {
        var stream = z_stream()
        stream.next_in = UnsafeMutablePointer(mutating: compressed.baseAddress)
        stream.avail_in = UInt32(compressed.count)
        var code = inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw Damage("zlib cannot begin to inflate it (\(code))") }
        defer { inflateEnd(&stream) }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, written in
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(count)
            code = inflate(&stream, Z_SYNC_FLUSH)
            written = count - Int(stream.avail_out)
        }
        guard code == Z_OK || code == Z_STREAM_END, bytes.count == count else {
            throw Damage("zlib cannot inflate it (\(code))")
        }
        return bytes
    }
}
