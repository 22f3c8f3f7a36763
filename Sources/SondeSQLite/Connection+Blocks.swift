// SPDX-License-Identifier: Apache-2.0
// The rows of blocks: inserted whole, deleted whole, never changed.

extension Connection {
    /// Returns the id it got.
    @discardableResult
    func insert(_ block: EncodedSpanBlock, sequence: Int64, level: Int, received: UInt64) throws -> Int64 {
        let row = try prepare(
            """
            INSERT INTO block (seq, level, n, received, t_min, t_max, newest, bytes, fp, sum)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        var sum = RowSum()
        sum.add(sequence)
        sum.add(level)
        sum.add(block.count)
        sum.add(received)
        sum.add(block.start)
        sum.add(block.lastStart)
        sum.add(block.newestTrace)
        sum.add(block.bytes)
        row.bind(sequence, at: 1)
        row.bind(level, at: 2)
        row.bind(block.count, at: 3)
        row.bind(received, at: 4)
        row.bind(block.start, at: 5)
        row.bind(block.lastStart, at: 6)
        row.bind(block.newestTrace, at: 7)
        row.bind(block.bytes, at: 8)
        try block.fingerprints.map(\.littleEndian).withUnsafeBytes { fingerprints in
            row.bind(fingerprints, at: 9)
            sum.add(fingerprints)
            row.bind(sum.value, at: 10)
            try row.run()
        }
        let id = lastInsertedID
        for zone in block.zones {
            let row = try prepare(
                "INSERT INTO zone (block, service, n, errors, max_duration, t_min, t_max) VALUES (?, ?, ?, ?, ?, ?, ?)")
            row.bind(id, at: 1)
            row.bind(zone.service, at: 2)
            row.bind(zone.count, at: 3)
            row.bind(zone.errors, at: 4)
            row.bind(zone.maxDuration, at: 5)
            row.bind(zone.start, at: 6)
            row.bind(zone.lastStart, at: 7)
            try row.run()
        }
        try insert(.hot, id, block.hot)
        try insert(.cold, id, block.cold)
        if let filter = block.filter { try insert(.filter, id, filter) }
        return id
    }

    func insert(_ block: EncodedLogBlock, sequence: Int64, level: Int, received: UInt64) throws {
        let row = try prepare(
            """
            INSERT INTO log_block (seq, level, n, received, t_min, t_max, bytes, sum)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        var sum = RowSum()
        sum.add(sequence)
        sum.add(level)
        sum.add(block.count)
        sum.add(received)
        sum.add(block.start)
        sum.add(block.end)
        sum.add(block.bytes)
        row.bind(sequence, at: 1)
        row.bind(level, at: 2)
        row.bind(block.count, at: 3)
        row.bind(received, at: 4)
        row.bind(block.start, at: 5)
        row.bind(block.end, at: 6)
        row.bind(block.bytes, at: 7)
        row.bind(sum.value, at: 8)
        try row.run()
        let id = lastInsertedID
        for zone in block.zones {
            let row = try prepare("INSERT INTO log_zone (block, service, n, max_severity) VALUES (?, ?, ?, ?)")
            row.bind(id, at: 1)
            row.bind(zone.service, at: 2)
            row.bind(zone.count, at: 3)
            row.bind(zone.maxSeverity, at: 4)
            try row.run()
        }
        try insert(.logHot, id, block.hot)
        try insert(.logCold, id, block.cold)
        if let filter = block.filter { try insert(.logFilter, id, filter) }
    }

    func insert(_ table: BlobTable, _ id: Int64, _ blob: [UInt8]) throws {
        let row = try prepare("INSERT INTO \(table.rawValue) (id, blob) VALUES (?, ?)")
        row.bind(id, at: 1)
        try blob.withUnsafeBytes { bytes in
            row.bind(bytes, at: 2)
            try row.run()
        }
    }

    func deleteBlock(_ id: Int64) throws {
        try delete(id, "DELETE FROM block WHERE id = ?")
        try delete(id, "DELETE FROM zone WHERE block = ?")
        try delete(id, "DELETE FROM pinned WHERE block = ?")
        for table in [BlobTable.hot, .cold, .filter, .pairs] {
            try delete(id, "DELETE FROM \(table.rawValue) WHERE id = ?")
        }
    }

    func deleteLogBlock(_ id: Int64) throws {
        try delete(id, "DELETE FROM log_block WHERE id = ?")
        try delete(id, "DELETE FROM log_zone WHERE block = ?")
        for table in [BlobTable.logHot, .logCold, .logFilter] {
            try delete(id, "DELETE FROM \(table.rawValue) WHERE id = ?")
        }
    }

    private func delete(_ id: Int64, _ sql: String) throws {
        let statement = try prepare(sql)
        statement.bind(id, at: 1)
        try statement.run()
    }

    /// How many of the ids are in the table.
    func count(_ ids: [Int64], in table: String) throws -> Int {
        var found = 0
        for id in ids {
            let statement = try prepare("SELECT count(*) FROM \(table) WHERE id = ?")
            defer { statement.reset() }
            statement.bind(id, at: 1)
            if try statement.step() { found += statement.int(0) }
        }
        return found
    }
}
