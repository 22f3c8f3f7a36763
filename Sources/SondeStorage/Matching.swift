// SPDX-License-Identifier: Apache-2.0
// What the conditions of a query mean, on records. Stores with an index use it to verify, stores without to scan.

package import SondeModel

extension TraceQuery {
    /// The row of a trace in the answer; nil if it is not in it, wherever the cursor stands.
    package func summary(of trace: Trace) -> TraceSummary? {
        guard var summary = TraceSummary(trace), matches(summary) else { return nil }
        guard let expression else {
            return !hasSpanConditions || trace.spans.contains(where: matches) ? summary : nil
        }
        let sets = spanSets(of: expression, in: trace)
        guard !sets.isEmpty else { return nil }
        guard expression.isTraceQL else { return summary }
        show(sets, of: expression, in: trace, &summary)
        return summary
    }

    /// What was found, as far as a row has room for it.
    private func show(
        _ sets: [SpanSet], of expression: TraceExpression, in trace: Trace, _ summary: inout TraceSummary
    ) {
        let facts = TraceFacts(trace)
        let fields = expression.selectedFields
        var room = QueryLimits.spansShown
        summary.matchedSpans = sets.reduce(0) { $0 + $1.spans.count }
        summary.spanSets = sets.prefix(QueryLimits.setsShown).map { set in
            let shown = set.shown(facts, fields, limit: min(room, max(0, spansPerSet)))
            room -= shown.spans.count
            return shown
        }
        summary.omittedSpanSets = sets.count - summary.spanSets.count
    }

    /// The sets that the expression finds, those without a span that meets the conditions on spans left out.
    private func spanSets(of expression: TraceExpression, in trace: Trace) -> [SpanSet] {
        let sets = expression.spanSets(in: trace)
        guard hasSpanConditions else { return sets }
        return sets.filter { $0.spans.contains { matches(trace.spans[$0]) } }
    }

    /// Whether one span meets every condition on spans, apart from ``expression``.
    package func matches(_ span: SpanRecord) -> Bool {
        if let service, span.resource.serviceName != service { return false }
        if let operation, span.name != operation { return false }
        if let kind, span.kind != kind { return false }
        if let status, span.status.code != status { return false }
        if let minDuration, span.durationNanoseconds < minDuration { return false }
        if let maxDuration, span.durationNanoseconds > maxDuration { return false }
        return attributes.allSatisfy { $0.matches(span) }
    }

    /// Whether a trace, by its summary, meets every condition on traces. The cursor is not one of them.
    package func matches(_ summary: TraceSummary) -> Bool {
        if let minTraceDuration, summary.durationNanoseconds < minTraceDuration { return false }
        if let maxTraceDuration, summary.durationNanoseconds > maxTraceDuration { return false }
        if let start, summary.start < start { return false }
        if let end, summary.start >= end { return false }
        return true
    }
}

extension AttributeCondition {
    /// Whether the span, its resource, its scope, one of its events or one of its links has such an attribute.
    package func matches(_ span: SpanRecord) -> Bool {
        matches(span.attributes) || matches(span.resource.attributes) || matches(span.scope.attributes)
            || span.events.contains { matches($0.attributes) } || span.links.contains { matches($0.attributes) }
    }

    private func matches(_ attributes: [Attribute]) -> Bool {
        // By bytes, as filters do: Swift holds different spellings of one character for equal.
        attributes.contains { $0.key.utf8.elementsEqual(key.utf8) && $0.value.text.utf8.elementsEqual(value.utf8) }
    }
}

extension LogQuery {
    /// Whether a record meets every condition. The cursor is not one of them.
    package func matches(_ log: LogRecord) -> Bool {
        if let traceID, log.traceID != traceID { return false }
        if let spanID, log.spanID != spanID { return false }
        if let minLevel, log.severityNumber < minLevel.rawValue { return false }
        let time = log.effectiveTime
        if let start, time < start { return false }
        if let end, time >= end { return false }
        if let service, log.resource.serviceName != service { return false }
        if let text, !Self.text(log.body.text, contains: text) { return false }
        return true
    }

    /// Whether `needle` occurs in `text`, ignoring the case of ASCII letters. Everything contains the empty text.
    package static func text(_ text: String, contains needle: String) -> Bool {
        let needle = needle.utf8.map(lowercased)
        guard let first = needle.first else { return true }
        let text = text.utf8.map(lowercased)
        guard text.count >= needle.count else { return false }
        return (0...(text.count - needle.count)).contains { start in
            text[start] == first && text[start..<(start + needle.count)].elementsEqual(needle)
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
}
