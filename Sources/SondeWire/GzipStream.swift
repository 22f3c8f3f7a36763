// SPDX-License-Identifier: Apache-2.0
// Gzip in, piece by piece, for files that need not fit into memory. A body that is whole is Gzip's.
//
// https://www.rfc-editor.org/rfc/rfc1952

internal import CZlib

/// Inflates a stream of gzip members, one after the other. Not for concurrent use.
package final class GzipStream {
    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether the bytes so far end with a whole member.
    private var isWhole = false
    /// Bytes of compressed input taken.
    private var consumed = 0

    package init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, Gzip.windowBits, ZLIB_VERSION, size) == Z_OK else {
            preconditionFailure("zlib has memory for one inflate stream")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Whether a file that begins with these bytes is gzip.
    package static func begins(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// What the next `bytes` of the stream stand for. At most 1032 times their size: callers bound it by what they give.
    package func inflate(_ bytes: ArraySlice<UInt8>) throws(GzipError) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes
        while !rest.isEmpty {
            let (part, taken) = try step(rest)
            output += part
            rest = rest.dropFirst(taken)
        }
        return output
    }

    /// - Throws: If the stream ends in the middle of a member.
    package func finish() throws(GzipError) {
        guard isWhole else { throw .malformed("it ends after \(consumed) bytes, in the middle of a member") }
    }

    /// One call of zlib.
    private func step(_ bytes: ArraySlice<UInt8>) throws(GzipError) -> (output: [UInt8], taken: Int) {
        if isWhole {
            guard bytes.first == 0x1F else { throw .malformed("something else follows it at byte \(consumed)") }
            inflateReset(stream)
            isWhole = false
        }
        var state = Z_OK
        var taken = 0
        let output = [UInt8](unsafeUninitializedCapacity: Limits.inflatedStep) { room, count in
            bytes.withUnsafeBufferPointer { input in
                let given = UInt32(clamping: input.count)
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = given
                stream.pointee.next_out = room.baseAddress
                stream.pointee.avail_out = UInt32(room.count)
                state = CZlib.inflate(stream, Z_NO_FLUSH)
                taken = Int(given - stream.pointee.avail_in)
                count = room.count - Int(stream.pointee.avail_out)
            }
        }
        consumed += taken
        isWhole = state == Z_STREAM_END
        guard isWhole || (state == Z_OK && taken + output.count > 0) else {
            throw .malformed("the data is damaged near byte \(consumed)")
        }
        return (output, taken)
    }
}
