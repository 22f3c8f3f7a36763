// SPDX-License-Identifier: Apache-2.0
// What a screen asks of the world, and what it hears back. Screens ask by value, so that a test can read the question;
// the source alone knows where answers come from.

package import SondeModel
package import SondeStorage

/// A question of a screen.
package enum Request: Hashable, Sendable {
    case services
    case operations(of: String)
    case search(TraceQuery)
    /// The whole trace.
    case trace(TraceID)
    /// The trace that a typed id, or the beginning of one, names.
    case traceIDs(TraceIDPrefix, limit: Int)
    case logs(LogQuery)
    case graph(ServiceGraphQuery)
    case activity(ActivityQuery)
    /// What is wrong in the traces that a query finds.
    case findings(TraceQuery)
    case attributeKeys(AttributeQuery)
    case attributeValues(of: String, AttributeQuery)
    case statistics
    case pins
    /// Pins the trace, or takes its pin back.
    case pin(TraceID, Bool)
    /// The trace of a middling duration among those that have this root, without the one that is looked at: what an
    /// operation usually does.
    case typicalTrace(service: String, operation: String, except: TraceID?)

    /// Questions of one slot replace each other: the answer to an earlier one is not waited for any more.
    package var slot: String {
        switch self {
        case .services: "services"
        case .operations(let service): "operations of " + service
        case .search: "search"
        case .trace(let id): "trace " + id.hex
        case .traceIDs: "trace ids"
        case .logs: "logs"
        case .graph: "graph"
        case .activity: "activity"
        case .findings: "findings"
        case .attributeKeys: "attribute keys"
        case .attributeValues: "attribute values"
        case .statistics: "statistics"
        case .pins: "pins"
        case .pin(let id, _): "pin " + id.hex
        case .typicalTrace: "typical trace"
        }
    }
}

/// What came back: the case that belongs to the request's.
package enum Answer: Sendable {
    case services([ServiceSummary])
    case operations([OperationSummary])
    case search(TracePage)
    /// Nil if no span of it is stored.
    case trace(Trace?)
    case traceIDs([TraceID])
    case logs(LogPage)
    case graph(ServiceGraph)
    case activity([ActivitySeries])
    case findings([Finding], TraceSample)
    case attributeKeys(AttributeList<AttributeKeySummary>)
    case attributeValues(AttributeList<AttributeValueSummary>)
    case statistics(StoreStatistics)
    case pins([TracePin])
    /// Whether the trace is pinned now.
    case pinned(Bool)
    /// Nil if there is no other trace of the operation.
    case typicalTrace(Trace?)
}
