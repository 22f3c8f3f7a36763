// SPDX-License-Identifier: Apache-2.0
// A span while it is open. It may be used from several threads; when it ends it is encoded at once, so that nothing of
// it lives on but bytes.

import SondeModel
import Synchronization
public import Tracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A span of ``SondeTracer``. Changes after its end, and a second end, are ignored.
public final class SondeSpan: Tracing.Span {
    let trace: TraceContext
    let hold: TraceHold?
    let start: UInt64
    private let core: TracerCore
    private let parentID: SpanID
    private let parentIsRemote: Bool
    private let isLocalRoot: Bool
    private let kind: Tracing.SpanKind
    private let outerContext: ServiceContext
    /// What an instrumentation knows of it; it must not hold the span.
    private let facts: (any SpanFacts)?
    private let state: Mutex<SpanState>

    init(
        name: String, kind: Tracing.SpanKind, birth: SpanBirth, context: ServiceContext, start: UInt64,
        core: TracerCore, facts: (any SpanFacts)? = nil
    ) {
        self.facts = facts
        trace = birth.trace
        hold = birth.hold
        parentID = birth.parentID
        parentIsRemote = birth.parentIsRemote
        isLocalRoot = birth.isLocalRoot
        self.kind = kind
        self.start = start
        self.core = core
        outerContext = context
        state = Mutex(SpanState(name: name))
        guard let openSpans = core.openSpans, trace.isSampled else { return }
        let place = openSpans.add(self)
        state.withLock { $0.openPlace = place }
    }

    /// The context of what happens within the span. Made when asked for: it holds the span, so the span can't hold it.
    public var context: ServiceContext {
        var context = outerContext
        if core.looksAtSpans { context.startAttributes = nil }
        context[TracePlaceKey.self] = .span(self)
        return context
    }

    /// Whether what is said about the span may matter: it is sampled, or held until its trace ends.
    @inline(__always)
    private var isKept: Bool { trace.isSampled || hold != nil }

    public var isRecording: Bool { isKept && state.withLock { !$0.hasEnded } }

    public var operationName: String {
        get { state.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    /// `span.attributes["key"] = value` changes them where they are; a copy each time would be half the cost of a span.
    public var attributes: SpanAttributes {
        get { readAttributes() }
        set { change { $0.setAttributes(newValue, limit: core.limits.attributeCount) } }
        _modify {
            var (value, loan) = lendAttributes()
            defer { returnAttributes(value, loan) }
            yield &value
        }
    }

    public func setStatus(_ status: Tracing.SpanStatus) {
        change { $0.setStatus(status) }
    }

    public func addEvent(_ event: Tracing.SpanEvent) {
        change { $0.addEvent(event, limit: core.limits.eventCount) }
    }

    /// Adds an `exception` event. Its message becomes the status's if the span fails without one.
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
            $0.addEvent(event, limit: core.limits.eventCount)
        }
    }

    public func addLink(_ link: Tracing.SpanLink) {
        guard let linked = link.context.trace else { return }
        change { $0.addLink(linked, attributes: link.attributes, limit: core.limits.linkCount) }
    }

    @_specialize(where Instant == DefaultTracerClock.Timestamp)
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard isKept else { return }
        // A clock that was set back must not make a span end before it began.
        let end = max(start, instant().nanosecondsSinceEpoch)
        let last: SpanState? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            if let place = state.openPlace { core.openSpans?.remove(self, at: place) }
            guard !state.isLent else {
                state.pendingEnd = end
                return nil
            }
            // Without values there is no code of the caller's to run, and nothing to be taken out first.
            guard state.hasValues else {
                finish(state, at: end)
                return nil
            }
            return state
        }
        if let last { finish(last, at: end) }
    }

    /// Gives the span its last name and status (nil leaves them as they are) and ends it now.
    package func end(named name: String?, status: Tracing.SpanStatus?) {
        change { state in
            if let name { state.name = name }
            if let status { state.setStatus(status) }
        }
        end()
    }

    /// Encodes the span and passes it on. Without the lock if it has values: their descriptions are the caller's code,
    /// and may use this very span. What has ended changes no more.
    private func finish(_ state: borrowing SpanState, at end: UInt64) {
        guard trace.isSampled || !isLocalRoot else { return finishHeldRoot(state, at: end) }
        guard core.queue != nil else { return }
        let scratch = core.pool.take()
        encode(state, end: end, into: &scratch.pointee.buffer)
        core.finish(scratch.pointee.buffer, isSampled: trace.isSampled, hold: hold, at: end)
        core.pool.give(scratch)
    }

    /// The first span of a trace that was not sampled decides about those that were held.
    private func finishHeldRoot(_ last: borrowing SpanState, at end: UInt64) {
        guard let hold, let tail = core.tail else { return }
        let reason = tail.reason(isError: last.status.code == .error, nanoseconds: end - start)
        hold.decide(reason)
        guard let reason else { return }
        var state = copy last
        state.attributes.set(TraceTail.reasonKey, value: .string(reason.rawValue))
        let scratch = core.pool.take()
        encode(state, end: end, into: &scratch.pointee.buffer)
        tail.queue.append(scratch.pointee.buffer.framed(field: 2))
        core.pool.give(scratch)
    }

    /// Queues the span as it is, without an end; collectors that know of it show it until the end arrives. It is encoded
    /// without the lock, and queued under it: nothing may follow the end.
    func reportUnfinished() {
        guard let queue = core.queue, let current = state.withLock({ $0.hasEnded ? nil : $0 }) else { return }
        let scratch = core.pool.take()
        encode(current, end: 0, into: &scratch.pointee.buffer)
        scratch.pointee.buffer.message(field: 9) { $0.unfinishedMark() }
        let entry = scratch.pointee.buffer.framed(field: 2)
        state.withLock { if !$0.hasEnded { queue.append(entry) } }
        core.pool.give(scratch)
    }

    private func encode(_ state: borrowing SpanState, end: UInt64, into buffer: inout EntryBuffer) {
        buffer.spanHead(
            trace, parentID: parentID, parentIsRemote: parentIsRemote, name: state.name, kind: kind, start: start,
            end: end)
        guard let facts else { return buffer.spanState(state, limits: core.limits) }
        let (written, dropped) = withUnsafeMutablePointer(to: &buffer) { buffer in
            var writer = SpanFactWriter(buffer, beside: state.attributes, limits: core.limits)
            facts.write(to: &writer)
            return (writer.count, writer.dropped)
        }
        var limits = core.limits
        limits.attributeCount -= written
        buffer.spanState(state, limits: limits, dropped: dropped)
    }

    /// Bytes of the span as it stands, encoded for a look at what that costs and thrown away.
    package var encodedByteCount: Int {
        let scratch = core.pool.take()
        defer { core.pool.give(scratch) }
        encode(state.withLock { $0 }, end: start, into: &scratch.pointee.buffer)
        return scratch.pointee.buffer.framed(field: 2).count
    }

    private func change(_ body: (inout sending SpanState) -> Void) {
        guard isKept else { return }
        state.withLock { state in
            if !state.hasEnded { body(&state) }
        }
    }
}

// While attributes are changed in place they are lent: taken out of the state, without a lock held. Whoever else comes in
// that moment loses nothing: an end waits for their return, what is set meanwhile is joined with them.
extension SondeSpan {
    private enum Loan {
        /// The span records nothing or has ended.
        case nothing
        case whole
        /// What another borrower left: an empty dictionary, or what was set meanwhile.
        case part
        /// The limit is reached: which attributes stay is decided against those that are there.
        case copy
    }

    private func lendAttributes() -> (value: SpanAttributes, loan: Loan) {
        guard isKept else { return (SpanAttributes(), .nothing) }
        return state.withLock { state in
            if state.hasEnded { return (state.attributes, .nothing) }
            if state.isLent { return (state.attributes, .part) }
            guard state.attributes.count < core.limits.attributeCount else { return (state.attributes, .copy) }
            var lent = SpanAttributes()
            swap(&lent, &state.attributes)
            // Whoever sets one sets several; each growth of a dictionary hashes all its keys again.
            if lent.isEmpty { lent.reserveCapacity(Limits.expectedAttributes) }
            state.isLent = true
            return (lent, .whole)
        }
    }

    private func returnAttributes(_ value: consuming SpanAttributes, _ loan: Loan) {
        let limit = core.limits.attributeCount
        switch loan {
        case .nothing: return
        case .copy: change { $0.setAttributes(value, limit: limit) }
        case .part:
            change { state in
                var joined = state.attributes
                joined.merge(value)
                state.setAttributes(joined, limit: limit)
            }
        case .whole: returnWhole(value, limit: limit)
        }
    }

    private func returnWhole(_ value: consuming SpanAttributes, limit: Int) {
        let ended: (last: SpanState, end: UInt64)? = state.withLock { state in
            state.isLent = false
            if !state.attributes.isEmpty { value.merge(state.attributes) }
            state.setAttributes(value, limit: limit)
            guard let end = state.pendingEnd else { return nil }
            state.pendingEnd = nil
            return (state, end)
        }
        if let ended { finish(ended.last, at: ended.end) }
    }

    /// Waits for attributes that another thread is changing, but not for one that holds on to them.
    private func readAttributes() -> SpanAttributes {
        for _ in 0..<Limits.lentAttributesYields {
            let found = state.withLock { $0.isLent ? nil : $0.attributes }
            if let found { return found }
            sched_yield()
        }
        return state.withLock { $0.attributes }
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
    /// Where the span stands in the table of open spans.
    var openPlace: Int?
    var hasEnded = false
    /// Attributes are being changed outside of the lock, and when the span ended meanwhile.
    var isLent = false
    var pendingEnd: UInt64?

    init(name: String) { self.name = name }

    /// Whether anything stands in it whose description may be asked for.
    var hasValues: Bool { !attributes.isEmpty || !events.isEmpty || !links.isEmpty }

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
