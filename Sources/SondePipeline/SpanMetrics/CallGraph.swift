// SPDX-License-Identifier: Apache-2.0
// Calls between services, as they go past. A call has two halves, the client's span and the server's, which come in
// different batches: the first waits for the second.
//
//   client   trace, span id      ┐  the same key:   client ▸ server
//   server   trace, parent id    ┘
//
// A call of a database has one half only, and so has one whose peer sends no spans: it is told by its attributes
// (`peer.service`, `db.…`). A server that nobody called, a root, was called by `user`.

import SondeModel

struct CallGraph {
    private struct Key: Hashable {
        var traceID: TraceID
        var spanID: SpanID
    }

    fileprivate struct Half {
        var isServer: Bool
        var service: String
        var failed: Bool
        var isMessaging: Bool
        /// The other side by name, if the span tells it.
        var peer: String?
        var exemplar: SpanExemplar
        /// Which of those that ever waited it is; 0 before it waits.
        var ticket: UInt64 = 0
    }

    /// Halves of one service, or of all that are too much, whose other half did not come.
    private struct Unpaired {
        var clients: UInt64 = 0
        var servers: UInt64 = 0
        var last: ContinuousClock.Instant
    }

    private var waiting: [Key: Half] = [:]
    /// Keys by the moment until which they wait; some of those that have been met meanwhile are still here.
    private var deadlines: [(key: Key, ticket: UInt64, moment: ContinuousClock.Instant)] = []
    private var lastTicket: UInt64 = 0
    private var firstDeadline = 0

    /// Row 0 is for what is too much.
    private var edges: [CallEdge?] = [nil]
    private var failed: [UInt64] = [0]
    private var servers = HistogramTable(
        firstBound: PipelineLimits.firstCallBound, boundCount: PipelineLimits.callBounds)
    private var clients = HistogramTable(
        firstBound: PipelineLimits.firstCallBound, boundCount: PipelineLimits.callBounds)
    private var book = RowBook()
    private var rows: [CallEdge: Int] = [:]
    private var unpaired: [String?: Unpaired] = [:]
    /// When idle services are looked for again: a table that is full asks for every new edge.
    private var nextLook: ContinuousClock.Instant?
    private(set) var droppedHalves: UInt64 = 0
    private(set) var overflowed: UInt64 = 0

    init() {
        let row = book.take(.now)
        servers.clear(row)
        clients.clear(row)
    }

    mutating func record(
        _ span: SpanEntry, of resource: BatchResource, _ base: UnsafePointer<UInt8>, _ now: ContinuousClock.Instant
    ) {
        switch span.kind {
        case .client, .producer: recordClient(span, resource.service, base, now)
        case .server, .consumer: recordServer(span, resource.service, base, now)
        case .internal, .unspecified: return
        }
    }

    private mutating func recordClient(
        _ span: SpanEntry, _ service: String, _ base: UnsafePointer<UInt8>, _ now: ContinuousClock.Instant
    ) {
        let peer = PeerName(of: span, base)
        let half = Half(span, service, peer: peer.name)
        // A database sends no spans: there is nobody to wait for.
        if let database = peer.database {
            add(half, half, CallEdge(client: service, server: database, type: .database), now)
            return
        }
        meet(half, under: Key(traceID: span.traceID, spanID: span.spanID), now)
    }

    private mutating func recordServer(
        _ span: SpanEntry, _ service: String, _ base: UnsafePointer<UInt8>, _ now: ContinuousClock.Instant
    ) {
        let half = Half(span, service, peer: nil)
        // Zipkin's servers say that they share the span id of their client.
        if PeerName.sharesItsID(span, base) {
            return meet(half, under: Key(traceID: span.traceID, spanID: span.spanID), now)
        }
        guard span.parentSpanID.isValid else {
            let user = CallEdge(client: "user", server: service, type: .virtualNode)
            if span.kind == .server { add(half, half, user, now) }
            return
        }
        meet(half, under: Key(traceID: span.traceID, spanID: span.parentSpanID), now)
    }

    // MARK: Halves

    private mutating func meet(_ half: Half, under key: Key, _ now: ContinuousClock.Instant) {
        guard let other = waiting[key] else { return wait(half, under: key, now) }
        // The same span again, or a second server below one client before that has come.
        guard other.isServer != half.isServer else { return }
        waiting[key] = nil
        let (client, server) = half.isServer ? (other, half) : (half, other)
        let isMessaging = client.isMessaging || server.isMessaging
        let edge = CallEdge(
            client: client.service, server: server.service, type: isMessaging ? .messaging : .direct)
        add(client, server, edge, now)
    }

    private mutating func wait(_ half: Half, under key: Key, _ now: ContinuousClock.Instant) {
        guard waiting.count < PipelineLimits.callsWaiting else {
            droppedHalves &+= 1
            return
        }
        lastTicket &+= 1
        waiting[key] = half
        waiting[key]?.ticket = lastTicket
        deadlines.append((key, lastTicket, now + PipelineLimits.callWait))
        // Halves that have been met leave their deadlines behind, which must not outgrow those that wait.
        guard deadlines.count > 2 * waiting.count + Self.deadlinesToSpare else { return }
        deadlines = deadlines[firstDeadline...].filter { waiting[$0.key]?.ticket == $0.ticket }
        firstDeadline = 0
    }

    /// So few are not worth looking for those that have been met.
    private static let deadlinesToSpare = 1_024

    /// Gives up the halves whose time is over before `moment`.
    mutating func giveUp(before moment: ContinuousClock.Instant) {
        while firstDeadline < deadlines.count, deadlines[firstDeadline].moment < moment {
            let (key, ticket, _) = deadlines[firstDeadline]
            firstDeadline += 1
            guard let half = waiting[key], half.ticket == ticket else { continue }
            waiting[key] = nil
            giveUp(half, moment)
        }
        if firstDeadline > deadlines.count / 2 {
            deadlines.removeFirst(firstDeadline)
            firstDeadline = 0
        }
    }

    private mutating func giveUp(_ half: Half, _ now: ContinuousClock.Instant) {
        if !half.isServer, let peer = half.peer {
            return add(half, half, CallEdge(client: half.service, server: peer, type: .virtualNode), now)
        }
        let isKnown = unpaired[half.service] != nil || unpaired.count < PipelineLimits.callSeries
        let service = isKnown ? half.service : nil
        var counted = unpaired[service] ?? Unpaired(last: now)
        if half.isServer { counted.servers &+= 1 } else { counted.clients &+= 1 }
        counted.last = now
        unpaired[service] = counted
    }

    // MARK: Edges

    private mutating func add(_ client: Half, _ server: Half, _ edge: CallEdge, _ now: ContinuousClock.Instant) {
        let row = rows[edge] ?? newRow(edge, now)
        if row == 0 { overflowed &+= 1 }
        if client.failed || server.failed { failed[row] &+= 1 }
        clients.add(client.exemplar, to: row)
        servers.add(server.exemplar, to: row)
        book.use(row, now)
    }

    private mutating func newRow(_ edge: CallEdge, _ now: ContinuousClock.Instant) -> Int {
        if book.usedCount > PipelineLimits.callSeries { dropIdle(now) }
        guard book.usedCount <= PipelineLimits.callSeries else { return 0 }
        let row = book.take(now)
        if row == edges.count {
            edges.append(nil)
            failed.append(0)
        }
        edges[row] = edge
        failed[row] = 0
        clients.clear(row)
        servers.clear(row)
        rows[edge] = row
        return row
    }

    mutating func dropIdle(_ now: ContinuousClock.Instant) {
        book.use(0, now)
        for row in book.giveBackIdle(now) {
            if let edge = edges[row] { rows[edge] = nil }
            edges[row] = nil
        }
        if let nextLook, now < nextLook { return }
        nextLook = now + .seconds(1)
        let oldest = now - PipelineLimits.seriesIdleTime
        unpaired = unpaired.filter { $0.key == nil || $0.value.last >= oldest }
    }

    // MARK: Showing

    func snapshot() -> [CallSeries] {
        edges.indices.filter { edges[$0] != nil || ($0 == 0 && overflowed > 0) }
            .map {
                CallSeries(
                    edge: edges[$0], failed: failed[$0], server: servers.snapshot($0), client: clients.snapshot($0))
            }
    }

    func unpairedSnapshot() -> [UnpairedSeries] {
        unpaired.flatMap { service, counts in
            [
                UnpairedSeries(service: service, isServer: false, count: counts.clients),
                UnpairedSeries(service: service, isServer: true, count: counts.servers),
            ].filter { $0.count > 0 }
        }
    }
}

extension CallGraph.Half {
    fileprivate init(_ span: SpanEntry, _ service: String, peer: String?) {
        self.init(
            isServer: span.kind == .server || span.kind == .consumer, service: service,
            failed: span.status == .error, isMessaging: span.kind == .producer || span.kind == .consumer, peer: peer,
            exemplar: SpanExemplar(
                traceID: span.traceID, spanID: span.spanID, duration: span.start.nanoseconds(until: span.end),
                time: span.end))
    }
}
