// SPDX-License-Identifier: Apache-2.0
// A span while it is open. It may be used from several threads; when it ends it is encoded at once, so that nothing of
// it lives on but bytes.

import SondeModel
import Synchronization
public import Tracing

/// A span of ``SondeTracer``. Changes after its end, and a second end, are ignored.
public final class SondeSpan: Tracing.Span {
    public let context: ServiceContext
    let trace: TraceContext
    private let parent: TraceContext?
    private let kind: Tracing.SpanKind
    private let start: UInt64
    private let limits: SpanLimits
    private let queue: ExportQueue?
    private let isSampled: Bool
    private let state: Mutex<SpanState>

    init(
        name: String, kind: Tracing.SpanKind, trace: TraceContext, parent: TraceContext?, context: ServiceContext,
        start: UInt64, limits: SpanLimits, queue: ExportQueue?, isSampled: Bool
    ) {
        self.kind = kind
        self.trace = trace
        self.parent = parent
        self.context = context
        self.start = start
        self.limits = limits
        self.queue = queue
        self.isSampled = isSampled
        state = Mutex(SpanState(name: name))
    }

    public var isRecording: Bool { isSampled && state.withLock { !$0.hasEnded } }

    public var operationName: String {
        get { state.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { change { $0.setAttributes(newValue, limit: limits.attributeCount) } }
    }

    public func setStatus(_ status: Tracing.SpanStatus) { change { $0.setStatus(status) } }

    public func addEvent(_ event: Tracing.SpanEvent) {
        change { $0.addEvent(event, limit: limits.eventCount) }
    }

    /// Adds an event by OpenTelemetry's conventions for exceptions. The status is left to the caller; if it is later set
    /// to an error without a message, it gets the message of the last error recorded.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard isRecording else { return }
        let message = "\(error)"
        var described = attributes
        described.set("exception.type", value: .string(String(reflecting: type(of: error))))
        described.set("exception.message", value: .string(message))
        let event = Tracing.SpanEvent(name: "exception", at: instant(), attributes: described)
        change {
            $0.lastErrorMessage = message
            $0.addEvent(event, limit: limits.eventCount)
        }
    }

    public func addLink(_ link: Tracing.SpanLink) {
        guard let linked = link.context.trace else { return }
        change { $0.addLink(linked, attributes: link.attributes, limit: limits.linkCount) }
    }

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let ended: SpanState? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return state
        }
        guard let ended, let queue else { return }
        let head = SpanHead(
            trace: trace, parent: parent, kind: kind, start: start, end: instant().nanosecondsSinceEpoch)
        queue.append(scope: "") { $0.span(head, ended, limits: self.limits) }
    }

    private func change(_ body: (inout SpanState) -> Void) {
        guard isSampled else { return }
        state.withLock { state in
            if !state.hasEnded { body(&state) }
        }
    }
}

/// What can change in a span until it ends.
struct SpanState: Sendable {
    struct Link: Sendable {
        var trace: TraceContext
        var attributes: SpanAttributes
    }

    var name: String
    var attributes = SpanAttributes()
    var events: [Tracing.SpanEvent] = []
    var links: [Link] = []
    var status = SondeModel.SpanStatus()
    var droppedAttributes: UInt32 = 0
    var droppedEvents: UInt32 = 0
    var droppedLinks: UInt32 = 0
    var lastErrorMessage = ""
    var hasEnded = false

    init(name: String) { self.name = name }

    mutating func setAttributes(_ new: SpanAttributes, limit: Int) {
        guard new.count > limit else { return attributes = new }
        var kept = SpanAttributes()
        var surplus: [(String, SpanAttribute)] = []
        new.forEach { key, value in
            if attributes.get(key) != nil { kept.set(key, value: value) } else { surplus.append((key, value)) }
        }
        surplus.sort { $0.0 < $1.0 }
        let room = max(0, limit - kept.count)
        for (key, value) in surplus.prefix(room) { kept.set(key, value: value) }
        droppedAttributes += UInt32(surplus.count - min(room, surplus.count))
        attributes = kept
    }

    mutating func addEvent(_ event: Tracing.SpanEvent, limit: Int) {
        guard events.count < limit else { return droppedEvents += 1 }
        events.append(event)
    }

    mutating func addLink(_ trace: TraceContext, attributes: SpanAttributes, limit: Int) {
        guard links.count < limit else { return droppedLinks += 1 }
        links.append(Link(trace: trace, attributes: attributes))
    }

    /// "Ok" is final; an error may take the place of an error. Only errors have a message.
    mutating func setStatus(_ new: Tracing.SpanStatus) {
        guard status.code != .ok else { return }
        switch new.code {
        case .ok: status = SondeModel.SpanStatus(code: .ok)
        case .error:
            let message = new.message ?? (status.message.isEmpty ? lastErrorMessage : status.message)
            status = SondeModel.SpanStatus(code: .error, message: message)
        }
    }
}

/// What is fixed from a span's start, and its end.
struct SpanHead: Sendable {
    var trace: TraceContext
    var parent: TraceContext?
    var kind: Tracing.SpanKind
    var start: UInt64
    var end: UInt64
}
