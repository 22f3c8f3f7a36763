// SPDX-License-Identifier: Apache-2.0
// The formats in which a trace's identity crosses process borders. Their codecs are in Wire.

import SondeModel
import SondeWire
public import Tracing

/// A format in which context crosses process borders; the names are those of OTEL_PROPAGATORS.
///
/// A service writes all formats it is given and reads the first that is there, in this order: ``traceContext``,
/// ``b3Single``, ``b3Multi``, ``jaeger``.
public struct Propagator: Hashable, Sendable, CustomStringConvertible {
    let name: String
    let formats: PropagationFormats

    /// W3C `traceparent` and `tracestate`.
    public static let traceContext = Propagator(name: "tracecontext", formats: .traceContext)
    /// W3C `baggage`.
    public static let baggage = Propagator(name: "baggage", formats: .baggage)
    /// Zipkin's `b3` header.
    public static let b3Single = Propagator(name: "b3", formats: .b3Single)
    /// Zipkin's `X-B3-TraceId`, `X-B3-SpanId`, `X-B3-Sampled` and `X-B3-Flags`.
    public static let b3Multi = Propagator(name: "b3multi", formats: .b3Multi)
    /// Jaeger's `uber-trace-id`.
    public static let jaeger = Propagator(name: "jaeger", formats: .jaeger)

    /// All of them, by which names are recognised.
    static let known = [traceContext, baggage, b3Single, b3Multi, jaeger]

    /// The name in OTEL_PROPAGATORS.
    public var description: String { name }
}

/// A set of formats, as bits: asked for with every request.
struct PropagationFormats: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let traceContext = PropagationFormats(rawValue: 1)
    static let baggage = PropagationFormats(rawValue: 2)
    static let b3Single = PropagationFormats(rawValue: 4)
    static let b3Multi = PropagationFormats(rawValue: 8)
    static let jaeger = PropagationFormats(rawValue: 16)
    private static let legacyBits: UInt8 = 4 | 8 | 16

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ propagators: Set<Propagator>) {
        self = propagators.reduce([]) { $0.union($1.formats) }
    }
}

extension PropagationFormats {
    /// The caller's span, in the first format that has a valid one.
    @inline(__always)
    func trace<Extract: Extractor>(from carrier: Extract.Carrier, _ extractor: Extract) -> TraceContext? {
        if contains(.traceContext), let header = extractor.extract(key: TraceParent.header, from: carrier),
            let parent = TraceParent(header)
        {
            let state = extractor.extract(key: TraceState.header, from: carrier).flatMap { TraceState($0) }
            return TraceContext(parent, state: state ?? .empty)
        }
        guard rawValue & Self.legacyBits != 0 else { return nil }
        return legacyTrace { extractor.extract(key: $0, from: carrier) }
    }

    private func legacyTrace(_ header: (String) -> String?) -> TraceContext? {
        if contains(.b3Single), let text = header(B3.singleHeader), let parent = B3.parse(text) {
            return TraceContext(parent, state: .empty)
        }
        if contains(.b3Multi), let parent = B3.parse(header: header) { return TraceContext(parent, state: .empty) }
        if contains(.jaeger), let text = header(JaegerHeader.name), let parent = JaegerHeader.parse(text) {
            return TraceContext(parent, state: .empty)
        }
        return nil
    }

    @inline(__always)
    func inject<Inject: Injector>(_ trace: TraceContext, into carrier: inout Inject.Carrier, _ injector: Inject) {
        let parent = TraceParent(traceID: trace.traceID, spanID: trace.spanID, flags: trace.flags)
        if contains(.traceContext) {
            injector.inject(parent.text, forKey: TraceParent.header, into: &carrier)
            if !trace.state.isEmpty { injector.inject(trace.state.text, forKey: TraceState.header, into: &carrier) }
        }
        if contains(.b3Single) { injector.inject(B3.single(parent), forKey: B3.singleHeader, into: &carrier) }
        if contains(.b3Multi) {
            for (name, value) in B3.multi(parent) { injector.inject(value, forKey: name, into: &carrier) }
        }
        if contains(.jaeger) { injector.inject(JaegerHeader.text(parent), forKey: JaegerHeader.name, into: &carrier) }
    }
}

extension TraceContext {
    /// A caller's span.
    init(_ parent: TraceParent, state: TraceState) {
        self.init(
            traceID: parent.traceID, spanID: parent.spanID, flags: parent.flags, state: state, isRemote: true)
    }
}

/// Context in the environment of a child process: `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, and whatever other formats are
/// in use, names in upper case with `_` for what a variable's name can't hold.
///
/// ```swift
/// var environment = ProcessInfo.processInfo.environment
/// InstrumentationSystem.instrument.inject(context, into: &environment, using: EnvironmentCarrier())
/// ```
///
/// https://opentelemetry.io/docs/specs/otel/context/env-carriers/
public struct EnvironmentCarrier: Extractor, Injector {
    /// A carrier has no state: the environment is what it is given.
    public init() {}

    public func extract(key: String, from environment: [String: String]) -> String? {
        environment[EnvironmentNames.variable(for: key)]
    }

    public func inject(_ value: String, forKey key: String, into environment: inout [String: String]) {
        environment[EnvironmentNames.variable(for: key)] = value
    }
}
