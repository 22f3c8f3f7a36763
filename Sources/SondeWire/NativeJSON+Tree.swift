// SPDX-License-Identifier: Apache-2.0
// The trace tree of the native API.
//
//   {trace:{id, complete, missing?:{root, parents, unfinished}, missingParents:[id…], spanTotal, start, durationNanos},
//    roots:[span…]}                                                                                the tree
//   {trace:{…}, spans:[span…]}                                                                     flat
//
//   span = {spanId, parentSpanId?, service, operation, kind, start, durationNanos, selfNanos, depth,
//           status:{code, message}, flags:[…], attributes, resource, scope, events:[…], links:[…],
//           adjustedStart?, end?, traceState?, traceFlags?, droppedAttributesCount?, droppedEventsCount?, droppedLinksCount?,
//           resourceSchemaUrl?, resourceDroppedAttributesCount?, unknownFields?,
//           children:[span…] (tree only), childrenOmitted?}
//   scope = {name, version, attributes?, schemaUrl?, droppedAttributesCount?}
//   event = {time, offsetNanos, name, attributes, droppedAttributesCount?}
//   link  = {traceRef, spanRef, attributes, traceState?, traceFlags?, droppedAttributesCount?}

package import SondeModel

extension NativeJSON {
    /// A trace as a tree, or `flat` as a list of its spans in depth-first order.
    ///
    /// - `flags` are, in this order: `error`, `missingParent` (its parent has not arrived), `skewed` (begins before its
    ///   parent), `unfinished` (has not ended), `criticalPath`, `adjusted`.
    /// - `adjustedStart` is there only if the span's clock disagrees with its parent's, and then `adjusted` is among the
    ///   flags; `start` and the times of events stay as they were sent.
    /// - `end` is there only if the span ends before it starts; else it is `start` plus `durationNanos`.
    /// - `offsetNanos` of an event counts from the start of its span and may be negative.
    /// - Children nest to ``Limits/maxNestedLevels`` levels; a span at the last level that has descendants has
    ///   `childrenOmitted` with their number and no children. `flat` omits none.
    /// - `annotations` are those of ``trace``'s spans, by index; what is missing counts as none.
    package static func tree(_ trace: Trace, annotations: [SpanAnnotation], flat: Bool) -> [UInt8] {
        var writer = TreeWriter(trace: trace, annotations: annotations)
        writer.json.beginObject()
        writer.writeTrace()
        if flat { writer.writeList() } else { writer.writeTree() }
        writer.json.endObject()
        return writer.json.bytes
    }
}

private struct TreeWriter {
    let trace: Trace
    let annotations: [SpanAnnotation]
    var json: JSONWriter
    var parts = SharedParts()

    init(trace: Trace, annotations: [SpanAnnotation]) {
        self.trace = trace
        self.annotations = annotations
        json = JSONWriter(reservingCapacity: trace.spans.count * 1_024 + 512)
    }

    mutating func writeTrace() {
        json.key("trace")
        json.beginObject()
        json.key("id")
        json.id(trace.id)
        let missing = trace.missing
        json.member("complete", missing.isNothing)
        json.missing(missing)
        json.key("missingParents")
        json.array(trace.missingParents) { $0.id($1) }
        json.member("spanTotal", trace.spans.count)
        json.member("start", trace.start)
        json.member("durationNanos", trace.durationNanoseconds)
        json.endObject()
    }

    mutating func writeList() {
        json.key("spans")
        json.beginArray()
        for index in trace.spans.indices {
            json.beginObject()
            writeSpan(index)
            json.endObject()
        }
        json.endArray()
    }

    /// Spans are in depth-first order, so opening and closing by depth is all it takes; no recursion.
    mutating func writeTree() {
        json.key("roots")
        json.beginArray()
        var open = 0
        var index = 0
        while index < trace.spans.count {
            let depth = trace.depths[index]
            close(open - depth)
            json.beginObject()
            writeSpan(index)
            json.key("children")
            json.beginArray()
            open = depth + 1
            let isLastLevel = open == Limits.maxNestedLevels
            if isLastLevel, trace.subtreeCounts[index] > 1 {
                json.endArray()
                json.member("childrenOmitted", trace.subtreeCounts[index] - 1)
                json.endObject()
                open = depth
            }
            index += isLastLevel ? trace.subtreeCounts[index] : 1
        }
        close(open)
        json.endArray()
    }

    private mutating func close(_ count: Int) {
        for _ in 0..<max(0, count) {
            json.endArray()
            json.endObject()
        }
    }

    private mutating func writeSpan(_ index: Int) {
        let span = trace.spans[index]
        json.key("spanId")
        json.id(span.spanID)
        if span.parentSpanID.isValid {
            json.key("parentSpanId")
            json.id(span.parentSpanID)
        }
        json.member("service", span.resource.serviceName)
        json.member("operation", span.name)
        json.member("kind", span.kind.name)
        json.member("start", span.start)
        if let adjustment = annotation(index)?.adjustmentNanos, adjustment != 0 {
            json.member("adjustedStart", span.start.advanced(byNanoseconds: adjustment))
        }
        json.member("durationNanos", span.durationNanoseconds)
        json.member("selfNanos", annotation(index)?.selfNanos ?? 0)
        json.member("depth", trace.depths[index])
        json.key("status")
        json.beginObject()
        json.member("code", span.status.code.name)
        json.member("message", span.status.message)
        json.endObject()
        writeFlags(index, span)
        json.key("attributes")
        json.attributes(span.attributes)
        json.key("resource")
        json.raw(parts.json(of: span.resource))
        json.key("scope")
        json.raw(parts.json(of: span.scope))
        json.key("events")
        json.array(span.events) { $0.event($1, in: span) }
        json.key("links")
        json.array(span.links) { $0.link($1) }
        json.rarities(of: span)
    }

    private mutating func writeFlags(_ index: Int, _ span: SpanRecord) {
        json.key("flags")
        json.beginArray()
        if span.isError { json.string("error") }
        if trace.isMissingParent(index) { json.string("missingParent") }
        if trace.isSkewed(index) { json.string("skewed") }
        if span.isUnfinished { json.string("unfinished") }
        if annotation(index)?.isOnCriticalPath == true { json.string("criticalPath") }
        if annotation(index)?.adjustmentNanos ?? 0 != 0 { json.string("adjusted") }
        json.endArray()
    }

    private func annotation(_ index: Int) -> SpanAnnotation? {
        annotations.indices.contains(index) ? annotations[index] : nil
    }
}

extension JSONWriter {
    fileprivate mutating func event(_ event: SpanEvent, in span: SpanRecord) {
        beginObject()
        member("time", event.time)
        member("offsetNanos", Int128(event.time.nanoseconds) - Int128(span.start.nanoseconds))
        member("name", event.name)
        key("attributes")
        attributes(event.attributes)
        memberIfPresent("droppedAttributesCount", event.droppedAttributesCount)
        endObject()
    }

    fileprivate mutating func link(_ link: SpanLink) {
        beginObject()
        key("traceRef")
        id(link.traceID)
        key("spanRef")
        id(link.spanID)
        key("attributes")
        attributes(link.attributes)
        memberIfPresent("traceState", link.traceState)
        memberIfPresent("traceFlags", link.flags)
        memberIfPresent("droppedAttributesCount", link.droppedAttributesCount)
        endObject()
    }

    /// What most spans do not have.
    fileprivate mutating func rarities(of span: SpanRecord) {
        if span.end < span.start, !span.isUnfinished { member("end", span.end) }
        memberIfPresent("traceState", span.traceState)
        memberIfPresent("traceFlags", span.flags)
        memberIfPresent("droppedAttributesCount", span.droppedAttributesCount)
        memberIfPresent("droppedEventsCount", span.droppedEventsCount)
        memberIfPresent("droppedLinksCount", span.droppedLinksCount)
        memberIfPresent("resourceSchemaUrl", span.resource.schemaURL)
        memberIfPresent("resourceDroppedAttributesCount", span.resource.droppedAttributesCount)
        if !span.unknownFields.isEmpty {
            key("unknownFields")
            base64(span.unknownFields)
        }
    }
}

/// The JSON of resources and scopes, which many spans share. Spans read from one batch share storage, so that most
/// comparisons are of addresses.
struct SharedParts {
    private var resources: [(Resource, [UInt8])] = []
    private var scopes: [(InstrumentationScope, [UInt8])] = []

    /// The attributes of the resource; its other parts are members of the span or log record.
    mutating func json(of resource: Resource) -> [UInt8] {
        if let known = resources.first(where: { $0.0 == resource }) { return known.1 }
        var json = JSONWriter()
        json.attributes(resource.attributes)
        if resources.count == Limits.maxSharedParts { resources.removeFirst() }
        resources.append((resource, json.bytes))
        return json.bytes
    }

    mutating func json(of scope: InstrumentationScope) -> [UInt8] {
        if let known = scopes.first(where: { $0.0 == scope }) { return known.1 }
        let bytes = NativeJSON.object { json in
            json.member("name", scope.name)
            json.member("version", scope.version)
            if !scope.attributes.isEmpty {
                json.key("attributes")
                json.attributes(scope.attributes)
            }
            json.memberIfPresent("schemaUrl", scope.schemaURL)
            json.memberIfPresent("droppedAttributesCount", scope.droppedAttributesCount)
        }
        if scopes.count == Limits.maxSharedParts { scopes.removeFirst() }
        scopes.append((scope, bytes))
        return bytes
    }
}
