// SPDX-License-Identifier: Apache-2.0
// A span's identity as a value: what a lean span takes as its parent, and gives to its children.

import SondeModel
import SondeWire
public import Tracing

/// Which span something belongs to: trace id, span id, flags and trace state of the W3C specification.
///
/// ```swift
/// var query = telemetry.tracer.begin("load order", parent: SpanContext(request.serviceContext))
/// ```
///
/// https://www.w3.org/TR/trace-context-2/
public struct SpanContext: Sendable {
    let trace: TraceContext
    let hold: TraceHold?

    init(_ trace: TraceContext, hold: TraceHold?) {
        self.trace = trace
        self.hold = hold
    }

    /// The span that a context of swift-distributed-tracing is in; nil outside of any.
    public init?(_ context: ServiceContext?) {
        guard let place = context?.place else { return nil }
        self.init(place.trace, hold: place.hold)
    }

    /// A caller's span from its headers.
    ///
    /// - Parameters:
    ///   - traceparent: nil is returned for a value that the specification calls invalid.
    ///   - tracestate: Left out if it is invalid.
    public init?(traceparent: String, tracestate: String? = nil) {
        guard let parent = TraceParent(traceparent) else { return nil }
        self.init(TraceContext(parent, state: tracestate.flatMap { TraceState($0) } ?? .empty), hold: nil)
    }

    /// The span of the task that asks; nil outside of any.
    public static var current: SpanContext? { SpanContext(ServiceContext.current) }

    /// 32 lower-case hex digits.
    public var traceID: String { trace.traceID.hex }

    /// 16 lower-case hex digits.
    public var spanID: String { trace.spanID.hex }

    /// Whether the trace is recorded, and whoever is called is asked to record it.
    public var isSampled: Bool { trace.isSampled }

    /// The value of the `traceparent` header for who is called.
    public var traceparent: String {
        TraceParent(traceID: trace.traceID, spanID: trace.spanID, flags: trace.flags).text
    }

    /// The value of the `tracestate` header; nil if there is nothing to send.
    public var tracestate: String? { trace.state.isEmpty ? nil : trace.state.text }
}
