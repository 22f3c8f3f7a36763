// SPDX-License-Identifier: Apache-2.0
// What was counted from spans, as values for whoever prints it.

package import SondeModel

package struct SpanMetricsSnapshot: Sendable {
    package var spans: [SpanSeries]
    package var edges: [CallSeries]
    package var targets: [TargetSeries]
    package var unpaired: [UnpairedSeries]
    /// Halves of calls for which there was no room to wait.
    package var droppedHalves: UInt64
    /// Spans and calls counted in the series for what is too much.
    package var overflowedSpans: UInt64
    package var overflowedCalls: UInt64

    /// In the order of labels, what is for the rest last; resources that differ in nothing that a label shows are one.
    mutating func sort() {
        spans = Self.sorted(spans) { $0.labels?.order }
        edges = Self.sorted(edges) { $0.edge.map { [$0.client, $0.server, $0.type.rawValue] } }
        unpaired = Self.sorted(unpaired) { half in half.service.map { [$0, half.isServer ? "server" : "client"] } }
        targets = Self.sorted(Array(Set(targets))) { target in
            [target.job, target.instance] + target.attributes.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        }
    }

    private static func sorted<Row>(_ rows: [Row], by order: (Row) -> [String]?) -> [Row] {
        rows.map { (order: order($0), row: $0) }
            .sorted { a, b in
                guard let a = a.order, let b = b.order else { return a.order != nil && b.order == nil }
                return a.lexicographicallyPrecedes(b)
            }
            .map(\.row)
    }
}

/// Spans of one service, name, kind and status; all labels nil for the rest.
package struct SpanSeries: Hashable, Sendable {
    package struct Labels: Hashable, Sendable {
        package var service: String
        /// The span's name with ids and numbers replaced: see ``SpanNameTemplate``.
        package var name: String
        package var kind: SpanKind
        package var status: StatusCode
        /// Values of the configured dimensions that the span has, by key.
        package var dimensions: [String: String]

        fileprivate var order: [String] {
            [service, name, String(kind.rawValue), String(status.rawValue)]
                + dimensions.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    package var labels: Labels?
    package var durations: DurationHistogram
    /// Bytes of the spans as they came, in OTLP protobuf.
    package var bytes: UInt64
}

/// What runs between two services.
package enum ConnectionType: String, Hashable, Sendable {
    case direct = ""
    case messaging = "messaging_system"
    case database
    /// One side sends no spans: a client told its peer's name, or nobody called a root.
    case virtualNode = "virtual_node"
}

/// Calls from one service to another; nil for the rest.
package struct CallSeries: Hashable, Sendable {
    package var edge: CallEdge?
    package var failed: UInt64
    package var server: DurationHistogram
    package var client: DurationHistogram
}

package struct CallEdge: Hashable, Sendable {
    package var client: String
    package var server: String
    package var type: ConnectionType
}

/// Halves of calls of one service whose other half did not come; of all other services together.
package struct UnpairedSeries: Hashable, Sendable {
    package var service: String?
    package var isServer: Bool
    package var count: UInt64
}

/// A resource that spans came from.
package struct TargetSeries: Hashable, Sendable {
    /// `service.namespace/service.name`, or the name alone.
    package var job: String
    /// `service.instance.id`; empty if it has none.
    package var instance: String
    /// Its other attributes, as text.
    package var attributes: [String: String]
}

/// Durations in buckets whose bounds double, each with the last span that fell into it.
package struct DurationHistogram: Hashable, Sendable {
    /// Upper bounds in nanoseconds, ascending; the last bucket has none.
    package var bounds: [UInt64]
    /// One more than bounds; not cumulative.
    package var counts: [UInt64]
    package var sumSeconds: Double
    package var exemplars: [SpanExemplar?]

    package var count: UInt64 { counts.reduce(0, &+) }
}

package struct SpanExemplar: Hashable, Sendable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var duration: UInt64
    package var time: Timestamp
}
