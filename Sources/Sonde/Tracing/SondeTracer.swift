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

    let core: TracerCore

    init(_ core: TracerCore) { self.core = core }

    @_specialize(where Instant == DefaultTracerClock.Timestamp)
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: Tracing.SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> SondeSpan {
        let context = context()
        let place = context.place
        let birth = core.birth(parent: place?.trace, hold: place?.hold) {
            SpanStart(name: operationName, kind: kind, attributes: context.startAttributes)
        }
        // The time of a span that leaves nothing behind is not worth a look at the clock.
        let start = birth.isRecording ? instant().nanosecondsSinceEpoch : 0
        return SondeSpan(
            name: operationName, kind: kind, birth: birth, context: context, start: start, core: core)
    }

    /// The span that the context was made by; nil outside of spans, and for those of callers.
    public func activeSpan(identifiedBy context: ServiceContext) -> SondeSpan? {
        guard case .span(let span) = context.place else { return nil }
        return span
    }

    public func forceFlush() {
        core.queue?.wake()
    }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let trace = core.propagation.trace(from: carrier, extractor) {
            context[TracePlaceKey.self] = .other(TraceReference(trace))
        }
        extractBaggage(carrier, into: &context, using: extractor)
    }

    @inline(__always)
    func extractBaggage<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if core.propagation.contains(.baggage), let header = extractor.extract(key: "baggage", from: carrier) {
            context.baggage = Baggage(W3CBaggage(header))
        }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard !context.isEmpty else { return }
        let place = context.place
        if let place { core.propagation.inject(place.trace, into: &carrier, injector) }
        // With the span alone in it, a context is not asked for anything else.
        guard core.propagation.contains(.baggage), context.count > (place == nil ? 0 : 1),
            let baggage = context[BaggageKey.self]
        else { return }
        let text = baggage.wire.text
        if !text.isEmpty { injector.inject(text, forKey: "baggage", into: &carrier) }
    }
}

/// How much one span may hold. What exceeds it is dropped, and the span says how much.
public struct SpanLimits: Hashable, Sendable {
    /// Attributes of a span, and of each of its events and links.
    public var attributeCount = 128
    /// Events of a span.
    public var eventCount = 128
    /// Links of a span to others.
    public var linkCount = 128
    /// Characters of a text attribute, nil for any number.
    public var attributeValueLength: Int?

    /// OpenTelemetry's defaults.
    public init() {}

    /// Numbers below zero, which make no sense, as zero.
    var usable: SpanLimits {
        var limits = self
        limits.attributeCount = max(0, attributeCount)
        limits.eventCount = max(0, eventCount)
        limits.linkCount = max(0, linkCount)
        limits.attributeValueLength = attributeValueLength.map { max(0, $0) }
        return limits
    }
}
