// SPDX-License-Identifier: Apache-2.0
// The filter of a block of logs: its trace ids, and groups of letters from its bodies, by which any substring can be
// looked for. Groups are taken inside words (runs of letters, digits and bytes above 127), in lower case: all groups of
// three, and all groups of six, since the many ids in logs soon contain every group of three.

import SondeModel

enum LogFilter {
    private static let short = 3
    private static let long = 6

    static func hash(trace: TraceWords) -> UInt64 { Hash64.hash(trace.high, trace.low) }

    /// The hashes of all groups that a text made of `needle` and anything around it must contain: of the longer groups
    /// in words that have one, of the shorter in the others.
    static func hashes(of needle: String) -> [UInt64] {
        var hashes: [UInt64] = []
        for word in needle.utf8.map(lowercased).split(whereSeparator: { !isWordByte($0) }) {
            let size = word.count >= long ? long : short
            word.withUnsafeBufferPointer { word in
                forEachGroup(word) { group, count in if count == size { hashes.append(group) } }
            }
        }
        return hashes
    }

    static func encode(
        _ columns: borrowing ColumnWriter, _ traces: borrowing ByteTable, _ session: borrowing RecordColumns
    ) -> [UInt8] {
        var filter = FilterBuilder()
        for id in columns.usedValues.elements where Int(session.values.entries[Int(id)].tag) == PseudoKey.text {
            let bytes = session.values.bytes(Int(id))
            if let plain = AnyValueBytes.string(bytes), plain.allSatisfy({ $0 < 0x80 }) {
                forEachGroup(plain) { group, _ in filter.insert(group) }
            } else {
                Array(AnyValueBytes.value(bytes).text.utf8).withUnsafeBufferPointer { text in
                    forEachGroup(text) { group, _ in filter.insert(group) }
                }
            }
        }
        for trace in 0..<traces.count {
            guard let base = traces.bytes(trace).baseAddress,
                let id = TraceID(base: base, range: ByteRange(offset: 0, count: 16))
            else { continue }
            filter.insert(hash(trace: TraceWords(id)))
        }
        var chunk = ByteBuffer()
        filter.finish(into: &chunk)
        var chunks = ChunkWriter()
        var none: Compressor?
        chunks.add(chunk, compressor: &none)
        return chunks.finish()
    }

    /// Calls `body` with the hash and the size of every group in every word.
    @inline(__always)
    private static func forEachGroup(_ text: UnsafeBufferPointer<UInt8>, _ body: (UInt64, Int) -> Void) {
        var run = 0
        var last: UInt64 = 0
        for byte in text {
            let letter = lowercased(byte)
            guard isWordByte(letter) else {
                run = 0
                continue
            }
            run &+= 1
            last = last << 8 | UInt64(letter)
            if run >= short { body(Hash64.hash(UInt64(short) << 24 | last & 0xFF_FFFF, 2), short) }
            if run >= long { body(Hash64.hash(UInt64(long) << 48 | last & 0xFFFF_FFFF_FFFF, 2), long) }
        }
    }

    @inline(__always)
    private static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    @inline(__always)
    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || byte &- 0x61 < 26 || byte >= 0x80
    }
}
