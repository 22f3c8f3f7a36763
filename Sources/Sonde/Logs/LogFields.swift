// SPDX-License-Identifier: Apache-2.0
// The fields of one line: metadata of the handler, of the provider, of the call and of the error, then an
// instrumentation's facts, the later winning, in the order of the keys, so that equal records give equal lines. Nothing is
// merged in memory: the dictionaries stay as they are, and a list of places in them is sorted on the stack.

import Logging

/// Four dictionaries and the facts, the later winning.
struct LogMetadata {
    var handler: Logger.Metadata = [:]
    var provided: Logger.Metadata = [:]
    var call: Logger.Metadata = [:]
    var error: Logger.Metadata = [:]
    var facts = UnsafeBufferPointer<LogFact>(start: nil, count: 0)

    /// How many dictionaries there are.
    static let count = 4

    @inline(__always)
    subscript(source: Int) -> Logger.Metadata {
        switch source {
        case 0: handler
        case 1: provided
        case 2: call
        default: error
        }
    }

    /// Whether a source behind that one has the key as well.
    @inline(__always)
    fileprivate func isReplaced(_ key: @autoclosure () -> String, after source: Int) -> Bool {
        for later in (source + 1)..<Self.count {
            let metadata = self[later]
            if !metadata.isEmpty, metadata.index(forKey: key()) != nil { return true }
        }
        return !facts.isEmpty && facts.contains { $0.key == key() }
    }
}

/// What a field says.
enum LogFieldValue {
    case metadata(Logger.MetadataValue)
    case fact(LogFact.Value)
}

/// Two pointers, so that handing it on costs nothing; what they point to ends with the line.
struct LogFields {
    /// Where a field stands: in which dictionary, and where in it. Numbers behind the dictionaries are those of facts.
    fileprivate struct Place {
        var source: Int
        var index: Logger.Metadata.Index

        /// The index is never read; an enum of the two would be larger than what 32 places may be on the stack.
        static func fact(_ number: Int) -> Place {
            Place(source: LogMetadata.count + number, index: Logger.Metadata().endIndex)
        }
    }

    private let metadata: UnsafePointer<LogMetadata>
    private let places: UnsafeMutableBufferPointer<Place>

    var isEmpty: Bool { places.isEmpty }
    var count: Int { places.count }

    /// Lends the fields to `body`; they MUST NOT outlive it.
    @inline(__always)
    static func with(_ metadata: borrowing LogMetadata, _ body: (LogFields) -> Void) {
        let count =
            metadata.handler.count + metadata.provided.count + metadata.call.count + metadata.error.count
            + metadata.facts.count
        withUnsafePointer(to: metadata) { metadata in
            guard count > 0 else {
                return body(LogFields(metadata: metadata, places: UnsafeMutableBufferPointer(start: nil, count: 0)))
            }
            guard count <= Limits.logFieldsOnStack else { return withHeap(metadata, count, body) }
            withUnsafeTemporaryAllocation(of: Place.self, capacity: Limits.logFieldsOnStack) { places in
                merge(metadata, into: places, body)
            }
        }
    }

    @inline(never)
    private static func withHeap(_ metadata: UnsafePointer<LogMetadata>, _ count: Int, _ body: (LogFields) -> Void) {
        let places = UnsafeMutableBufferPointer<Place>.allocate(capacity: count)
        defer { places.deallocate() }
        merge(metadata, into: places, body)
    }

    private static func merge(
        _ metadata: UnsafePointer<LogMetadata>, into room: UnsafeMutableBufferPointer<Place>,
        _ body: (LogFields) -> Void
    ) {
        var count = 0
        for source in 0..<LogMetadata.count {
            let entries = metadata.pointee[source]
            var index = entries.startIndex
            while index != entries.endIndex {
                if !metadata.pointee.isReplaced(entries.keys[index], after: source) {
                    room.initializeElement(at: count, to: Place(source: source, index: index))
                    count += 1
                }
                entries.formIndex(after: &index)
            }
        }
        for number in metadata.pointee.facts.indices {
            room.initializeElement(at: count, to: .fact(number))
            count += 1
        }
        let places = UnsafeMutableBufferPointer(rebasing: room[..<count])
        defer { places.deinitialize() }
        let fields = LogFields(metadata: metadata, places: places)
        fields.sort()
        body(fields)
    }

    /// Few fields, mostly two: insertion beats anything cleverer. Many are sorted by the standard library.
    private func sort() {
        guard places.count > 1 else { return }
        guard places.count <= Limits.logFieldsOnStack else {
            var places = places
            return places.sort { key($0) < key($1) }
        }
        for end in 1..<places.count {
            let place = places[end]
            let name = key(place)
            var hole = end
            while hole > 0, name < key(places[hole - 1]) {
                places[hole] = places[hole - 1]
                hole -= 1
            }
            places[hole] = place
        }
    }

    @inline(__always)
    private func key(_ place: Place) -> String {
        if place.source >= LogMetadata.count { return fact(place).key }
        return metadata.pointee[place.source].keys[place.index]
    }

    @inline(__always)
    private func fact(_ place: Place) -> LogFact { metadata.pointee.facts[place.source - LogMetadata.count] }

    /// Key and value of the field at `position`, by the order of keys.
    @inline(__always)
    subscript(position: Int) -> (key: String, value: LogFieldValue) {
        let place = places[position]
        if place.source >= LogMetadata.count {
            let fact = fact(place)
            return (fact.key, .fact(fact.value))
        }
        let entry = metadata.pointee[place.source][place.index]
        return (entry.key, .metadata(entry.value))
    }
}
