// SPDX-License-Identifier: Apache-2.0
// Whether a trace is recorded, as a service says it: a value. What decides while spans start is SamplerState.

import SondeModel
public import Tracing

/// Decides, when a span starts, whether it is recorded and exported. A span that is not still carries its ids, flags and
/// baggage to the services it calls.
///
/// ```swift
/// config.sampler = .parentBased(ratio: 0.1)   // a tenth of the traces that begin here; callers decide for theirs
/// config.sampler = .parentBased(
///     root: .rules(
///         [.route("/health*", .alwaysOff), SamplingRule(name: "nightly *", sampler: .rateLimited(perSecond: 5))],
///         otherwise: .traceIDRatio(0.1)))
/// ```
public struct Sampler: Hashable, Sendable {
    indirect enum Kind: Hashable, Sendable {
        case ratio(Double)
        case parentBased(Sampler)
        case rateLimited(perSecond: Double)
        case rules([SamplingRule], otherwise: Sampler)
    }

    let kind: Kind

    /// Share of traces that are recorded where nothing else decides, 0 to 1; 1 for a rate limit.
    public var ratio: Double {
        switch kind {
        case .ratio(let ratio): ratio
        case .parentBased(let root): root.ratio
        case .rateLimited: 1
        case .rules(_, let otherwise): otherwise.ratio
        }
    }

    /// Whether a span with a parent does what its parent did.
    public var isParentBased: Bool {
        if case .parentBased = kind { true } else { false }
    }

    /// Everything.
    public static let alwaysOn = Sampler(kind: .ratio(1))
    /// Nothing.
    public static let alwaysOff = Sampler(kind: .ratio(0))

    /// A share of all traces, whatever the caller decided. Services with the same ratio choose the same traces.
    ///
    /// - Parameter ratio: 0 to 1; what lies outside is brought to the nearer end, NaN to 1.
    public static func traceIDRatio(_ ratio: Double) -> Sampler {
        Sampler(kind: .ratio(ratio.isNaN ? 1 : min(max(ratio, 0), 1)))
    }

    /// What the caller decided; a share of the traces that begin here.
    public static func parentBased(ratio: Double) -> Sampler { parentBased(root: traceIDRatio(ratio)) }

    /// What the caller decided; for traces that begin here what `root` says.
    public static func parentBased(root: Sampler) -> Sampler { Sampler(kind: .parentBased(root)) }

    /// At most so many traces a second, in bursts of at most one second's worth. Spans whose parent is in this process
    /// do what it did.
    ///
    /// - Parameter perSecond: More than 0; nothing is recorded for 0 and less, everything for infinity and NaN.
    public static func rateLimited(perSecond: Double) -> Sampler {
        guard perSecond.isFinite else { return perSecond == -.infinity ? alwaysOff : alwaysOn }
        return perSecond > 0 ? Sampler(kind: .rateLimited(perSecond: perSecond)) : alwaysOff
    }

    /// What the first rule says that fits the span; without one, what `otherwise` says. Spans whose parent is in this
    /// process do what it did.
    public static func rules(_ rules: [SamplingRule], otherwise: Sampler) -> Sampler {
        Sampler(kind: .rules(rules, otherwise: otherwise))
    }
}

/// Which spans a sampler of its own decides about. Only what is known when the span starts counts: its name, its kind,
/// and what its instrumentation put into ``Instrumentation/InstrumentationContext/startAttributes``.
public struct SamplingRule: Hashable, Sendable {
    /// The span's name, `*` standing for any characters; nil for every name.
    public var name: String?
    /// nil for every kind.
    public var kind: Tracing.SpanKind?
    /// Attributes known at the start that must all fit, their values as text, `*` standing for any characters.
    public var attributes: [String: String]
    /// The path of a request, `*` standing for any characters: its route, else its path, else what follows the method in
    /// the span's name.
    public var route: String?
    /// What decides about spans that fit.
    public var sampler: Sampler

    /// A rule for spans that fit all that is given.
    public init(
        name: String? = nil, kind: Tracing.SpanKind? = nil, attributes: [String: String] = [:], sampler: Sampler
    ) {
        self.name = name
        self.kind = kind
        self.attributes = attributes
        self.sampler = sampler
    }

    /// Requests to a route, like `/orders/{id}` or `/health*`.
    public static func route(_ pattern: String, _ sampler: Sampler) -> SamplingRule {
        var rule = SamplingRule(sampler: sampler)
        rule.route = pattern
        return rule
    }

    func fits(_ start: SpanStart) -> Bool {
        if let kind, kind != start.kind { return false }
        if let name, !Wildcard.matches(start.name, pattern: name) { return false }
        if let route, !Wildcard.matches(start.path, pattern: route) { return false }
        return attributes.allSatisfy { key, pattern in
            start.text(of: key).map { Wildcard.matches($0, pattern: pattern) } ?? false
        }
    }
}

/// What is known of a span when its sampler is asked.
struct SpanStart {
    var name: String
    var kind: Tracing.SpanKind
    var attributes: SpanAttributes?

    func text(of key: String) -> String? {
        switch attributes?.get(key) {
        case .string(let text): text
        case .int32(let number): "\(number)"
        case .int64(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .double(let number): "\(number)"
        case .stringConvertible(let value): "\(value)"
        default: nil
        }
    }

    /// Where a request goes.
    var path: String {
        if let path = text(of: "http.route") ?? text(of: "url.path") { return path }
        guard let blank = name.utf8.firstIndex(of: UInt8(ascii: " ")) else { return name }
        return String(name[name.utf8.index(after: blank)...])
    }
}

/// Text with `*` in it.
enum Wildcard {
    /// Linear but for the last star's retries; patterns come from the configuration, never from a request.
    static func matches(_ text: String, pattern: String) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        var place = 0
        var wanted = 0
        var star: (wanted: Int, place: Int)?
        while place < text.count {
            if wanted < pattern.count, pattern[wanted] == UInt8(ascii: "*") {
                star = (wanted, place)
                wanted += 1
            } else if wanted < pattern.count, pattern[wanted] == text[place] {
                wanted += 1
                place += 1
            } else if let last = star {
                star = (last.wanted, last.place + 1)
                wanted = last.wanted + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[wanted...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

private enum StartAttributesKey: ServiceContextKey {
    typealias Value = SpanAttributes
    static var nameOverride: String? { "sonde-start-attributes" }
}

extension ServiceContext {
    /// Attributes of the next span that starts in this context, for samplers that decide by them. swift-distributed-tracing
    /// has no attributes at a span's start; instrumentation puts them here and sets them on the span as well.
    public var startAttributes: SpanAttributes? {
        get { self[StartAttributesKey.self] }
        set { self[StartAttributesKey.self] = newValue }
    }
}
