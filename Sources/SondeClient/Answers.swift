// SPDX-License-Identifier: Apache-2.0
// The JSON answers of the native API, as they are decoded, and the nouns they become.

import SondeModel
import SondeStorage
import SondeWire

enum Answers {
    struct Services: Decodable {
        var services: [Count]
    }

    struct Count: Decodable {
        var name: String
        var spanCount: Int
        var errorCount: Int

        var summary: ServiceSummary { ServiceSummary(name: name, spanCount: spanCount, errorCount: errorCount) }
        var inTrace: TraceSummary.ServiceCount {
            TraceSummary.ServiceCount(name: name, spanCount: spanCount, errorCount: errorCount)
        }
    }

    struct Operations: Decodable {
        var operations: [Operation]

        struct Operation: Decodable {
            var name: String
            var kind: String
        }

        func summaries() throws(ReadError) -> [OperationSummary] {
            var summaries: [OperationSummary] = []
            for operation in operations {
                guard let kind = SpanKind(name: operation.kind) else { throw strange("kind", operation.kind) }
                summaries.append(OperationSummary(name: operation.name, kind: kind))
            }
            return summaries
        }
    }

    struct Search: Decodable {
        var traces: [Summary]
        var next: String?
        var total: Total

        struct Summary: Decodable {
            var traceId: String
            var rootService: String
            var rootOperation: String
            var start: String
            var durationNanos: UInt64
            var spanCount: Int
            var errorCount: Int
            var services: [Answers.Count]
            var complete: Bool
            var missing: Missing?

            struct Missing: Decodable {
                var root: Bool
                var parents: Int
                var unfinished: Int
            }
        }

        func page() throws(ReadError) -> TracePage {
            var summaries: [TraceSummary] = []
            for trace in traces { summaries.append(try trace.summary()) }
            var cursor: TraceCursor?
            if let next {
                cursor = TraceCursor(text: next)
                guard cursor != nil else { throw strange("cursor", next) }
            }
            return TracePage(traces: summaries, next: cursor, total: total.total)
        }
    }

    struct Total: Decodable {
        var value: Int
        var exact: Bool

        var total: SondeModel.Total { SondeModel.Total(value, isExact: exact) }
    }

    struct AttributeKeys: Decodable {
        var attributes: [Key]
        var total: Total

        struct Key: Decodable {
            var key: String
            var scope: String
            var types: [String]
            var spanCount: Int
        }

        func list() throws(ReadError) -> AttributeList<AttributeKeySummary> {
            var keys: [AttributeKeySummary] = []
            for key in attributes {
                guard let scope = ListedScope(rawValue: key.scope) else { throw strange("scope", key.scope) }
                var types: [AttributeType] = []
                for type in key.types { types.append(try Answers.type(type)) }
                keys.append(AttributeKeySummary(key: key.key, scope: scope, types: types, spanCount: key.spanCount))
            }
            return AttributeList(elements: keys, total: total.total)
        }
    }

    struct AttributeValues: Decodable {
        var values: [Value]
        var total: Total

        struct Value: Decodable {
            var value: String
            var type: String
            var count: Int
        }

        func list() throws(ReadError) -> AttributeList<AttributeValueSummary> {
            var summaries: [AttributeValueSummary] = []
            for value in values {
                summaries.append(
                    AttributeValueSummary(text: value.value, type: try type(value.type), count: value.count))
            }
            return AttributeList(elements: summaries, total: total.total)
        }
    }

    private static func type(_ text: String) throws(ReadError) -> AttributeType {
        guard let type = AttributeType(rawValue: text) else { throw strange("kind of value", text) }
        return type
    }

    struct TraceIDs: Decodable {
        var traceIds: [String]

        func ids() throws(ReadError) -> [TraceID] {
            var ids: [TraceID] = []
            for text in traceIds { ids.append(try traceID(text)) }
            return ids
        }
    }

    struct Pins: Decodable {
        var pins: [Pin]
    }

    struct Pin: Decodable {
        var traceId: String
        var note: String
        var pinnedAt: String

        func pin() throws(ReadError) -> TracePin {
            TracePin(traceID: try traceID(traceId), note: note, time: try moment(pinnedAt))
        }
    }

    struct Statistics: Decodable {
        var spans: Int
        var unmergedSpans: Int
        var traces: Int
        var logs: Int
        var bytes: Int
        var blocks: Int
        var services: Int
        /// Collectors of before there were pins don't tell.
        var pinnedTraces: Int?
        var pinnedBytes: Int?
        var oldest: String?
        var newest: String?

        func statistics() throws(ReadError) -> StoreStatistics {
            var statistics = StoreStatistics()
            statistics.spans = spans
            statistics.unmergedSpans = unmergedSpans
            statistics.traces = traces
            statistics.logs = logs
            statistics.bytes = bytes
            statistics.blocks = blocks
            statistics.services = services
            statistics.pinnedTraces = pinnedTraces ?? 0
            statistics.pinnedBytes = pinnedBytes ?? 0
            if let oldest { statistics.oldest = try moment(oldest) }
            if let newest { statistics.newest = try moment(newest) }
            return statistics
        }
    }

    fileprivate static func traceID(_ text: String) throws(ReadError) -> TraceID {
        guard let id = TraceID(hex: text) else { throw strange("trace id", text) }
        return id
    }

    static func moment(_ text: String) throws(ReadError) -> Timestamp {
        guard let moment = RFC3339.parse(text) else { throw strange("time", text) }
        return moment
    }

    static func strange(_ what: String, _ text: String) -> ReadError {
        .failed("cannot read the collector's answer: \(text) is not a \(what)")
    }
}

extension Answers.Search.Summary {
    fileprivate func summary() throws(ReadError) -> TraceSummary {
        var summary = TraceSummary(
            traceID: try Answers.traceID(traceId), rootService: rootService, rootOperation: rootOperation,
            start: try Answers.moment(start), durationNanoseconds: durationNanos, spanCount: spanCount,
            errorCount: errorCount, services: services.map(\.inTrace), isComplete: complete)
        if let missing {
            summary.missing = MissingParts(
                root: missing.root, parents: missing.parents, unfinished: missing.unfinished)
        }
        return summary
    }
}
