// SPDX-License-Identifier: Apache-2.0
// The JSON answers about what many spans come to, as they are decoded.

import SondeModel
import SondeStorage
import SondeWire

extension Answers {
    struct Durations: Decodable {
        var count: Int
        var totalNanos: UInt64
        var minNanos: UInt64
        var maxNanos: UInt64
        var quantiles: [Quantile]
        var exact: Bool

        struct Quantile: Decodable {
            var quantile: Double
            var nanos: UInt64
        }

        var statistics: DurationStatistics {
            var statistics = DurationStatistics()
            statistics.count = count
            statistics.total = totalNanos
            statistics.least = minNanos
            statistics.largest = maxNanos
            statistics.quantiles = quantiles.map { .init(fraction: $0.quantile, nanoseconds: $0.nanos) }
            statistics.isExact = exact
            return statistics
        }
    }

    struct Graph: Decodable {
        var nodes: [Node]
        var edges: [Edge]

        struct Node: Decodable {
            var name: String
            var connectionType: String
            var spanCount: Int
            var errorCount: Int
            var entryCount: Int

            func node() throws(ReadError) -> ServiceGraph.Node {
                var node = ServiceGraph.Node(name: name, connection: try connection(connectionType))
                node.spans = spanCount
                node.errors = errorCount
                node.entries = entryCount
                return node
            }
        }

        struct Edge: Decodable {
            var client: String
            var server: String
            var connectionType: String
            var virtual: Bool
            var calls: Int
            var errors: Int
            var serverDurations: Durations
            var clientDurations: Durations

            func edge() throws(ReadError) -> ServiceGraph.Edge {
                var edge = ServiceGraph.Edge(client: client, server: server, connection: try connection(connectionType))
                edge.isVirtual = virtual
                edge.calls = calls
                edge.errors = errors
                edge.serverDurations = serverDurations.statistics
                edge.clientDurations = clientDurations.statistics
                return edge
            }
        }

        func graph() throws(ReadError) -> ServiceGraph {
            var graph = ServiceGraph()
            for node in nodes { graph.nodes.append(try node.node()) }
            for edge in edges { graph.edges.append(try edge.edge()) }
            return graph
        }
    }

    struct Activity: Decodable {
        var series: [Series]

        struct Series: Decodable {
            var service: String
            var operation: String?
            var kind: String?
            var calls: Int
            var errors: Int
            var selfNanos: UInt64?
            var durations: Durations
            var steps: [Step]
        }

        struct Step: Decodable {
            var start: String
            var calls: Int
            var errors: Int
            var selfNanos: UInt64?
            var durations: Durations
        }

        func all() throws(ReadError) -> [ActivitySeries] {
            var all: [ActivitySeries] = []
            for series in series { all.append(try series.series()) }
            return all
        }
    }

    private static func connection(_ text: String) throws(ReadError) -> ConnectionType {
        guard let connection = ConnectionType(rawValue: text) else { throw strange("connection type", text) }
        return connection
    }
}

extension Answers.Activity.Series {
    fileprivate func series() throws(ReadError) -> ActivitySeries {
        var known: SpanKind?
        if let kind {
            known = SpanKind(name: kind)
            guard known != nil else { throw Answers.strange("kind", kind) }
        }
        var series = ActivitySeries(service: service, operation: operation, kind: known)
        series.counts = ActivityCounts(calls, errors, selfNanos, durations)
        for step in steps {
            series.steps.append(
                .init(
                    start: try Answers.moment(step.start),
                    counts: ActivityCounts(step.calls, step.errors, step.selfNanos, step.durations)))
        }
        return series
    }
}

extension ActivityCounts {
    fileprivate init(_ calls: Int, _ errors: Int, _ selfNanos: UInt64?, _ durations: Answers.Durations) {
        self.init()
        self.calls = calls
        self.errors = errors
        self.selfTime = selfNanos
        self.durations = durations.statistics
    }
}
