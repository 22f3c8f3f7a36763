// SPDX-License-Identifier: Apache-2.0
// The metadata of one line: that of the handler, of the provider, of the call and of the error, the later winning, in
// the order of the keys, so that equal records give equal lines. Nothing is merged in memory: the dictionaries stay as
// they are, and a list of places in them is sorted on the stack.

import Logging

struct LogFields {
    /// Where a field stands: in which dictionary, and where in it.
    fileprivate struct Place {
        var source: Int
        var index: Logger.Metadata.Index
    }

    private let sources: (Logger.Metadata, Logger.Metadata, Logger.Metadata, Logger.Metadata)
    private let places: UnsafeMutableBufferPointer<Place>

    var isEmpty: Bool { places.isEmpty }
    var count: Int { places.count }

    /// Lends the fields to `body`; they MUST NOT outlive it.
    @inline(__always)
    static func with(
        handler: Logger.Metadata, provided: Logger.Metadata, call: Logger.Metadata, error: Logger.Metadata,
        _ body: (LogFields) -> Void
    ) {
        let sources = (handler, provided, call, error)
        let count = handler.count + provided.count + call.count + error.count
        guard count > 0 else {
            return body(LogFields(sources: sources, places: UnsafeMutableBufferPointer(start: nil, count: 0)))
        }
        guard count <= Limits.logFieldsOnStack else { return withHeap(sources, count, body) }
        withUnsafeTemporaryAllocation(of: Place.self, capacity: Limits.logFieldsOnStack) { places in
            merge(sources, into: places, body)
        }
    }

    @inline(never)
    private static func withHeap(
        _ sources: (Logger.Metadata, Logger.Metadata, Logger.Metadata, Logger.Metadata), _ count: Int,
        _ body: (LogFields) -> Void
    ) {
        let places = UnsafeMutableBufferPointer<Place>.allocate(capacity: count)
        defer { places.deallocate() }
        merge(sources, into: places, body)
    }

    private static func merge(
        _ sources: (Logger.Metadata, Logger.Metadata, Logger.Metadata, Logger.Metadata),
        into room: UnsafeMutableBufferPointer<Place>, _ body: (LogFields) -> Void
    ) {
        var count = 0
        for source in 0..<4 {
            let metadata = pick(sources, source)
            var index = metadata.startIndex
            while index != metadata.endIndex {
                if !isReplaced(metadata.keys[index], sources, after: source) {
                    room.initializeElement(at: count, to: Place(source: source, index: index))
                    count += 1
                }
                metadata.formIndex(after: &index)
            }
        }
        let places = UnsafeMutableBufferPointer(rebasing: room[..<count])
        defer { places.deinitialize() }
        let fields = LogFields(sources: sources, places: places)
        fields.sort()
        body(fields)
    }

    /// Whether a later source has the key as well.
    @inline(__always)
    private static func isReplaced(
        _ key: @autoclosure () -> String,
        _ sources: (Logger.Metadata, Logger.Metadata, Logger.Metadata, Logger.Metadata), after source: Int
    ) -> Bool {
        guard source < 3 else { return false }
        for later in (source + 1)..<4 {
            let metadata = pick(sources, later)
            if !metadata.isEmpty, metadata.index(forKey: key()) != nil { return true }
        }
        return false
    }

    @inline(__always)
    private static func pick(
        _ sources: (Logger.Metadata, Logger.Metadata, Logger.Metadata, Logger.Metadata), _ source: Int
    ) -> Logger.Metadata {
        switch source {
        case 0: sources.0
        case 1: sources.1
        case 2: sources.2
        default: sources.3
        }
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
    private func key(_ place: Place) -> String { Self.pick(sources, place.source).keys[place.index] }

    /// Key and value of the field at `position`, by the order of keys.
    @inline(__always)
    subscript(position: Int) -> (key: String, value: Logger.MetadataValue) {
        let place = places[position]
        let entry = Self.pick(sources, place.source)[place.index]
        return (entry.key, entry.value)
    }
}
