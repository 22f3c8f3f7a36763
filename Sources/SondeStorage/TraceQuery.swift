// SPDX-License-Identifier: Apache-2.0
// What can be asked about traces, and one page of the answer.

package import SondeModel

/// A search for traces. All conditions on spans must hold on one and the same span; conditions on the trace hold on the
/// trace as far as it has arrived. Absent conditions hold always.
package struct TraceQuery: Hashable, Sendable {
    // Conditions on a span.
    package var service: String?
    package var operation: String?
    package var kind: SpanKind?
    package var status: StatusCode?
    /// Bounds on a span's duration in nanoseconds, both inclusive.
    package var minDuration: UInt64?
    package var maxDuration: UInt64?
    /// Each must be met by an attribute of the span, its resource, its scope, one of its events or one of its links.
    package var attributes: [AttributeCondition] = []

    // Conditions on the trace.
    /// Bounds on the trace's duration in nanoseconds, both inclusive.
    package var minTraceDuration: UInt64?
    package var maxTraceDuration: UInt64?
    /// The trace starts at or after this moment.
    package var start: Timestamp?
    /// The trace starts before this moment.
    package var end: Timestamp?

    /// What a query in TraceQL, or a shorthand that the other conditions can't express, asks of the trace. The conditions
    /// on a span must then hold on one of the spans that it finds.
    package var expression: TraceExpression?

    // The page.
    /// At most this many spans are shown of each set that ``expression`` finds, 0 to ``QueryLimits/spansShown``.
    package var spansPerSet: Int = TraceQuery.defaultSpansPerSet
    /// At most this many traces, 1 to ``maxLimit``.
    package var limit: Int = TraceQuery.defaultLimit
    /// Continue after this place.
    package var cursor: TraceCursor?

    package init() {}

    /// A screenful.
    package static let defaultLimit = 20
    /// Enough to recognise what was found.
    package static let defaultSpansPerSet = 3
    /// A page of summaries at this size is about 300 kB of JSON; more comes by cursor.
    package static let maxLimit = 1000

    /// Whether the query asks anything of a span, apart from its ``expression``.
    package var hasSpanConditions: Bool {
        service != nil || operation != nil || kind != nil || status != nil || minDuration != nil || maxDuration != nil
            || !attributes.isEmpty
    }
}

/// An attribute of this key whose value, as text, equals `value`. See ``SondeModel/AttributeValue/text``.
package struct AttributeCondition: Hashable, Sendable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// A place in the order of a search: everything after it is older. Its text form is opaque to clients.
package struct TraceCursor: Hashable, Sendable {
    package var start: Timestamp
    package var traceID: TraceID

    package init(start: Timestamp, traceID: TraceID) {
        self.start = start
        self.traceID = traceID
    }

    /// Whether a trace with this start and id comes after this place: newest first, ties by descending id.
    package func precedes(start: Timestamp, traceID: TraceID) -> Bool {
        start != self.start ? start < self.start : traceID < self.traceID
    }

    /// `START-ID` in hex.
    package var text: String { Hex.text(start.nanoseconds) + "-" + traceID.hex }

    package init?(text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 16, let start = Hex.value(of: parts[0].utf8),
            let traceID = TraceID(hex: parts[1])
        else { return nil }
        self.init(start: Timestamp(nanoseconds: start), traceID: traceID)
    }
}

/// One page of a search.
package struct TracePage: Hashable, Sendable {
    package var traces: [TraceSummary]
    /// Where the next page begins; nil after the last.
    package var next: TraceCursor?
    /// All traces that match, this page, those before and those after.
    package var total: Total

    package init(traces: [TraceSummary], next: TraceCursor?, total: Total) {
        self.traces = traces
        self.next = next
        self.total = total
    }
}

/// The first 1 to 32 hex digits of a trace id.
package struct TraceIDPrefix: Hashable, Sendable {
    /// Lower-case digits.
    package let digits: String
    /// The smallest and the largest id that begin with the digits.
    package let range: ClosedRange<TraceID>

    /// Nil for anything but 1 to 32 hex digits in either case.
    package init?(_ text: some StringProtocol) {
        let digits = text.lowercased()
        let missing = 32 - digits.utf8.count
        guard (0...31).contains(missing), let lower = TraceID(hex: digits + String(repeating: "0", count: missing)),
            let upper = TraceID(hex: digits + String(repeating: "f", count: missing))
        else { return nil }
        self.digits = digits
        self.range = lower...upper
    }
}
