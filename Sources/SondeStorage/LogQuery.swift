// SPDX-License-Identifier: Apache-2.0
// What can be asked about logs, and one page of the answer.

package import SondeModel

/// A search for log records. All conditions must hold; absent ones hold always.
package struct LogQuery: Hashable, Sendable {
    package var traceID: TraceID?
    package var spanID: SpanID?
    package var service: String?
    /// Records of this level or above; records without a severity number never match it.
    package var minLevel: LogLevel?
    /// Occurs in the body's text, ignoring case (ASCII letters only).
    package var text: String?
    /// Effective time at or after this moment.
    package var start: Timestamp?
    /// Effective time before this moment.
    package var end: Timestamp?
    /// At most this many records, 1 to ``maxLimit``.
    package var limit: Int = LogQuery.defaultLimit
    /// Continue after this place.
    package var cursor: LogCursor?

    package init() {}

    /// A few screenfuls.
    package static let defaultLimit = 100
    /// A page of this size is a few MB of JSON; more comes by cursor.
    package static let maxLimit = 5000
}

/// A place in the order of a log search: everything after it is older, or as old and arrived earlier.
package struct LogCursor: Hashable, Sendable {
    package var time: Timestamp
    /// The store's own number of the record, ascending in order of arrival; opaque to everybody else.
    package var sequence: UInt64

    package init(time: Timestamp, sequence: UInt64) {
        self.time = time
        self.sequence = sequence
    }

    /// Whether a record with this time and number comes after this place.
    package func precedes(time: Timestamp, sequence: UInt64) -> Bool {
        time != self.time ? time < self.time : sequence < self.sequence
    }

    /// `TIME-SEQUENCE` in hex.
    package var text: String { Hex.text(time.nanoseconds) + "-" + Hex.text(sequence) }

    package init?(text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 16, parts[1].utf8.count == 16,
            let time = Hex.value(of: parts[0].utf8), let sequence = Hex.value(of: parts[1].utf8)
        else { return nil }
        self.init(time: Timestamp(nanoseconds: time), sequence: sequence)
    }
}

/// One page of a log search.
package struct LogPage: Hashable, Sendable {
    package var logs: [LogRecord]
    /// Where the next page begins; nil after the last.
    package var next: LogCursor?
    package var total: Total

    package init(logs: [LogRecord], next: LogCursor?, total: Total) {
        self.logs = logs
        self.next = next
        self.total = total
    }
}
