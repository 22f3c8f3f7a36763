// SPDX-License-Identifier: Apache-2.0
// The filter of a block of logs: its trace ids, and groups of letters from its bodies, by which any substring can be
// looked for. Groups are taken inside words (runs of letters, digits and bytes above 127), in lower case: all groups of
// three, and all groups of six, since the many ids in logs soon contain every group of three.

import SondeModel

enum LogFilter {
    static func hash(trace: TraceWords) -> UInt64 { Hash64.hash(trace.high, trace.low) }

    /// The hashes of all groups that a text made of `needle` and anything around it must contain.
    static func hashes(of needle: String) -> [UInt64] {
        var hashes: [UInt64] = []
        forEachWord(Array(needle.utf8)) { word in
            let size = word.count >= long ? long : short
            forEachGroup(word, size) { hashes.append($0) }
        }
        return hashes
    }

    private static let short = 3
    private static let long = 6

    static func encode(
        _ columns: borrowing ColumnWriter, _ traces: borrowing ByteTable, _ session: borrowing RecordColumns
    ) -> [UInt8] {
        var groups: Set<UInt64> = []
        for id in columns.usedValues.elements where Int(session.values.entries[Int(id)].tag) == PseudoKey.text {
            let bytes = session.values.bytes(Int(id))
            let text: [UInt8]
            if let plain = AnyValueBytes.string(bytes), plain.allSatisfy({ $0 < 0x80 }) {
                text = Array(plain)
            } else {
                text = Array(AnyValueBytes.value(bytes).text.utf8)
            }
            forEachWord(text) { word in
                forEachGroup(word, short) { groups.insert($0) }
                forEachGroup(word, long) { groups.insert($0) }
            }
        }
        var filter = FilterBuilder()
        for group in groups { filter.insert(group) }
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

    private static func forEachWord(_ text: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) {
        let lowered = text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        for word in lowered.split(whereSeparator: { !isWordByte($0) }) { body(word) }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80
    }

    private static func forEachGroup(_ word: ArraySlice<UInt8>, _ size: Int, _ body: (UInt64) -> Void) {
        guard word.count >= size else { return }
        for start in word.startIndex...(word.endIndex - size) {
            var packed = UInt64(size)
            for byte in word[start..<(start + size)] { packed = packed << 8 | UInt64(byte) }
            body(Hash64.hash(packed, 2))
        }
    }
}
