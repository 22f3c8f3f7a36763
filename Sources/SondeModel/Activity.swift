// SPDX-License-Identifier: Apache-2.0
// What many spans come to: the rows of answers about services that call each other, and about rates, errors and
// durations.

/// Who called whom in a time range.
///
/// An edge counts calls, each once:
/// - a span whose parent belongs to another service; or one of kind server or consumer whose parent, of kind client or
///   producer, belongs to the same service. A span of kind client or producer answers nobody;
/// - a span of kind consumer that is no such call by its parent, once for each span of kind producer that it links to;
/// - a span of kind client or producer that no span answers and that has no client or producer below it, if its
///   attributes name a far end (``Peer``): an edge to a virtual node.
///
/// A producer that is only linked to counts as answered if a consumer in the range links to it.
package struct ServiceGraph: Hashable, Sendable {
    package struct Edge: Hashable, Sendable {
        package var client: String
        package var server: String
        package var connection: ConnectionType
        /// Whether the far end is a virtual node: one of which no span tells. A call that no span answers may still
        /// name a service of which there are spans; it then has the connection ``ConnectionType/virtualNode`` and
        /// leads to that service.
        package var isVirtual = false
        package var calls = 0
        /// Calls of which the answering or the calling span has the status error.
        package var errors = 0
        /// Of the answering spans; without any for edges to virtual nodes.
        package var serverDurations = DurationStatistics()
        /// Of the calling spans of kind client or producer.
        package var clientDurations = DurationStatistics()

        package init(client: String, server: String, connection: ConnectionType) {
            self.client = client
            self.server = server
            self.connection = connection
        }
    }

    package struct Node: Hashable, Sendable {
        package var name: String
        /// ``ConnectionType/request`` for a service that has sent spans, else what kind of far end it is.
        package var connection: ConnectionType
        /// Spans of the service in the range, and those with the status error; of a virtual node none.
        package var spans = 0
        package var errors = 0
        /// Spans of kind server or consumer in the range that answer no known caller: where work enters.
        package var entries = 0

        package init(name: String, connection: ConnectionType) {
            self.name = name
            self.connection = connection
        }
    }

    /// Sorted by name, then connection. Every service with spans in the range, and every end of an edge; with a service
    /// asked for, that one and its neighbours.
    package var nodes: [Node]
    /// Sorted by client, server, connection.
    package var edges: [Edge]

    package init(nodes: [Node] = [], edges: [Edge] = []) {
        self.nodes = nodes
        self.edges = edges
    }
}

/// What spans come to.
package struct ActivityCounts: Hashable, Sendable {
    package var calls = 0
    /// Of those, spans with the status error.
    package var errors = 0
    /// Of ended spans.
    package var durations = DurationStatistics()
    /// Nanoseconds in which the spans ran and none of their children did; nil if not asked for.
    package var selfTime: UInt64?

    package init() {}
}

/// The activity of one service or operation.
package struct ActivitySeries: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        package var start: Timestamp
        package var counts: ActivityCounts

        package init(start: Timestamp, counts: ActivityCounts) {
            self.start = start
            self.counts = counts
        }
    }

    package var service: String
    /// Nil when grouped by service.
    package var operation: String?
    /// Nil unless grouped by kind.
    package var kind: SpanKind?
    /// Over the whole range.
    package var counts = ActivityCounts()
    /// In order of time; empty unless steps were asked for.
    package var steps: [Step] = []

    package init(service: String, operation: String?, kind: SpanKind?) {
        self.service = service
        self.operation = operation
        self.kind = kind
    }
}

/// What is told of many durations, in nanoseconds.
package struct DurationStatistics: Hashable, Sendable {
    package struct Quantile: Hashable, Sendable {
        /// From 0 to 1.
        package var fraction: Double
        package var nanoseconds: UInt64

        package init(fraction: Double, nanoseconds: UInt64) {
            self.fraction = fraction
            self.nanoseconds = nanoseconds
        }
    }

    package var count = 0
    /// Their sum; held at the largest number there is.
    package var total: UInt64 = 0
    /// Zero without durations, as ``largest``.
    package var least: UInt64 = 0
    package var largest: UInt64 = 0
    /// In the order asked for; empty without durations.
    package var quantiles: [Quantile] = []
    /// Whether the quantiles are durations that occurred; else each is off by 0.2 % at most.
    package var isExact = true

    package init() {}

    /// The quantile at `fraction`, if it was asked for.
    package func quantile(_ fraction: Double) -> UInt64? {
        quantiles.first { $0.fraction == fraction }?.nanoseconds
    }
}
