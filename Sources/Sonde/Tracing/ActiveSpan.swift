// SPDX-License-Identifier: Apache-2.0
// The lean API for hot code: a span that one piece of code owns. What is said about it is encoded at once, into memory of
// a pool; nothing is allocated, locked or sorted until it ends. What can be said about it is in ActiveSpan+Content.swift.

import SondeModel
import SondeWire
public import Tracing

/// A span that belongs to one place in the code, from `begin` of ``SondeTracer`` to ``end()``.
///
/// ```swift
/// var span = telemetry.tracer.begin("pack order", kind: .internal)
/// span.set("order.lines", to: order.lines.count)
/// try pack(order)                   // if this throws, the span ends here by itself
/// span.end()
/// ```
///
/// It can't be copied and can't be used after its end. A span that goes out of scope without `end` (an error was thrown,
/// a task cancelled) ends there, is marked with `sonde.span.abandoned=true`, and is counted in
/// `sonde_library_abandoned_spans_total`. Its attributes are sent in the order in which they were set.
///
/// Spans of both APIs nest in each other: ``context`` is for `withSpan` and `ServiceContext.withValue`, ``spanContext``
/// and `begin(_:kind:childOf:)` are for further lean spans. One that is open for longer than
/// ``TelemetryConfiguration/unfinishedSpansAfter`` is reported as it began, with name, kind, parent and start: what is set
/// belongs to its owner alone until it ends, and is seen then.
public struct ActiveSpan: ~Copyable, @unchecked Sendable {
    // Unchecked: the memory has one owner, which can't be copied, and is changed by mutating and consuming methods only.
    let scratch: UnsafeMutablePointer<SpanScratch>

    init(_ scratch: UnsafeMutablePointer<SpanScratch>) { self.scratch = scratch }

    deinit { ActiveSpan.abandon(scratch) }

    /// Whether what is set is kept. Worth asking before computing a costly value.
    public var isRecording: Bool { scratch.pointee.isRecording }

    /// The span's identity, for lean children and for headers.
    public var spanContext: SpanContext { SpanContext(scratch.pointee.trace, hold: scratch.pointee.hold) }

    /// A context within this span, on top of the current task's: baggage and other values stay.
    ///
    /// ```swift
    /// try await ServiceContext.withValue(span.context) { try await client.execute(request, timeout: .seconds(5)) }
    /// ```
    public var context: ServiceContext {
        var context = ServiceContext.current ?? .topLevel
        context[TracePlaceKey.self] = .other(TraceReference(scratch.pointee.trace, hold: scratch.pointee.hold))
        return context
    }

    /// Ends the span now and hands it to the exporter.
    public consuming func end() {
        let scratch = scratch
        discard self
        Self.finish(scratch, at: scratch.pointee.isRecording ? SpanClock.now() : 0)
    }

    /// Ends the span at a moment of its own clock; not before it began.
    ///
    /// - Parameter nanosecondsSinceEpoch: Nanoseconds since 1970 UTC.
    public consuming func end(atNanosecondsSinceEpoch nanosecondsSinceEpoch: UInt64) {
        let scratch = scratch
        discard self
        Self.finish(scratch, at: nanosecondsSinceEpoch)
    }

    private static func abandon(_ scratch: UnsafeMutablePointer<SpanScratch>) {
        scratch.pointee.core?.takeUnretainedValue().countAbandoned()
        if scratch.pointee.isRecording {
            "sonde.span.abandoned".withBytes { scratch.pointee.buffer.attribute($0, bool: true, field: 9) }
        }
        finish(scratch, at: SpanClock.now())
    }

    private static func finish(_ scratch: UnsafeMutablePointer<SpanScratch>, at end: UInt64) {
        guard let core = scratch.pointee.core?.takeRetainedValue() else { return }
        if scratch.pointee.isRecording {
            if scratch.pointee.openPlace >= 0 {
                core.openSpans?.lean.remove(scratch.pointee.trace.spanID, at: scratch.pointee.openPlace)
            }
            let end = max(end, scratch.pointee.start)
            scratch.pointee.complete(at: end)
            send(scratch, core, at: end)
        }
        core.pool.give(scratch)
    }

    @inline(__always)
    private static func send(_ scratch: UnsafeMutablePointer<SpanScratch>, _ core: TracerCore, at end: UInt64) {
        if scratch.pointee.trace.isSampled {
            core.queue?.append(scratch.pointee.buffer.framed(field: 2))
        } else if scratch.pointee.isLocalRoot {
            sendHeldRoot(scratch, core, at: end)
        } else {
            scratch.pointee.hold?.append(scratch.pointee.buffer.framed(field: 2), at: end)
        }
    }

    /// The first span of a trace that was not sampled decides about those that were held.
    private static func sendHeldRoot(_ scratch: UnsafeMutablePointer<SpanScratch>, _ core: TracerCore, at end: UInt64) {
        guard let tail = core.tail, let hold = scratch.pointee.hold else { return }
        let reason = tail.reason(
            isError: scratch.pointee.status.code == .error, nanoseconds: end - scratch.pointee.start)
        hold.decide(reason)
        guard let reason else { return }
        TraceTail.reasonKey.withBytes { key in
            reason.rawValue.withBytes { scratch.pointee.buffer.attribute(key, text: $0, field: 9) }
        }
        tail.queue.append(scratch.pointee.buffer.framed(field: 2))
    }
}

extension SpanScratch {
    /// Writes what is known only at the end.
    @inline(__always)
    fileprivate mutating func complete(at end: UInt64) {
        buffer.fixed64(end, field: 8)
        if droppedAttributes > 0 { buffer.varint(UInt64(droppedAttributes), field: 10) }
        if droppedEvents > 0 { buffer.varint(UInt64(droppedEvents), field: 12) }
        if droppedLinks > 0 { buffer.varint(UInt64(droppedLinks), field: 14) }
        buffer.status(status)
    }
}

extension SondeTracer {
    /// Begins a lean span. Its name should be one of few: `load order`, not `load order 4711`.
    ///
    /// - Parameters:
    ///   - name: What is done, known when the program is built.
    ///   - kind: Its role in a call: server, client, producer, consumer, or internal.
    ///   - parent: The span it belongs to, by default the one of the current task; nil begins a new trace.
    public func begin(
        _ name: StaticString, kind: Tracing.SpanKind = .internal, parent: SpanContext? = .current
    ) -> ActiveSpan {
        ActiveSpan(name.withBytes { core.scratch($0, kind: kind, parent: parent?.trace, hold: parent?.hold) })
    }

    /// Begins a lean span with a name made at run time.
    @_disfavoredOverload
    public func begin(
        _ name: String, kind: Tracing.SpanKind = .internal, parent: SpanContext? = .current
    ) -> ActiveSpan {
        ActiveSpan(name.withBytes { core.scratch($0, kind: kind, parent: parent?.trace, hold: parent?.hold) })
    }

    /// Begins a lean span within another.
    public func begin(
        _ name: StaticString, kind: Tracing.SpanKind = .internal, childOf parent: borrowing ActiveSpan
    ) -> ActiveSpan {
        let scratch = parent.scratch
        return ActiveSpan(
            name.withBytes {
                core.scratch($0, kind: kind, parent: scratch.pointee.trace, hold: scratch.pointee.hold)
            })
    }
}

extension TracerCore {
    fileprivate func scratch(
        _ name: UnsafeBufferPointer<UInt8>, kind: Tracing.SpanKind, parent: TraceContext?, hold: TraceHold?
    ) -> UnsafeMutablePointer<SpanScratch> {
        let scratch = pool.take()
        let birth = birth(
            parent: parent, hold: hold, spanID: scratch.pointee.sequence.nextSpanID(),
            traceID: { scratch.pointee.sequence.nextTraceID() },
            start: {
                SpanStart(
                    name: String(decoding: name, as: UTF8.self), kind: kind,
                    attributes: ServiceContext.current?.startAttributes)
            })
        scratch.pointee.core = Unmanaged.passRetained(self)
        scratch.pointee.trace = birth.trace
        if let hold = birth.hold { scratch.pointee.hold = hold }
        scratch.pointee.isLocalRoot = birth.isLocalRoot
        scratch.pointee.isRecording = birth.isRecording
        guard birth.isRecording else { return scratch }
        let start = SpanClock.now()
        scratch.pointee.start = start
        scratch.pointee.buffer.spanBeginning(
            birth.trace, parentID: birth.parentID, parentIsRemote: birth.parentIsRemote, kind: kind, start: start)
        scratch.pointee.buffer.string(name, field: 5)
        if let openSpans, birth.trace.isSampled {
            scratch.pointee.openPlace = openSpans.lean.add(
                birth.trace.spanID, start: start, beginning: scratch.pointee.buffer.writtenFields)
        }
        return scratch
    }
}

extension StaticString {
    /// Calls `body` with the UTF-8 of the text.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if hasPointerRepresentation {
            return body(UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount))
        }
        return withUTF8Buffer(body)
    }
}
