// SPDX-License-Identifier: Apache-2.0
// A span as a collector would get it, and the questions a test has about spans.

import SondeModel
import SondeWire
public import Tracing

/// A span that has ended.
public struct TestSpan: Hashable, Sendable {
    /// How a span ended.
    public enum Status: Hashable, Sendable {
        /// Nobody set it.
        case unset
        /// Set to "ok", which is final.
        case ok
        /// With its message, empty if there was none.
        case error(String)
    }

    /// Something that happened during a span.
    public struct Event: Hashable, Sendable {
        /// What happened; `exception` for a recorded error.
        public let name: String
        /// The event's own attributes.
        public let attributes: [String: TestValue]
    }

    /// A span that this one refers to.
    public struct Link: Hashable, Sendable {
        /// 32 lower-case hex digits.
        public let traceID: String
        /// 16 lower-case hex digits.
        public let spanID: String
        /// The link's own attributes.
        public let attributes: [String: TestValue]
    }

    /// The name at the end of the span.
    public let name: String
    /// Which side of what kind of call it stands for.
    public let kind: Tracing.SpanKind
    /// 32 lower-case hex digits.
    public let traceID: String
    /// 16 lower-case hex digits.
    public let spanID: String
    /// The span above, nil for a root; it may be one of another process.
    public let parentSpanID: String?
    /// How it ended.
    public let status: Status
    /// Its attributes, as they were at its end.
    public let attributes: [String: TestValue]
    /// What happened during it, in order.
    public let events: [Event]
    /// The spans it refers to, in order.
    public let links: [Link]
    /// Nanoseconds since 1970.
    public let startNanoseconds: UInt64
    /// From start to end.
    public let duration: Duration
    /// W3C `tracestate`, empty if there is none.
    public let traceState: String

    /// Whether the span failed.
    public var isError: Bool { if case .error = status { true } else { false } }

    /// The first event of that name.
    public func event(named name: String) -> Event? { events.first { $0.name == name } }
}

extension TestTelemetry {
    /// The spans of that name that have ended, in the order of their ends.
    public func spans(named name: String) -> [TestSpan] { spans.filter { $0.name == name } }

    /// The only span of that name.
    ///
    /// - Throws: ``TestTelemetryError`` if there is none or more than one; it draws what there is.
    public func span(named name: String) throws(TestTelemetryError) -> TestSpan {
        let found = spans(named: name)
        guard let only = found.first, found.count == 1 else {
            let count = found.isEmpty ? "no span" : "\(found.count) spans"
            throw TestTelemetryError(description: "\(count) named \"\(name)\" ended; these did:\n\(spanTree)")
        }
        return only
    }

    /// The spans without a parent among those that have ended, in the order of their ends.
    public var rootSpans: [TestSpan] {
        let all = spans
        let ids = Set(all.map(\.spanID))
        return all.filter { span in span.parentSpanID.map { !ids.contains($0) } ?? true }
    }

    /// The spans right under `span`, in the order of their starts.
    public func children(of span: TestSpan) -> [TestSpan] {
        spans.filter { $0.parentSpanID == span.spanID && $0.traceID == span.traceID }.sortedByStart
    }

    /// The span above; nil for a root, and if it has not ended.
    public func parent(of span: TestSpan) -> TestSpan? {
        spans.first { $0.spanID == span.parentSpanID && $0.traceID == span.traceID }
    }

    /// The spans as trees, children by their starts: a whole test in one comparison.
    ///
    /// ```
    /// checkout
    ///   charge card !
    ///   send receipt
    /// ```
    ///
    /// A `!` stands behind the name of a span that failed.
    public var spanTree: String {
        let all = spans
        let ids = Set(all.map(\.spanID))
        var byParent: [String: [TestSpan]] = [:]
        for span in all {
            let parent = span.parentSpanID.flatMap { ids.contains($0) ? $0 : nil }
            byParent[parent ?? "", default: []].append(span)
        }
        var lines: [String] = []
        func draw(under parent: String, depth: Int) {
            for span in byParent[parent, default: []].sortedByStart {
                lines.append(String(repeating: "  ", count: depth) + span.name + (span.isError ? " !" : ""))
                if depth < 512 { draw(under: span.spanID, depth: depth + 1) }
            }
        }
        draw(under: "", depth: 0)
        return lines.joined(separator: "\n")
    }

    /// Waits until a span of that name has ended: for work that goes on when the operation is done.
    ///
    /// - Throws: ``TestTelemetryError`` if none does in that time, or the task is cancelled.
    public func waitForSpan(
        named name: String, within time: Duration = .seconds(30)
    ) async throws(TestTelemetryError) -> TestSpan {
        let deadline = ContinuousClock.now + time
        while true {
            if let found = spans(named: name).first { return found }
            let isOver = ContinuousClock.now >= deadline || Task.isCancelled
            guard !isOver else { return try span(named: name) }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }
}

extension [TestSpan] {
    fileprivate var sortedByStart: [TestSpan] {
        enumerated().sorted { ($0.element.startNanoseconds, $0.offset) < ($1.element.startNanoseconds, $1.offset) }
            .map(\.element)
    }
}

// MARK: - Reading what would be sent

extension TestSpan {
    static func read(_ body: [UInt8]) -> [TestSpan] {
        guard let records = try? OTLPDecoder.traces(body).batch.records() else { return [] }
        return records.filter { !$0.isUnfinished }.map(TestSpan.init)
    }

    private init(_ record: SpanRecord) {
        name = record.name
        kind = Tracing.SpanKind(record.kind)
        traceID = record.traceID.hex
        spanID = record.spanID.hex
        parentSpanID = record.parentSpanID.isValid ? record.parentSpanID.hex : nil
        status = Status(record.status)
        attributes = TestValue.dictionary(record.attributes)
        events = record.events.map { Event(name: $0.name, attributes: TestValue.dictionary($0.attributes)) }
        links = record.links.map { link in
            Link(
                traceID: link.traceID.hex, spanID: link.spanID.hex, attributes: TestValue.dictionary(link.attributes))
        }
        startNanoseconds = record.start.nanoseconds
        duration = .nanoseconds(Int64(clamping: record.durationNanoseconds))
        traceState = record.traceState
    }
}

extension TestSpan.Status {
    fileprivate init(_ status: SondeModel.SpanStatus) {
        switch status.code {
        case .unset: self = .unset
        case .ok: self = .ok
        case .error: self = .error(status.message)
        }
    }
}

extension Tracing.SpanKind {
    fileprivate init(_ kind: SondeModel.SpanKind) {
        switch kind {
        case .unspecified, .internal: self = .internal
        case .server: self = .server
        case .client: self = .client
        case .producer: self = .producer
        case .consumer: self = .consumer
        }
    }
}
