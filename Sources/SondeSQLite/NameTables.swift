// SPDX-License-Identifier: Apache-2.0
// The writer's copy of the global dictionaries `service` and `op`. Ids count from 1 without gaps, in order of first
// arrival; what a failed commit has added is forgotten again. The ids of names that no block uses any longer are given to
// others.

import SondeModel

struct NameTables: ~Copyable {
    var services = ByteTable()
    var operations = ByteTable()
    /// How many of each the file has.
    private(set) var storedServices = 0
    private(set) var storedOperations = 0

    /// The id of a service; an empty name stands for a missing one.
    mutating func service(_ name: UnsafeBufferPointer<UInt8>) -> Int {
        guard !name.isEmpty else {
            var unknown = Resource.unknownService
            return unknown.withUTF8 { services.find(UnsafeRawBufferPointer($0)) } + 1
        }
        if services.liveCount >= Limits.services || services.byteCount + name.count > Limits.serviceBytes {
            return overflowService(name)
        }
        return services.find(UnsafeRawBufferPointer(name)) + 1
    }

    /// The id of a service that the dictionary knows, or of the name that stands for all it doesn't.
    private mutating func overflowService(_ name: UnsafeBufferPointer<UInt8>) -> Int {
        if let start = name.baseAddress, let known = services.known(start, count: name.count) { return known + 1 }
        var overflow = Self.overflowName
        return overflow.withUTF8 { services.find(UnsafeRawBufferPointer($0)) } + 1
    }

    /// Not a name that anybody gives a service.
    static let overflowName = "(more services)"

    /// The id of an operation; nil where the dictionary is full and the name is new to it.
    @inline(__always)
    mutating func operation(service: Int, kind: SpanKind, name: UnsafePointer<UInt8>, count: Int) -> Int? {
        let tag = Self.tag(service: service, kind: kind)
        if operations.liveCount >= Limits.operations || operations.byteCount &+ count > Limits.operationBytes, count > 0
        {
            return operations.known(name, count: count, tag: tag).map { $0 + 1 }
        }
        return operations.find(name, count: count, tag: tag) + 1
    }

    /// What stands in for the name of an operation that the dictionary does not take: one without a name.
    mutating func namelessOperation(service: Int, kind: SpanKind) -> Int {
        operations.find(UnsafeRawBufferPointer(start: nil, count: 0), tag: Self.tag(service: service, kind: kind)) + 1
    }

    static func tag(service: Int, kind: SpanKind) -> UInt32 { UInt32(service) << 3 | UInt32(kind.rawValue) }

    func service(ofOperation id: Int) -> Int { Int(operations.entries[id - 1].tag >> 3) }

    func kind(ofOperation id: Int) -> SpanKind {
        SpanKind(rawValue: UInt8(truncatingIfNeeded: operations.entries[id - 1].tag & 7)) ?? .unspecified
    }

    /// The service of each operation, in order of their ids.
    var operationServices: [Int] { operations.entries.elements.map { Int($0.tag >> 3) } }

    /// The ids, less one, of names that the file does not have yet.
    var newServices: [Int] { services.reused + Array(storedServices..<services.count) }
    var newOperations: [Int] { operations.reused + Array(storedOperations..<operations.count) }
    /// Whether some of them had another meaning before.
    var hasReused: Bool { !services.reused.isEmpty || !operations.reused.isEmpty }

    /// The services that operations belong to.
    var servicesOfOperations: Set<Int> {
        var ids: Set<Int> = []
        for entry in operations.entries.elements where entry.tag != ByteTable.spareTag {
            ids.insert(Int(entry.tag >> 3))
        }
        return ids
    }

    /// Everything known by now is in the file.
    mutating func markStored() {
        storedServices = services.count
        storedOperations = operations.count
        services.keepReused()
        operations.keepReused()
    }

    /// Forgets what is not in the file.
    mutating func rollBack() {
        let hadReused = hasReused
        services.forgetReused()
        operations.forgetReused()
        services.truncate(to: storedServices)
        operations.truncate(to: storedOperations)
        // The bytes of numbers that were given again lie between others; uncounted they would fill the bounds.
        guard hadReused else { return }
        services.compact()
        operations.compact()
    }
}
