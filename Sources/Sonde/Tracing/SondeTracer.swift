// SPDX-License-Identifier: Apache-2.0
// The backend of swift-distributed-tracing: starts spans, and carries their identity in and out of requests.

import SondeModel
import SondeWire
public import Tracing

/// Starts spans and propagates W3C trace context and baggage. `Telemetry` makes one; `Telemetry.bootstrap` installs it.
///
/// ```swift
/// try await telemetry.tracer.withSpan("charge card", ofKind: .client) { span in
///     span.attributes["payment.amount"] = 1_299
///     try await provider.charge()
/// }
/// ```
public struct SondeTracer: Tracer {
    public typealias Span = SondeSpan

    let sampler: Sampler
    let limits: SpanLimits
    let propagators: Set<Propagator>
    let identifiers: IdentifierSource
    /// Where ended spans go; nil if they are not exported.
    let queue: ExportQueue?

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: Tracing.SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> SondeSpan {
        var context = context()
        let parent = context.trace
        let traceID = parent?.traceID ?? identifiers.nextTraceID()
        let isSampled = sampler.samples(traceID, parent: parent)
        var flags = parent.map { $0.flags.intersection(.random) } ?? .random
        if isSampled { flags.insert(.sampled) }
        let trace = TraceContext(
            traceID: traceID, spanID: identifiers.nextSpanID(), flags: flags, state: parent?.state ?? .empty,
            isRemote: false)
        context.trace = trace
        return SondeSpan(
            name: operationName, kind: kind, trace: trace, parent: parent, context: context,
            start: instant().nanosecondsSinceEpoch, limits: limits, queue: isSampled ? queue : nil,
            isSampled: isSampled)
    }

    public func forceFlush() {
        queue?.wake()
    }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if propagators.contains(.traceContext), let header = extractor.extract(key: "traceparent", from: carrier),
            let parent = TraceParent(header)
        {
            let state = extractor.extract(key: "tracestate", from: carrier).flatMap { TraceState($0) }
            context.trace = TraceContext(
                traceID: parent.traceID, spanID: parent.spanID, flags: parent.flags, state: state ?? .empty,
                isRemote: true)
        }
        if propagators.contains(.baggage), let header = extractor.extract(key: "baggage", from: carrier) {
            context.baggage = Baggage(W3CBaggage(header))
        }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        if propagators.contains(.traceContext), let trace = context.trace {
            let parent = TraceParent(traceID: trace.traceID, spanID: trace.spanID, flags: trace.flags)
            injector.inject(parent.text, forKey: "traceparent", into: &carrier)
            if !trace.state.isEmpty { injector.inject(trace.state.text, forKey: "tracestate", into: &carrier) }
        }
        if propagators.contains(.baggage) {
            let baggage = context.baggage.wire.text
            if !baggage.isEmpty { injector.inject(baggage, forKey: "baggage", into: &carrier) }
        }
    }
}

/// A format in which context crosses process borders; the names are those of OTEL_PROPAGATORS.
public struct Propagator: Hashable, Sendable, CustomStringConvertible {
    let name: String

    /// W3C `traceparent` and `tracestate`.
    public static let traceContext = Propagator(name: "tracecontext")
    /// W3C `baggage`.
    public static let baggage = Propagator(name: "baggage")

    public var description: String { name }
}

/// How much one span may hold. What exceeds it is dropped, and the span says how much.
public struct SpanLimits: Hashable, Sendable {
    /// Attributes of a span, and of each of its events and links.
    public var attributeCount = 128
    public var eventCount = 128
    public var linkCount = 128
    /// Characters of a text attribute, nil for any number.
    public var attributeValueLength: Int?

    public init() {}
}
