// SPDX-License-Identifier: Apache-2.0
// What the analysis of one trace says of it as a whole. Spans are named by their index in the trace.

/// Everything that is worked out about one trace.
package struct TraceReport: Hashable, Sendable {
    /// In the order of ``Trace/spans``.
    package var annotations: [SpanAnnotation] = []
    /// What the critical path covers: the main root from its start to its end.
    package var pathNanos: UInt64 = 0
    /// Latest stretch first.
    package var criticalPath: [PathSegment] = []
    /// The operation with the largest part of the critical path first.
    package var operations: [OperationReport] = []
    /// The longest first.
    package var repeats: [RepeatReport] = []
    /// Those that would save most first.
    package var serialRuns: [SerialRunReport] = []
    package var retries: [RetryReport] = []
    /// The origin that explains most first.
    package var errorOrigins: [ErrorOrigin] = []

    package init() {}
}

/// A stretch of one span on the critical path. Times are adjusted where clocks disagree.
package struct PathSegment: Hashable, Sendable {
    package var span: Int
    package var start: Timestamp
    package var end: Timestamp

    package init(span: Int, start: Timestamp, end: Timestamp) {
        self.span = span
        self.start = start
        self.end = end
    }

    package var durationNanoseconds: UInt64 { start.nanoseconds(until: end) }
}

/// One operation inside one trace.
package struct OperationReport: Hashable, Sendable {
    package var service = ""
    package var operation = ""
    package var kind = SpanKind.unspecified
    package var count = 0
    package var errorCount = 0
    /// The sum of the spans' durations; spans that run at the same time count each.
    package var totalNanos: UInt64 = 0
    package var selfNanos: UInt64 = 0
    package var minNanos: UInt64 = 0
    package var maxNanos: UInt64 = 0
    /// By nearest rank: always the duration of one of the spans.
    package var p50Nanos: UInt64 = 0
    package var p95Nanos: UInt64 = 0
    /// Time on the critical path, and its part of the whole path, 0 to 1.
    package var criticalNanos: UInt64 = 0
    package var criticalShare = 0.0
    /// The longest of its spans.
    package var longestSpan = 0

    package init() {}
}

/// Siblings of one shape: same parent, service, kind, and same name and statement but for literals.
package struct RepeatReport: Hashable, Sendable {
    /// Nil for roots.
    package var parent: Int?
    package var service = ""
    package var kind = SpanKind.unspecified
    /// The name with ids and numbers collapsed.
    package var operation = ""
    /// The statement or the URL's template with literals collapsed; empty where the spans carry neither.
    package var statement = ""
    package var count = 0
    package var errorCount = 0
    /// The sum of their durations.
    package var totalNanos: UInt64 = 0
    /// From the first start to the last end.
    package var elapsedNanos: UInt64 = 0
    /// Whether each began after the one before it had ended.
    package var isSerial = false
    /// Whether the shape of the repetition is that of N+1 queries: serial, often enough, asked of somebody else.
    package var isNPlusOne = false
    /// The first of them by start.
    package var firstSpan = 0

    package init() {}
}

/// Siblings of different operations that ran one after another and need not have.
package struct SerialRunReport: Hashable, Sendable {
    package var parent = 0
    /// In the order in which they ran.
    package var steps: [Step] = []
    /// From the first start to the last end.
    package var elapsedNanos: UInt64 = 0
    /// What running all at once would save: the sum of all steps less the longest.
    package var savedNanos: UInt64 = 0
    /// Whether a step writes (SQL, or an HTTP method that changes something), so that the order probably matters.
    package var hasWrites = false

    /// Neighbours of one operation count as one step.
    package struct Step: Hashable, Sendable {
        package var service: String
        package var operation: String
        package var count: Int
        package var durationNanos: UInt64
        package var firstSpan: Int

        package init(service: String, operation: String, count: Int, durationNanos: UInt64, firstSpan: Int) {
            self.service = service
            self.operation = operation
            self.count = count
            self.durationNanos = durationNanos
            self.firstSpan = firstSpan
        }
    }

    package init() {}
}

/// The same call made again by the same parent after it had failed.
package struct RetryReport: Hashable, Sendable {
    package var parent: Int?
    package var service = ""
    package var operation = ""
    package var kind = SpanKind.unspecified
    package var attempts = 0
    package var failures = 0
    /// Whether the last attempt went well.
    package var succeeded = false
    /// From the first start to the last end.
    package var elapsedNanos: UInt64 = 0
    /// The pauses between the end of one attempt and the start of the next, added up.
    package var waitedNanos: UInt64 = 0
    package var backoff = Backoff.none
    package var firstSpan = 0

    /// How long the caller waited before it tried again.
    package enum Backoff: String, Hashable, Sendable, CaseIterable {
        /// At once.
        case none
        /// About as long each time.
        case constant
        /// Longer each time.
        case growing
    }

    package init() {}
}

/// A failing span below which nothing failed: what the failing spans above it report on.
package struct ErrorOrigin: Hashable, Sendable {
    package var span = 0
    /// The failing spans that this one explains, from its nearest failing ancestor up.
    package var chain: [Int] = []
    /// Whether the failure reached the trace's main root.
    package var reachesRoot = false
    package var signature = ErrorSignature()
    /// The message as it was sent, and the innermost frame of the stack trace; empty if there is none.
    package var message = ""
    package var stackTop = ""

    package init() {}
}

/// What makes two failures the same failure.
package struct ErrorSignature: Hashable, Sendable {
    package var service = ""
    /// The span's name with ids and numbers collapsed.
    package var operation = ""
    /// `exception.type`, else `error.type`, else an HTTP or gRPC status; empty if nothing was said.
    package var type = ""
    /// The message with literals collapsed.
    package var message = ""

    package init() {}
}
