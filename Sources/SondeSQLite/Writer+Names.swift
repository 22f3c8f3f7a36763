// SPDX-License-Identifier: Apache-2.0
// The dictionaries of names in the file: what is new is written with the commit that brings it; what no block uses any
// longer is emptied, and its id is given to a later name.

import SondeModel

/// Names that are in use, by id.
struct UsedNames {
    var services: Set<Int> = []
    var operations: Set<Int> = []
}

extension Writer {
    /// Writes the names that the file does not have yet.
    func storeNames(_ connection: Connection) throws {
        for index in names.newServices { try connection.put(service: index + 1, names.services.bytes(index)) }
        for index in names.newOperations {
            try connection.put(
                operation: index + 1, service: names.service(ofOperation: index + 1), names.operations.bytes(index),
                kind: Int(names.kind(ofOperation: index + 1).rawValue))
        }
        if names.hasReused { try connection.countNameChange() }
    }

    // Collecting.

    /// From now on it is noted which names commits use, for ``freeNames(_:)`` to leave them alone.
    func watchNames() { watchedNames = UsedNames() }

    /// Notes the names of blocks that are about to be committed.
    func noteNames(_ spanBlocks: [EncodedSpanBlock], _ logBlocks: [EncodedLogBlock]) {
        guard watchedNames != nil else { return }
        for block in spanBlocks { watchedNames?.services.formUnion(block.zones.map(\.service)) }
        for block in logBlocks { watchedNames?.services.formUnion(block.zones.map(\.service)) }
        for row in spans.rows.elements { watchedNames?.operations.insert(Int(row.operation)) }
    }

    /// Empties the rows of operations, or of services, that no block used when watching began, as far as none has come
    /// since. A service that has operations stays.
    func freeNames(_ unused: UsedNames) throws {
        guard let watched = watchedNames else { return }
        let operations = unused.operations.subtracting(watched.operations)
        var services = unused.services.subtracting(watched.services)
        if !services.isEmpty { services.subtract(names.servicesOfOperations) }
        guard !operations.isEmpty || !services.isEmpty else { return }
        defer { noteLog() }
        observer.began(.names)
        defer { observer.ended(.names) }
        try transaction { connection in
            for id in operations { try connection.put(operation: id, service: 0, .empty, kind: 0) }
            for id in services { try connection.put(service: id, .empty) }
            try connection.countNameChange()
        }
        names.operations.release(operations.map { $0 - 1 })
        names.services.release(services.map { $0 - 1 })
    }

    /// Watching is over. The memory of freed names is given back.
    func stopWatchingNames() {
        watchedNames = nil
        names.operations.compact()
        names.services.compact()
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate static var empty: Self { Self(start: nil, count: 0) }
}

extension Connection {
    fileprivate func put(service id: Int, _ name: UnsafeBufferPointer<UInt8>) throws {
        let row = try prepare("INSERT OR REPLACE INTO service (id, name, sum) VALUES (?, ?, ?)")
        var sum = RowSum()
        sum.add(id)
        sum.add(name)
        row.bind(id, at: 1)
        row.bind(text: name, at: 2)
        row.bind(sum.value, at: 3)
        try row.run()
    }

    fileprivate func put(operation id: Int, service: Int, _ name: UnsafeBufferPointer<UInt8>, kind: Int) throws {
        let row = try prepare("INSERT OR REPLACE INTO op (id, service, name, kind, sum) VALUES (?, ?, ?, ?, ?)")
        var sum = RowSum()
        sum.add(id)
        sum.add(service)
        sum.add(name)
        sum.add(kind)
        row.bind(id, at: 1)
        row.bind(service, at: 2)
        row.bind(text: name, at: 3)
        row.bind(kind, at: 4)
        row.bind(sum.value, at: 5)
        try row.run()
    }

    /// Readers read the names anew: ids have another meaning.
    fileprivate func countNameChange() throws {
        try prepare("UPDATE meta SET value = value + 1 WHERE key IN ('names', 'names_twin')").run()
    }
}
