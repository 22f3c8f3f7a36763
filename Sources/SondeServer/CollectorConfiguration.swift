// SPDX-License-Identifier: Apache-2.0
// What can be set about a collector.

package import SondePipeline

/// The doors a collector may open. The raw value is the flag without its dashes, and the name in logs and metrics.
package enum ListenerName: String, Hashable, Sendable, CaseIterable {
    case otlpHTTP = "otlp-http"
    case query
    case otlpGRPC = "otlp-grpc"
    case zipkin

    /// What speaks there.
    package var protocolName: String {
        switch self {
        case .otlpHTTP: "OTLP/HTTP"
        case .query: "queries and /metrics"
        case .otlpGRPC: "OTLP/gRPC"
        case .zipkin: "Zipkin"
        }
    }

    /// The port that its clients try first.
    package var standardPort: Int {
        switch self {
        case .otlpHTTP: 4318
        case .query: 16686
        case .otlpGRPC: 4317
        case .zipkin: 9411
        }
    }

}

package struct CollectorConfiguration: Sendable {
    /// Where each listener stands; one that is absent is off. They stand on loopback unless told otherwise.
    package var listeners: [ListenerName: ListenerAddress]
    /// The origin whose pages may read answers of the query listener; nil for none.
    package var corsOrigin: String?
    package var limits = ServerLimits()
    package var admission = AdmissionLimits()
    /// What is counted from spans; nil for nothing.
    package var spanMetrics: SpanMetricsConfiguration? = SpanMetricsConfiguration()
    package var clock = WallClock.system

    package init() {
        listeners = [:]
        for name in ListenerName.allCases {
            listeners[name] = .loopback(name.standardPort)
        }
    }
}

/// A listener that has been bound.
package struct BoundListener: Hashable, Sendable {
    package var name: ListenerName
    /// The real address: where port 0 was asked for, the port that was found.
    package var address: ListenerAddress

    package init(name: ListenerName, address: ListenerAddress) {
        self.name = name
        self.address = address
    }
}

/// Why a collector could not start or had to stop. The message is for the operator.
package struct CollectorError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    package var description: String { message }

    package init(message: String) {
        self.message = message
    }
}
