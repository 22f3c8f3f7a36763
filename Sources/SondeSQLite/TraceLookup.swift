// SPDX-License-Identifier: Apache-2.0
// One trace: fingerprints, then the trace tables of the few blocks that may hold it, then only its rows of each column.

import SondeModel
import SondeStorage

/// A trace as its fragments tell it, without attributes.
struct TraceOutline {
    var id: TraceWords
    var start: UInt64
    var end: UInt64
    /// Its spans in order of arrival, resent ones included; nil while nobody needed them.
    var spans: [SpanOutline]?
    var fragments: [(block: SpanBlockInfo, fragment: TraceFragment)]
    /// Whether a span came more than once.
    var hasDuplicates = false

    var duration: UInt64 { end - start }
}

extension BlockFile {
    /// The trace with every field; nil if it is not stored.
    func trace(_ id: TraceID) throws(ReadError) -> Trace? {
        var records: [SpanRecord] = []
        let words = TraceWords(id)
        for block in catalog.blocks(mayHold: id) {
            if let fragment = try head(block).fragment(of: words) { records += try self.records(fragment, in: block) }
        }
        return records.isEmpty ? nil : Trace(id: id, assembling: records)
    }

    /// What the trace tables say of a trace; its spans are read only where they may have come twice.
    func outline(_ id: TraceWords) throws(ReadError) -> TraceOutline? {
        var found: [(block: SpanBlockInfo, fragment: TraceFragment)] = []
        for block in catalog.blocks(mayHold: id.id) {
            if let fragment = try head(block).fragment(of: id) { found.append((block, fragment)) }
        }
        return try outline(id, found)
    }

    /// The same, for a trace whose fragments are known.
    func outline(
        _ id: TraceWords, _ found: [(block: SpanBlockInfo, fragment: TraceFragment)]
    ) throws(ReadError) -> TraceOutline? {
        guard let first = found.first else { return nil }
        if found.count == 1, first.block.level > 0 {
            return TraceOutline(
                id: id, start: first.fragment.start, end: first.fragment.end, spans: nil, fragments: found)
        }
        let spans = try spans(of: found)
        let unique = withoutDuplicates(spans)
        let start = unique.reduce(UInt64.max) { min($0, $1.start) }
        return TraceOutline(
            id: id, start: start, end: unique.reduce(start) { max($0, $1.end) }, spans: unique, fragments: found,
            hasDuplicates: unique.count < spans.count)
    }

    func spans(
        of fragments: [(block: SpanBlockInfo, fragment: TraceFragment)]
    ) throws(ReadError) -> [SpanOutline] {
        var spans: [SpanOutline] = []
        for (block, fragment) in fragments { spans += try outlines(fragment, in: block) }
        return spans
    }

    /// The rule of ``SondeModel/Trace``, on outlines.
    private func withoutDuplicates(_ spans: [SpanOutline]) -> [SpanOutline] {
        struct Key: Hashable {
            var span: UInt64
            var kind: SpanKind
        }
        var place: [Key: Int] = [:]
        var unique: [SpanOutline] = []
        unique.reserveCapacity(spans.count)
        for span in spans {
            let key = Key(span: span.spanID, kind: catalog.names.operation(span.operation)?.kind ?? .unspecified)
            guard let known = place.updateValue(unique.count, forKey: key) else {
                unique.append(span)
                continue
            }
            place[key] = known
            if span.isUnfinished && !unique[known].isUnfinished { continue }
            unique[known] = span
        }
        return unique
    }

    /// The summary of a whole trace.
    func summary(_ outline: TraceOutline) throws(ReadError) -> TraceSummary? {
        let spans: [SpanOutline]
        if let known = outline.spans { spans = known } else { spans = try self.spans(of: outline.fragments) }
        let id = outline.id.id
        var records: [SpanRecord] = []
        records.reserveCapacity(spans.count)
        for span in spans { records.append(lightRecord(span, id)) }
        guard var summary = TraceSummary(Trace(id: id, assembling: records)) else { return nil }
        // A name past the bound of the dictionary lies with its span.
        if summary.rootOperation.isEmpty, let whole = try trace(id), let root = whole.mainRoot {
            summary.rootOperation = whole.spans[root].name
        }
        return summary
    }

    /// A record with all that a summary looks at.
    func lightRecord(_ span: SpanOutline, _ id: TraceID) -> SpanRecord {
        let operation = catalog.names.operation(span.operation)
        let service = operation?.service ?? 0
        let resource =
            service >= 1 && service <= catalog.names.resources.count ? catalog.names.resources[service - 1] : Resource()
        return SpanRecord(
            traceID: id, spanID: SpanID(span.spanID), parentSpanID: SpanID(span.parent), name: operation?.name ?? "",
            kind: operation?.kind ?? .unspecified, start: Timestamp(nanoseconds: span.start),
            end: Timestamp(nanoseconds: span.end), status: SpanStatus(code: span.status),
            attributes: span.isUnfinished ? [Attribute(SpanRecord.unfinishedKey, .bool(true))] : [], resource: resource)
    }

    /// The spans of a fragment in full, in order of arrival.
    func records(_ fragment: TraceFragment, in block: SpanBlockInfo) throws(ReadError) -> [SpanRecord] {
        let head = try head(block)
        let outlines = try outlines(fragment, in: block)
        var builder = try SpanRecordBuilder(meta: meta(.cold, block.id), names: catalog.names)
        var records: [SpanRecord] = []
        records.reserveCapacity(outlines.count)
        var slice = -1
        var columns: ColumnSlice?
        for outline in outlines {
            if slice < 0 || outline.row >= head.slices[slice].upperBound {
                slice = head.slice(of: outline.row)
                columns = try self.columns(block, slice, head)
            }
            guard let columns else { continue }
            records.append(
                builder.record(outline, fragment.id.id, columns, outline.row - head.slices[slice].lowerBound))
        }
        return records
    }
}

/// Makes records of outlines and columns; resources and scopes are read once a block.
struct SpanRecordBuilder {
    private let names: StoredNames
    private let meta: ColumnMeta
    private var resources: [Int: Resource] = [:]
    private var scopes: [Int: InstrumentationScope] = [:]

    init(meta: ColumnMeta, names: StoredNames) {
        self.meta = meta
        self.names = names
    }

    mutating func resource(_ index: Int) -> Resource {
        if let known = resources[index] { return known }
        let resource = meta.resources[index].withUnsafeBufferPointer {
            (try? Envelope($0, hasService: true)?.resource()) ?? Resource()
        }
        resources[index] = resource
        return resource
    }

    mutating func scope(_ index: Int) -> InstrumentationScope {
        if let known = scopes[index] { return known }
        let scope = meta.scopes[index].withUnsafeBufferPointer {
            (try? Envelope($0, hasService: false)?.scope()) ?? InstrumentationScope()
        }
        scopes[index] = scope
        return scope
    }

    mutating func record(
        _ outline: SpanOutline, _ traceID: TraceID, _ columns: ColumnSlice, _ index: Int
    ) -> SpanRecord {
        let operation = names.operation(outline.operation)
        let context = meta.contexts[Int(columns.contexts[index])]
        var record = SpanRecord(
            traceID: traceID, spanID: SpanID(outline.spanID), parentSpanID: SpanID(outline.parent),
            name: operation?.name ?? "", kind: operation?.kind ?? .unspecified,
            start: Timestamp(nanoseconds: outline.start), end: Timestamp(nanoseconds: outline.end),
            status: SpanStatus(code: outline.status), flags: context.flags,
            droppedAttributesCount: context.droppedAttributes, droppedEventsCount: context.first,
            droppedLinksCount: context.second, resource: resource(Int(context.resource)),
            scope: scope(Int(context.scope)))
        for (place, key) in columns.keys(index).enumerated() {
            switch meta.keys[key].pseudo {
            case nil:
                let value = columns.withValue(index, place) { $0.attributeValue }
                record.attributes.append(Attribute(key: meta.keys[key].name, value: value))
            case PseudoKey.text: record.status.message = columns.withValue(index, place) { $0.plainText }
            case PseudoKey.state: record.traceState = columns.withValue(index, place) { $0.plainText }
            case PseudoKey.name: record.name = columns.withValue(index, place) { $0.plainText }
            case PseudoKey.extras:
                let extras = columns.withValue(index, place) { $0.extras }
                record.events = extras.events
                record.links = extras.links
                record.unknownFields = extras.unknownFields
            default: continue
            }
        }
        return record
    }
}
