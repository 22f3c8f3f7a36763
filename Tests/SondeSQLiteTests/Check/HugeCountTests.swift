// SPDX-License-Identifier: Apache-2.0
// Counts that no content stands behind are damage before they are memory.

import Testing

@testable import SondeSQLite

@Suite("Counts without content") struct HugeCountTests {
    @Test func spanIDsAreAsManyAsThereAreBytesFor() {
        let bytes = [UInt8](repeating: 1, count: 24)
        bytes.withUnsafeBufferPointer { bytes in
            #expect((try? SpanIDs(bytes, count: 3))?.ids.count == 3)
            let error = #expect(throws: Damage.self) { try SpanIDs(bytes, count: 1 << 40) }
            #expect(error?.what == "it has 3 span ids for 1099511627776 spans")
        }
    }

    /// A thousand records of one shape that names one key 100 000 times: a few bytes.
    @Test func shapesWithRepeatedKeysAreNoWayToMoreValuesThanASliceHolds() throws {
        var meta = ByteBuffer()
        for count in [0, 0, 0] { meta.appendVarint(count) }
        meta.append([1, 0, 0, 1, UInt8(ascii: "k"), 1])
        meta.appendVarint(100_000)
        for _ in 0..<100_000 { meta.append(0) }
        let columns = try ColumnMeta(meta.elements)
        let values = try [UInt8]([1, 0]).withUnsafeBufferPointer { try ColumnValues($0, meta: columns) }
        let slice: [UInt8] = [0, 0]
        let error = slice.withUnsafeBufferPointer { slice in
            #expect(throws: Damage.self) {
                try ColumnSlice(slice, count: 1_024, meta: columns, values: values, hasContexts: false, others: [])
            }
        }
        #expect(error?.what == "a slice has 102400000 values")
    }
}
