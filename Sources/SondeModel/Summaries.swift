// SPDX-License-Identifier: Apache-2.0
// Rows of answers: what lists and searches show of traces, services and the store itself.

/// One trace as a search shows it.
package struct TraceSummary: Hashable, Sendable {
    package var traceID: TraceID
    /// Service of the main root: the earliest span without a parent, else the earliest span that has arrived.
    package var rootService: String
    /// Name of the main root.
    package var rootOperation: String
    /// The earliest start of its spans.
    package var start: Timestamp
    /// From the earliest start to the latest end.
    package var durationNanoseconds: UInt64
    package var spanCount: Int
    package var errorCount: Int
    /// Every service in it, sorted by name.
    package var services: [ServiceCount]
    /// As ``Trace/isComplete``.
    package var isComplete: Bool
    /// What an incomplete trace lacks.
    package var missing = MissingParts()
    /// What a query in TraceQL found in it; empty where nothing was asked for in TraceQL.
    package var spanSets: [MatchedSpanSet] = []
    /// The sets that are not among ``spanSets``.
    package var omittedSpanSets = 0
    /// Spans in all sets, shown or not.
    package var matchedSpans = 0

    package struct ServiceCount: Hashable, Sendable {
        package var name: String
        package var spanCount: Int
        package var errorCount: Int

        package init(name: String, spanCount: Int, errorCount: Int) {
            self.name = name
            self.spanCount = spanCount
            self.errorCount = errorCount
        }
    }

    package init(
        traceID: TraceID, rootService: String, rootOperation: String, start: Timestamp, durationNanoseconds: UInt64,
        spanCount: Int, errorCount: Int, services: [ServiceCount], isComplete: Bool
    ) {
        self.traceID = traceID
        self.rootService = rootService
        self.rootOperation = rootOperation
        self.start = start
        self.durationNanoseconds = durationNanoseconds
        self.spanCount = spanCount
        self.errorCount = errorCount
        self.services = services
        self.isComplete = isComplete
    }

    /// The summary of a whole trace; nil for a trace without spans.
    package init?(_ trace: Trace) {
        guard let root = trace.mainRoot else { return nil }
        var counts: [String: ServiceCount] = [:]
        for span in trace.spans {
            let name = span.resource.serviceName
            counts[name, default: ServiceCount(name: name, spanCount: 0, errorCount: 0)].spanCount += 1
            if span.isError { counts[name]?.errorCount += 1 }
        }
        self.init(
            traceID: trace.id, rootService: trace.spans[root].resource.serviceName,
            rootOperation: trace.spans[root].name, start: trace.start, durationNanoseconds: trace.durationNanoseconds,
            spanCount: trace.spans.count, errorCount: trace.spans.count(where: \.isError),
            services: counts.values.sorted { $0.name < $1.name }, isComplete: true)
        missing = trace.missing
        isComplete = missing.isNothing
    }
}

/// What a trace lacks that has arrived in part.
package struct MissingParts: Hashable, Sendable {
    /// No span without a parent has arrived.
    package var root: Bool
    /// Distinct parents that spans name and that have not arrived.
    package var parents: Int
    /// Spans that have begun and not ended.
    package var unfinished: Int

    package init(root: Bool = false, parents: Int = 0, unfinished: Int = 0) {
        self.root = root
        self.parents = parents
        self.unfinished = unfinished
    }

    package var isNothing: Bool { !root && parents == 0 && unfinished == 0 }
}

/// A set of spans that a query found in a trace, as a search shows it.
package struct MatchedSpanSet: Hashable, Sendable {
    /// Spans in the set; ``spans`` shows the first of them.
    package var matched: Int
    /// The values by which the query parted the spans into sets, and what it worked out about this one, in the order of
    /// the query; an absent value is ``AttributeValue/empty``.
    package var attributes: [Attribute]
    package var spans: [MatchedSpan]

    package init(matched: Int, attributes: [Attribute] = [], spans: [MatchedSpan]) {
        self.matched = matched
        self.attributes = attributes
        self.spans = spans
    }
}

/// A span that a query found.
package struct MatchedSpan: Hashable, Sendable {
    package var spanID: SpanID
    package var service: String
    package var name: String
    package var start: Timestamp
    package var durationNanoseconds: UInt64
    /// The fields that the query selected, those that the span has.
    package var attributes: [Attribute]

    package init(_ span: SpanRecord, attributes: [Attribute] = []) {
        self.init(
            spanID: span.spanID, service: span.resource.serviceName, name: span.name, start: span.start,
            durationNanoseconds: span.durationNanoseconds, attributes: attributes)
    }

    package init(
        spanID: SpanID, service: String, name: String, start: Timestamp, durationNanoseconds: UInt64,
        attributes: [Attribute]
    ) {
        self.spanID = spanID
        self.service = service
        self.name = name
        self.start = start
        self.durationNanoseconds = durationNanoseconds
        self.attributes = attributes
    }
}

/// A count that says whether it is one.
package struct Total: Hashable, Sendable {
    package var value: Int
    /// False if more may exist: `value` is then a lower bound.
    package var isExact: Bool

    package init(_ value: Int, isExact: Bool) {
        self.value = value
        self.isExact = isExact
    }
}

/// One service as a list shows it.
package struct ServiceSummary: Hashable, Sendable {
    package var name: String
    /// Spans stored; resent spans that no merge has seen yet count each time.
    package var spanCount: Int
    package var errorCount: Int

    package init(name: String, spanCount: Int, errorCount: Int) {
        self.name = name
        self.spanCount = spanCount
        self.errorCount = errorCount
    }
}

/// One operation of a service: a span name and a kind.
package struct OperationSummary: Hashable, Sendable {
    package var name: String
    package var kind: SpanKind

    package init(name: String, kind: SpanKind) {
        self.name = name
        self.kind = kind
    }
}

/// What a store holds.
package struct StoreStatistics: Hashable, Sendable {
    /// Spans stored, each counted once as soon as a merge has seen it; see ``unmergedSpans``.
    package var spans: Int = 0
    /// Spans in blocks that no merge has seen: as many of ``spans`` may still turn out to be duplicates.
    package var unmergedSpans: Int = 0
    /// Distinct traces.
    package var traces: Int = 0
    package var logs: Int = 0
    /// Bytes on disk, all files; 0 for a store in memory.
    package var bytes: Int = 0
    package var blocks: Int = 0
    package var services: Int = 0
    /// Traces that somebody has pinned, and the bytes on disk that only pins keep.
    package var pinnedTraces: Int = 0
    package var pinnedBytes: Int = 0
    /// The earliest and latest start of a span; nil for an empty store.
    package var oldest: Timestamp?
    package var newest: Timestamp?

    package init() {}
}

/// What of ``StoreStatistics`` is known without counting.
package struct StoreSize: Hashable, Sendable {
    package var spans: Int
    package var logs: Int
    /// Bytes on disk, all files; 0 for a store in memory.
    package var bytes: Int

    package init(spans: Int, logs: Int, bytes: Int) {
        self.spans = spans
        self.logs = logs
        self.bytes = bytes
    }
}
