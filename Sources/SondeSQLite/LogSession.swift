// SPDX-License-Identifier: Apache-2.0
// Gathers log records, of batches on their way in or of blocks that are merged. They stay in order of arrival.

import SondeModel

/// One log record of a session.
struct LogRow: BitwiseCopyable {
    var time: UInt64
    var observed: UInt64
    var trace: TraceWords
    var span: UInt64
    var columns: ColumnRow

    /// The moment by which logs are ordered.
    var effectiveTime: UInt64 { time == 0 ? observed : time }
}

struct LogSession: ~Copyable {
    var columns = RecordColumns()
    private(set) var rows = Buffer<LogRow>(capacity: 1_024)
    private var resourceIDs = Buffer<UInt32>()
    private var scopeIDs = Buffer<UInt32>()
    /// The record before.
    private var latest = RecordLikeness()

    var count: Int { rows.count }

    mutating func removeAll() {
        columns.removeAll()
        rows.removeAll()
        latest = RecordLikeness()
    }

    /// Cuts that many records into blocks of about equal size.
    static func cut(_ count: Int) -> [Range<Int>] {
        let blocks = max(1, (count + Limits.blockRecords / 2) / Limits.blockRecords)
        let size = (count + blocks - 1) / blocks
        return stride(from: 0, to: count, by: max(1, size)).map { $0..<min($0 + size, count) }
    }

    mutating func append(_ row: LogRow) { rows.append(row) }

    /// Keeps the records of services that `stays` names; returns how many went.
    mutating func drop(unless stays: (Int) -> Bool) -> Int {
        let isStaying = (0..<columns.resources.count).map { resource in
            stays(Envelope(columns.resources.bytes(resource), hasService: true)?.service ?? 0)
        }
        var kept = 0
        for index in 0..<rows.count {
            let row = rows[index]
            guard isStaying[Int(columns.context(Int(row.columns.context)).resource)] else { continue }
            rows[kept] = row
            kept += 1
        }
        let gone = rows.count - kept
        rows.truncate(to: kept)
        return gone
    }

    /// Takes a batch whole; on an error nothing of it is kept.
    mutating func add(_ batch: LogBatch, names: inout NameTables) throws(MalformedProtobuf) {
        let rowCount = rows.count
        let valueCount = columns.valueIDs.count
        let result: Result<Void, MalformedProtobuf> = batch.bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .success(()) }
            do throws(MalformedProtobuf) {
                resourceIDs.removeAll()
                scopeIDs.removeAll()
                for resource in batch.resources {
                    let service = names.service(resource.serviceName.bytes(base))
                    resourceIDs.append(UInt32(columns.resource(resource, service: service, base: base)))
                }
                for scope in batch.scopes { scopeIDs.append(UInt32(columns.scope(scope, base: base))) }
                for index in batch.entries.indices { try add(batch.entries[index], base) }
                return .success(())
            } catch { return .failure(error) }
        }
        do throws(MalformedProtobuf) { try result.get() } catch {
            rows.truncate(to: rowCount)
            columns.valueIDs.truncate(to: valueCount)
            latest = RecordLikeness()
            throw error
        }
    }

    private mutating func add(_ entry: LogEntry, _ base: UnsafePointer<UInt8>) throws(MalformedProtobuf) {
        let context = columns.contextID(
            RecordContext(
                resource: resourceIDs[Int(entry.resource)], scope: scopeIDs[Int(entry.scope)], flags: entry.flags,
                droppedAttributes: entry.droppedAttributesCount, first: UInt32(entry.severityNumber)))
        let firstValue = columns.begin(like: latest)
        columns.add(.init(key: PseudoKey.text, entry.body), base)
        columns.add(.init(key: PseudoKey.state, entry.severityText), base)
        columns.add(.init(key: PseudoKey.extras, entry.eventName), base)
        try columns.addAttributes(entry.attributes, field: 6, base: base)
        let row = ColumnRow(
            context: UInt32(truncatingIfNeeded: context), shape: UInt32(truncatingIfNeeded: columns.end()),
            firstValue: UInt32(truncatingIfNeeded: firstValue))
        latest = RecordLikeness(shape: row.shape, firstValue: row.firstValue)
        append(
            LogRow(
                time: entry.time.nanoseconds, observed: entry.observedTime.nanoseconds,
                trace: TraceWords(entry.traceID), span: entry.spanID.value, columns: row))
    }
}
