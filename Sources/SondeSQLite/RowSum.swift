// SPDX-License-Identifier: Apache-2.0
// The column `sum` of rows that nothing else in the file could tell to be wrong: names, and what a block's row says
// about arrival. Blobs carry checksums of their own; zones are told by the blocks.
//
//   sum = hash of the values before it, in order of the columns, without the id of a block (it is not known before)
//   integers count as they are, texts and blobs by their hash; seed 0

import FoundationEssentials
import GRDB
import SondeModel

struct RowSum {
    private var hash: UInt64 = 0

    mutating func add(_ value: Int64) { hash = Hash64.hash(hash, UInt64(bitPattern: value)) }
    mutating func add(_ value: Int) { add(Int64(value)) }
    mutating func add(_ value: UInt64) { add(Int64(bitPattern: value)) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(Hash64.hash(bytes.bindMemory(to: UInt8.self), seed: 0))
    }

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) { add(UnsafeRawBufferPointer(bytes)) }

    /// As it stands in the file.
    var value: Int64 { Int64(bitPattern: hash) }
}

extension RowSum {
    /// `row_sum(…)` in SQL, for bringing older files up to date.
    static let function = DatabaseFunction("row_sum", pure: true) { values in
        var sum = RowSum()
        for value in values {
            switch value.storage {
            case .int64(let number): sum.add(number)
            case .blob(let bytes): bytes.withUnsafeBytes { sum.add($0) }
            // A text that is no UTF-8 would come repaired: texts are given as blobs.
            case .null, .double, .string: throw DatabaseError(message: "row_sum takes integers and blobs")
            }
        }
        return sum.value
    }
}
