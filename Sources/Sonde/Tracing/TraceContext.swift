// SPDX-License-Identifier: Apache-2.0
// What travels in a ServiceContext: which span we are in, and the caller's baggage.

import SondeModel
import SondeWire
public import Tracing

/// The identity of a span, ours or a caller's.
struct TraceContext: Hashable, Sendable {
    var traceID: TraceID
    var spanID: SpanID
    var flags: TraceFlags
    var state: TraceState
    /// Whether it came from another process.
    var isRemote: Bool

    @inline(__always)
    var isSampled: Bool { flags.rawValue & FlagBits.sampled != 0 }

    /// No span: what memory holds that waits to be used.
    static let none = TraceContext(traceID: .zero, spanID: .zero, flags: [], state: .empty, isRemote: false)

    /// OTLP's `flags`: the W3C bits, `has_is_remote` (bit 8) and `is_remote` (bit 9) telling of the parent.
    func wireFlags(parentIsRemote: Bool) -> UInt32 {
        UInt32(flags.rawValue) | 0x100 | (parentIsRemote ? 0x200 : 0)
    }
}

/// Where a context stands. One word, so that a context holds it without a box; a span of ours is in the context itself,
/// which makes its identity cost nothing.
enum TracePlace: Sendable {
    case span(SondeSpan)
    case other(TraceReference)

    var trace: TraceContext {
        switch self {
        case .span(let span): span.trace
        case .other(let reference): reference.trace
        }
    }

    var hold: TraceHold? {
        switch self {
        case .span(let span): span.hold
        case .other(let reference): reference.hold
        }
    }
}

/// The identity of a caller's span, or of a lean one.
final class TraceReference: Sendable {
    let trace: TraceContext
    let hold: TraceHold?

    init(_ trace: TraceContext, hold: TraceHold? = nil) {
        self.trace = trace
        self.hold = hold
    }
}

/// W3C's flags as bits: asked for with every span, where operations on sets of another module would be calls.
enum FlagBits {
    @inline(__always) static var sampled: UInt8 { 0x01 }
    @inline(__always) static var random: UInt8 { 0x02 }
}

enum TracePlaceKey: ServiceContextKey {
    typealias Value = TracePlace
    static var nameOverride: String? { "sonde-trace" }
}

enum BaggageKey: ServiceContextKey {
    typealias Value = Baggage
    static var nameOverride: String? { "sonde-baggage" }
}

extension ServiceContext {
    /// Asked for with every span: an empty context is not worth hashing a key.
    @inline(__always)
    var place: TracePlace? { isEmpty ? nil : self[TracePlaceKey.self] }

    var trace: TraceContext? {
        get { place?.trace }
        set { self[TracePlaceKey.self] = newValue.map { .other(TraceReference($0)) } }
    }

    /// The id of the trace this context belongs to, as 32 lower-case hex digits; nil outside of any.
    public var traceID: String? { trace?.traceID.hex }

    /// The id of the current span, as 16 lower-case hex digits; nil outside of any.
    public var spanID: String? { trace?.spanID.hex }

    /// Name and value pairs that travel with the request to every service it reaches.
    ///
    /// ```swift
    /// var context = ServiceContext.current ?? .topLevel
    /// context.baggage["tenant"] = "acme"
    /// try await ServiceContext.withValue(context) { try await client.execute(request, timeout: .seconds(5)) }
    /// ```
    public var baggage: Baggage {
        get { self[BaggageKey.self] ?? Baggage() }
        set { self[BaggageKey.self] = newValue.isEmpty ? nil : newValue }
    }
}

/// W3C Baggage: at most 64 members and 8192 bytes leave the process.
public struct Baggage: Hashable, Sendable {
    var wire: W3CBaggage

    /// Nothing.
    public init() { wire = .empty }

    init(_ wire: W3CBaggage) { self.wire = wire }

    /// Whether nothing travels.
    public var isEmpty: Bool { wire.isEmpty }

    /// The names, in order of arrival.
    public var keys: [String] { wire.members.map(\.key) }

    /// The value of a name. Setting nil removes it. A name that is not an HTTP token is ignored.
    public subscript(key: String) -> String? {
        get { wire[key] }
        set { wire[key] = newValue }
    }
}
