// SPDX-License-Identifier: Apache-2.0
// What waits to be stored: requests one after the other are one request.

import SondeModel
import SondePipeline
import SondeWire

/// Spans or log records as OTLP protobuf.
struct ImportBatch: Sendable {
    let signal: Signal
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    init(signal: Signal) { self.signal = signal }

    /// A request that is small enough by itself.
    struct Part {
        var bytes: [UInt8]
        var count: Int
    }

    func hasRoom(for part: Part) -> Bool {
        count + part.count <= Limits.importBatchItems && bytes.count + part.bytes.count <= Limits.importBatchBytes
    }

    mutating func add(_ part: Part) {
        bytes += part.bytes
        count += part.count
    }

    /// All that waits; nothing waits afterwards.
    mutating func take() -> ImportBatch {
        defer { self = ImportBatch(signal: signal) }
        return self
    }

    /// What was taken of a piece, in parts. The bytes are used as they are unless they hold too much, or items that
    /// were refused.
    static func parts<Entry, Record>(
        of decoded: DecodedBatch<Entry>, _ encode: ([Record]) -> [UInt8],
        _ records: (Batch<Entry>) throws(MalformedProtobuf) -> [Record]
    ) -> [Part] {
        let batch = decoded.batch
        guard !batch.isEmpty else { return [] }
        if decoded.rejectedCount == 0, batch.count <= Limits.importBatchItems,
            batch.bytes.count <= Limits.importBatchBytes
        {
            return [Part(bytes: batch.bytes, count: batch.count)]
        }
        guard let records = try? records(batch) else { preconditionFailure("what was decoded can be read") }
        return split(records[...], encode)
    }

    private static func split<Record>(_ records: ArraySlice<Record>, _ encode: ([Record]) -> [UInt8]) -> [Part] {
        if records.count <= Limits.importBatchItems {
            let bytes = encode(Array(records))
            // What is too large by itself is for the store to refuse.
            if bytes.count <= Limits.importBatchBytes || records.count == 1 {
                return [Part(bytes: bytes, count: records.count)]
            }
        }
        let middle = records.startIndex + records.count / 2
        return split(records[..<middle], encode) + split(records[middle...], encode)
    }
}
