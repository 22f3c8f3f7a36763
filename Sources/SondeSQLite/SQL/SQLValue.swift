// SPDX-License-Identifier: Apache-2.0
// What goes into a query and comes out of it.

/// A value of SQLite's.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// How much a query may take.
package struct SQLLimits: Hashable, Sendable {
    /// Rows that are answered; nil for all.
    package var rows: Int?
    /// Time until the last row; nil for any.
    package var time: Duration?

    package init(rows: Int? = nil, time: Duration? = nil) {
        self.rows = rows
        self.time = time
    }
}

/// How a query ended.
package struct SQLOutcome: Hashable, Sendable {
    package var rows: Int
    /// Whether there were more rows than the limit.
    package var isCut: Bool
}

/// Why a query has no answer.
package enum SQLFailure: Error, Hashable, Sendable {
    /// The query is wrong, or asks for what is not allowed; `offset` is the byte of the query where SQLite stopped.
    case query(reason: String, offset: Int?)
    /// It took longer than it may.
    case timedOut(Duration)
    /// It needs more memory than it may have.
    case outOfMemory
    /// The file cannot be read.
    case file(reason: String)

    package var reason: String {
        switch self {
        case .query(let reason, _): "cannot run the query: " + reason
        case .timedOut(let time): "cannot finish the query: it took longer than \(time.components.seconds) s"
        case .outOfMemory: "cannot finish the query: it needs more memory than it may have"
        case .file(let reason): reason
        }
    }
}
