// SPDX-License-Identifier: Apache-2.0
// The answers of the native API under `/sonde/v1`, except those about single spans and logs, which have files of their
// own. Members that are always there are always there, null where there is nothing; the few that come only when they
// have something to say are marked with a question mark.
//
//   services    {services:[{name, spanCount, errorCount}]}
//   operations  {operations:[{name, kind}]}
//   search      {traces:[{traceId, rootService, rootOperation, start, durationNanos, spanCount, errorCount,
//                services:[{name, spanCount, errorCount}], complete, missing?:{root, parents, unfinished},
//                matched?, spanSetsOmitted?, spanSets?:[{matched, attributes, spans:[{spanRef, service, operation, start, durationNanos,
//                attributes}]}]}], next, total:{value, exact}}
//   stats       {spans, unmergedSpans, traces, logs, bytes, blocks, services, pinnedTraces, pinnedBytes, oldest,
//               newest}
//   error       {error:{code, message, hint, offset?}}

package import SondeModel

/// Writes answers of the native API: names are camelCase, moments RFC 3339 in UTC with nanoseconds, ids lower-case hex.
package enum NativeJSON {
    package static func services(_ services: [ServiceSummary]) -> [UInt8] {
        object { json in
            json.key("services")
            json.array(services) { json, service in
                json.counts(service.name, spans: service.spanCount, errors: service.errorCount)
            }
        }
    }

    package static func operations(_ operations: [OperationSummary]) -> [UInt8] {
        object { json in
            json.key("operations")
            json.array(operations) { json, operation in
                json.beginObject()
                json.key("name")
                json.string(operation.name)
                json.key("kind")
                json.string(operation.kind.name)
                json.endObject()
            }
        }
    }

    /// One page of a search. `next` is the cursor of the next page, null after the last.
    package static func search(_ traces: [TraceSummary], next: String?, total: Total) -> [UInt8] {
        object { json in
            json.key("traces")
            json.array(traces) { $0.summary($1) }
            json.page(next: next, total: total)
        }
    }

    package static func stats(_ statistics: StoreStatistics) -> [UInt8] {
        object { json in
            json.member("spans", statistics.spans)
            json.member("unmergedSpans", statistics.unmergedSpans)
            json.member("traces", statistics.traces)
            json.member("logs", statistics.logs)
            json.member("bytes", statistics.bytes)
            json.member("blocks", statistics.blocks)
            json.member("services", statistics.services)
            json.member("pinnedTraces", statistics.pinnedTraces)
            json.member("pinnedBytes", statistics.pinnedBytes)
            json.key("oldest")
            if let oldest = statistics.oldest { json.moment(oldest) } else { json.null() }
            json.key("newest")
            if let newest = statistics.newest { json.moment(newest) } else { json.null() }
        }
    }

    /// The body of every refusal. `hint` says what to try instead; null if there is nothing to say. `offset` is the place
    /// in a query that can't be read, in Unicode scalars from 0.
    package static func error(code: String, message: String, hint: String?, offset: Int? = nil) -> [UInt8] {
        object { json in
            json.key("error")
            json.beginObject()
            json.member("code", code)
            json.member("message", message)
            json.key("hint")
            if let hint { json.string(hint) } else { json.null() }
            if let offset { json.member("offset", offset) }
            json.endObject()
        }
    }

    static func object(_ content: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(reservingCapacity: 512)
        json.beginObject()
        content(&json)
        json.endObject()
        return json.bytes
    }
}

extension JSONWriter {
    mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        beginArray()
        for element in elements { write(&self, element) }
        endArray()
    }

    mutating func member(_ name: String, _ value: some FixedWidthInteger) {
        key(name)
        int(value)
    }

    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    mutating func member(_ name: String, _ value: Timestamp) {
        key(name)
        moment(value)
    }

    /// Only if it is not the default.
    mutating func memberIfPresent(_ name: String, _ value: UInt32) {
        if value != 0 { member(name, value) }
    }

    /// Only if it is not the default.
    mutating func memberIfPresent(_ name: String, _ value: String) {
        if !value.isEmpty { member(name, value) }
    }

    /// The end of every paged answer.
    mutating func page(next: String?, total: Total) {
        key("next")
        if let next { string(next) } else { null() }
        self.total(total)
    }

    mutating func total(_ total: Total) {
        key("total")
        beginObject()
        member("value", total.value)
        member("exact", total.isExact)
        endObject()
    }

    fileprivate mutating func counts(_ name: String, spans: Int, errors: Int) {
        beginObject()
        member("name", name)
        member("spanCount", spans)
        member("errorCount", errors)
        endObject()
    }

    fileprivate mutating func summary(_ trace: TraceSummary) {
        beginObject()
        key("traceId")
        id(trace.traceID)
        member("rootService", trace.rootService)
        member("rootOperation", trace.rootOperation)
        member("start", trace.start)
        member("durationNanos", trace.durationNanoseconds)
        member("spanCount", trace.spanCount)
        member("errorCount", trace.errorCount)
        key("services")
        array(trace.services) { json, service in
            json.counts(service.name, spans: service.spanCount, errors: service.errorCount)
        }
        member("complete", trace.isComplete)
        missing(trace.missing)
        if !trace.spanSets.isEmpty { spanSets(trace) }
        endObject()
    }

    /// Only where something is missing.
    mutating func missing(_ parts: MissingParts) {
        guard !parts.isNothing else { return }
        key("missing")
        beginObject()
        member("root", parts.root)
        member("parents", parts.parents)
        member("unfinished", parts.unfinished)
        endObject()
    }

    private mutating func spanSets(_ trace: TraceSummary) {
        member("matched", trace.matchedSpans)
        if trace.omittedSpanSets > 0 { member("spanSetsOmitted", trace.omittedSpanSets) }
        key("spanSets")
        array(trace.spanSets) { json, set in
            json.beginObject()
            json.member("matched", set.matched)
            json.key("attributes")
            json.attributes(set.attributes)
            json.key("spans")
            json.array(set.spans) { $0.matchedSpan($1) }
            json.endObject()
        }
    }

    private mutating func matchedSpan(_ span: MatchedSpan) {
        beginObject()
        key("spanRef")
        id(span.spanID)
        member("service", span.service)
        member("operation", span.name)
        member("start", span.start)
        member("durationNanos", span.durationNanoseconds)
        key("attributes")
        attributes(span.attributes)
        endObject()
    }
}
