// SPDX-License-Identifier: Apache-2.0
// Reads the dictionaries of names at the start. A row that is damaged or missing keeps its id and is found by nobody: what
// comes under its name is given another id, and no other name moves into its place.

import SondeModel

extension NameTables {
    /// Takes over the rows of the file; returns what is wrong with them, a sentence each.
    mutating func load(_ connection: Connection) throws(SQLiteError) -> [String] {
        var damages: [String] = []
        try loadServices(connection, &damages)
        try loadOperations(connection, &damages)
        markStored()
        return damages
    }

    private mutating func loadServices(_ connection: Connection, _ damages: inout [String]) throws(SQLiteError) {
        let rows = try connection.prepare("SELECT id, name, sum FROM service ORDER BY id")
        defer { rows.reset() }
        var spares: [Int] = []
        while try rows.step() {
            let id = rows.integer(0)
            let name = rows.bytes(1)
            guard services.reach(id, "service", &damages) else { continue }
            var sum = RowSum()
            sum.add(id)
            sum.add(name)
            if sum.value != rows.integer(2) {
                damages.append("service \(id) does not match its checksum")
                _ = services.appendSpare()
            } else if name.isEmpty {
                spares.append(services.appendSpare())
            } else if !services.appendNew(name, tag: 0) {
                damages.append("service \(id) has the name of another")
            }
        }
        services.release(spares)
    }

    private mutating func loadOperations(_ connection: Connection, _ damages: inout [String]) throws(SQLiteError) {
        let rows = try connection.prepare("SELECT id, service, name, kind, sum FROM op ORDER BY id")
        defer { rows.reset() }
        var spares: [Int] = []
        while try rows.step() {
            let id = rows.integer(0)
            let service = rows.integer(1)
            let name = rows.bytes(2)
            guard operations.reach(id, "op", &damages) else { continue }
            var sum = RowSum()
            sum.add(id)
            sum.add(service)
            sum.add(name)
            sum.add(rows.integer(3))
            let kind = UInt8(exactly: rows.integer(3)).flatMap(SpanKind.init(rawValue:))
            if sum.value != rows.integer(4) {
                damages.append("op \(id) does not match its checksum")
                _ = operations.appendSpare()
            } else if service == 0 {
                spares.append(operations.appendSpare())
            } else if service < 0 || service > services.count || kind == nil {
                damages.append("op \(id) names service \(service) and kind \(rows.integer(3)), which there are not")
                _ = operations.appendSpare()
            } else if !operations.appendNew(name, tag: Self.tag(service: Int(service), kind: kind ?? .unspecified)) {
                damages.append("op \(id) is the same as another")
            }
        }
        operations.release(spares)
    }
}

extension ByteTable {
    /// Keeps the places of rows that are missing before `id`; false where the id is wrong itself.
    fileprivate mutating func reach(_ id: Int64, _ table: String, _ damages: inout [String]) -> Bool {
        let next = Int64(count) + 1
        guard id >= next, id - next <= Limits.nameGap else {
            damages.append("\(table) \(id) should have the id \(next)")
            return false
        }
        if id > next { damages.append("\(table) \(next) is missing" + (id - 1 > next ? ", up to \(id - 1)" : "")) }
        while Int64(count) + 1 < id { _ = appendSpare() }
        return true
    }

    /// Adds a string under the next number; false if it has one already: then that number is found by nobody.
    fileprivate mutating func appendNew(_ bytes: UnsafeBufferPointer<UInt8>, tag: UInt32) -> Bool {
        let next = count
        if find(UnsafeRawBufferPointer(bytes), tag: tag) == next { return true }
        _ = appendSpare()
        return false
    }
}
