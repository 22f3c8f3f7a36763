// SPDX-License-Identifier: Apache-2.0
// How an instrumentation describes a span without storing each fact twice: it keeps what it knows, and writes it when the
// span is encoded.

package import Tracing

/// What is known of a span: more as time goes on.
package protocol SpanFacts: AnyObject, Sendable {
    /// Writes the facts, in the order of their keys. May be called more than once, and by any thread.
    func write(to facts: inout SpanFactWriter)

    /// The same for samplers that look at a span's attributes; asked for by these only.
    var attributes: SpanAttributes { get }
}

/// Writes attributes into the memory in which a span is encoded. Keys should come in their order; one that the program set
/// by itself is left out.
package struct SpanFactWriter: ~Copyable {
    private let buffer: UnsafeMutablePointer<EntryBuffer>
    private let own: SpanAttributes
    private let hasOwn: Bool
    private let limits: SpanLimits
    private(set) var count = 0
    private(set) var dropped: UInt32 = 0

    init(_ buffer: UnsafeMutablePointer<EntryBuffer>, beside own: SpanAttributes, limits: SpanLimits) {
        self.buffer = buffer
        self.own = own
        self.hasOwn = !own.isEmpty
        self.limits = limits
    }

    /// A text; nothing for nil.
    @inline(__always)
    package mutating func set(_ key: StaticString, _ value: String?) {
        guard let value, admits(key) else { return }
        let text = limits.attributeValueLength.map { String(value.prefix($0)) } ?? value
        key.withBytes { key in text.withBytes { buffer.pointee.attribute(key, text: $0, field: 9) } }
    }

    /// A whole number; nothing for nil.
    @inline(__always)
    package mutating func set(_ key: StaticString, _ value: Int?) {
        guard let value, admits(key) else { return }
        key.withBytes { buffer.pointee.attribute($0, int: Int64(value), field: 9) }
    }

    @inline(__always)
    private mutating func admits(_ key: StaticString) -> Bool {
        if hasOwn, own.get(key.description) != nil { return false }
        guard count < limits.attributeCount else {
            dropped += 1
            return false
        }
        count += 1
        return true
    }
}

extension SondeTracer {
    /// Begins the span of a request that arrived, under the caller's that `carrier` tells of, described by `facts` to its
    /// end. The caller's identity goes straight to the span: a context of its own for it, read once and thrown away, would
    /// cost a tenth of what a request costs.
    package func startSpan<Carrier, Extract: Extractor>(
        _ name: String, from carrier: Carrier, using extractor: Extract, ofKind kind: Tracing.SpanKind,
        facts: any SpanFacts
    ) -> SondeSpan where Extract.Carrier == Carrier {
        var context = ServiceContext.topLevel
        extractBaggage(carrier, into: &context, using: extractor)
        let birth = core.birth(parent: core.propagation.trace(from: carrier, extractor), hold: nil) {
            SpanStart(name: name, kind: kind, attributes: facts.attributes)
        }
        return SondeSpan(
            name: name, kind: kind, birth: birth, context: context,
            start: DefaultTracerClock.now.nanosecondsSinceEpoch, core: core, facts: birth.isRecording ? facts : nil)
    }
}
