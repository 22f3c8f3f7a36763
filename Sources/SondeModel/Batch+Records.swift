// SPDX-License-Identifier: Apache-2.0
// Records read out of a batch, one at a time, when someone asks for them.

extension Batch where Entry == SpanEntry {
    /// The span at `index`, in full.
    ///
    /// - Throws: ``MalformedProtobuf`` if the bytes inside the span (attributes, events, links) do not follow the wire
    ///   format. A decoder that promises well-formed batches has walked them before.
    package func record(at index: Int) throws(MalformedProtobuf) -> SpanRecord {
        let entry = entries[index]
        let resource = try resource(Int(entry.resource))
        let scope = try scope(Int(entry.scope))
        return try record(entry, resource: resource, scope: scope)
    }

    /// All spans, in order of arrival; resources and scopes are read once and shared.
    package func records() throws(MalformedProtobuf) -> [SpanRecord] {
        var resources: [Resource] = []
        for index in self.resources.indices { resources.append(try resource(index)) }
        var scopes: [InstrumentationScope] = []
        for index in self.scopes.indices { scopes.append(try scope(index)) }
        var records: [SpanRecord] = []
        records.reserveCapacity(entries.count)
        for entry in entries {
            records.append(
                try record(entry, resource: resources[Int(entry.resource)], scope: scopes[Int(entry.scope)]))
        }
        return records
    }

    private func record(
        _ entry: SpanEntry, resource: Resource, scope: InstrumentationScope
    ) throws(MalformedProtobuf) -> SpanRecord {
        try withBase { base throws(MalformedProtobuf) in
            var record = SpanRecord(
                traceID: entry.traceID, spanID: entry.spanID, parentSpanID: entry.parentSpanID, name: text(entry.name),
                kind: entry.kind, start: entry.start, end: entry.end,
                status: SpanStatus(code: entry.status, message: text(entry.statusMessage)),
                attributes: try ProtobufReader.attributes(base: base, range: entry.attributes, field: 9),
                traceState: text(entry.traceState), flags: entry.flags,
                droppedAttributesCount: entry.droppedAttributesCount, droppedEventsCount: entry.droppedEventsCount,
                droppedLinksCount: entry.droppedLinksCount, resource: resource, scope: scope)
            guard entry.eventCount > 0 || entry.linkCount > 0 || entry.hasUnknownFields else { return record }
            var reader = ProtobufReader(base: base, range: entry.body)
            while try reader.next() {
                switch (reader.field, reader.wireType) {
                case (11, 2): record.events.append(try SpanEvent(base: base, range: reader.readRange()))
                case (13, 2): record.links.append(try SpanLink(base: base, range: reader.readRange()))
                case (1...16, _): continue
                default: record.unknownFields += try reader.takeWhole()
                }
            }
            return record
        }
    }
}

extension Batch where Entry == LogEntry {
    /// The log record at `index`, in full.
    ///
    /// - Throws: ``MalformedProtobuf`` as for spans.
    package func record(at index: Int) throws(MalformedProtobuf) -> LogRecord {
        let entry = entries[index]
        let resource = try resource(Int(entry.resource))
        let scope = try scope(Int(entry.scope))
        return try withBase { base throws(MalformedProtobuf) in
            LogRecord(
                time: entry.time, observedTime: entry.observedTime, severityNumber: entry.severityNumber,
                severityText: text(entry.severityText), body: try ProtobufReader.value(base: base, range: entry.body),
                eventName: text(entry.eventName),
                attributes: try ProtobufReader.attributes(base: base, range: entry.attributes, field: 6),
                droppedAttributesCount: entry.droppedAttributesCount, flags: entry.flags, traceID: entry.traceID,
                spanID: entry.spanID, resource: resource, scope: scope)
        }
    }

    /// All records, in order of arrival.
    package func records() throws(MalformedProtobuf) -> [LogRecord] {
        var records: [LogRecord] = []
        records.reserveCapacity(entries.count)
        for index in entries.indices { records.append(try record(at: index)) }
        return records
    }
}

extension Batch {
    /// The resource at `index`, read from the bytes.
    package func resource(_ index: Int) throws(MalformedProtobuf) -> Resource {
        let entry = resources[index]
        return try withBase { base throws(MalformedProtobuf) in
            try Resource(base: base, range: entry.body, schemaURL: text(entry.schemaURL))
        }
    }

    /// The instrumentation scope at `index`, read from the bytes.
    package func scope(_ index: Int) throws(MalformedProtobuf) -> InstrumentationScope {
        let entry = scopes[index]
        return try withBase { base throws(MalformedProtobuf) in
            try InstrumentationScope(base: base, range: entry.body, schemaURL: text(entry.schemaURL))
        }
    }

    /// The name of the service that resource `index` names, or ``Resource/unknownService``.
    package func serviceName(_ index: Int) -> String {
        let name = resources[index].serviceName
        return name.isEmpty ? Resource.unknownService : text(name)
    }

    /// Calls `body` with the address of the first byte. An empty array has no address: a reader of nothing never
    /// touches the stand-in.
    private func withBase<R>(
        _ body: (UnsafePointer<UInt8>) throws(MalformedProtobuf) -> R
    ) throws(MalformedProtobuf) -> R {
        let result: Result<R, MalformedProtobuf> = (bytes.isEmpty ? [0] : bytes).withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("a non-empty array has an address") }
            do throws(MalformedProtobuf) { return .success(try body(base)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

// Messages that stores keep as bytes and read back one by one.

extension Resource {
    /// `Resource { 1 repeated KeyValue attributes, 2 uint32 dropped_attributes_count }`.
    package init(base: UnsafePointer<UInt8>, range: ByteRange, schemaURL: String) throws(MalformedProtobuf) {
        self.init(schemaURL: schemaURL)
        attributes = try ProtobufReader.attributes(base: base, range: range, field: 1)
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            switch (reader.field, reader.wireType) {
            case (2, 0): droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.readVarint())
            case (1...2, _): continue
            default: unknownFields += try reader.takeWhole()
            }
        }
    }
}

extension InstrumentationScope {
    /// `InstrumentationScope { 1 name, 2 version, 3 repeated KeyValue attributes, 4 uint32 dropped_attributes_count }`.
    package init(base: UnsafePointer<UInt8>, range: ByteRange, schemaURL: String) throws(MalformedProtobuf) {
        self.init(schemaURL: schemaURL)
        attributes = try ProtobufReader.attributes(base: base, range: range, field: 3)
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            switch (reader.field, reader.wireType) {
            case (1, 2): name = try reader.readString()
            case (2, 2): version = try reader.readString()
            case (4, 0): droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.readVarint())
            case (1...4, _): continue
            default: unknownFields += try reader.takeWhole()
            }
        }
    }
}

extension SpanEvent {
    /// `Event { 1 fixed64 time_unix_nano, 2 name, 3 repeated KeyValue attributes, 4 uint32 dropped_attributes_count }`.
    package init(base: UnsafePointer<UInt8>, range: ByteRange) throws(MalformedProtobuf) {
        self.init(time: .zero, name: "")
        attributes = try ProtobufReader.attributes(base: base, range: range, field: 3)
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            switch (reader.field, reader.wireType) {
            case (1, 1): time = Timestamp(nanoseconds: try reader.readFixed64())
            case (2, 2): name = try reader.readString()
            case (4, 0): droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.readVarint())
            case (1...4, _): continue
            default: unknownFields += try reader.takeWhole()
            }
        }
    }
}

extension SpanLink {
    /// `Link { 1 trace_id, 2 span_id, 3 trace_state, 4 repeated KeyValue attributes, 5 uint32 dropped_attributes_count,
    /// 6 fixed32 flags }`. Ids of another length than 16 and 8 read as zero.
    package init(base: UnsafePointer<UInt8>, range: ByteRange) throws(MalformedProtobuf) {
        self.init(traceID: .zero, spanID: .zero)
        attributes = try ProtobufReader.attributes(base: base, range: range, field: 4)
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            switch (reader.field, reader.wireType) {
            case (1, 2): traceID = TraceID(base: base, range: try reader.readRange()) ?? .zero
            case (2, 2): spanID = SpanID(base: base, range: try reader.readRange()) ?? .zero
            case (3, 2): traceState = try reader.readString()
            case (5, 0): droppedAttributesCount = UInt32(truncatingIfNeeded: try reader.readVarint())
            case (6, 5): flags = try reader.readFixed32()
            case (1...6, _): continue
            default: unknownFields += try reader.takeWhole()
            }
        }
    }
}

extension ProtobufReader {
    /// The bytes of the current field, tag included: how fields are kept that nobody knows.
    package mutating func takeWhole() throws(MalformedProtobuf) -> UnsafeBufferPointer<UInt8> {
        try skipPayload()
        return UnsafeBufferPointer(start: base + fieldRange.lowerBound, count: fieldRange.count)
    }
}

extension TraceID {
    /// The id in the 16 bytes at `range`; nil for another length.
    @inlinable
    package init?(base: UnsafePointer<UInt8>, range: ByteRange) {
        guard range.count == 16 else { return nil }
        let raw = UnsafeRawPointer(base + range.lowerBound)
        self.init(
            high: UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

extension SpanID {
    /// The id in the 8 bytes at `range`; nil for another length.
    @inlinable
    package init?(base: UnsafePointer<UInt8>, range: ByteRange) {
        guard range.count == 8 else { return nil }
        self.init(UInt64(bigEndian: UnsafeRawPointer(base + range.lowerBound).loadUnaligned(as: UInt64.self)))
    }
}
