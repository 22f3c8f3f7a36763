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
    }

    private var waiting: [Key: Half] = [:]
    /// Keys by the moment until which they wait; those that have been met meanwhile are still here.
    private var deadlines: [(key: Key, moment: ContinuousClock.Instant)] = []
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
    private var unpaired: [String: (clients: UInt64, servers: UInt64)] = [:]
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
        case .server, .consumer: recordServer(span, resource.service, now)
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

    private mutating func recordServer(_ span: SpanEntry, _ service: String, _ now: ContinuousClock.Instant) {
        let half = Half(span, service, peer: nil)
        guard span.parentSpanID.isValid else {
            let user = CallEdge(client: "user", server: service, type: .virtualNode)
            if span.kind == .server { add(half, half, user, now) }
            return
        }
        // Zipkin's clients and servers may share one span id.
        let shared = Key(traceID: span.traceID, spanID: span.spanID)
        let isShared = waiting[shared].map { !$0.isServer } ?? false
        meet(half, under: isShared ? shared : Key(traceID: span.traceID, spanID: span.parentSpanID), now)
    }

    // MARK: Halves

    private mutating func meet(_ half: Half, under key: Key, _ now: ContinuousClock.Instant) {
        guard let other = waiting[key] else { return wait(half, under: key, now) }
        guard other.isServer != half.isServer else {
            // The same span again, or a second server below one client; the client has one edge, with the first.
            return
        }
        waiting[key] = nil
        let (client, server) = half.isServer ? (other, half) : (half, other)
        let isMessaging = client.isMessaging || server.isMessaging
        let edge = CallEdge(
            client: client.service, server: server.service, type: isMessaging ? .messaging : .direct)
        add(client, server, edge, now)
    }

    private mutating func wait(_ half: Half, under key: Key, _ now: ContinuousClock.Instant) {
        guard waiting.count < PipelineLimits.callsWaiting, deadlines.count - firstDeadline < deadlinesKept else {
            droppedHalves &+= 1
            return
        }
        waiting[key] = half
        deadlines.append((key, now + PipelineLimits.callWait))
    }

    /// Halves that have been met leave their deadline behind: room for a few per half that waits.
    private var deadlinesKept: Int { PipelineLimits.callsWaiting * 16 }

    /// Gives up the halves whose time is over before `moment`.
    mutating func giveUp(before moment: ContinuousClock.Instant) {
        while firstDeadline < deadlines.count, deadlines[firstDeadline].moment < moment {
            let key = deadlines[firstDeadline].key
            firstDeadline += 1
            if let half = waiting.removeValue(forKey: key) { giveUp(half, moment) }
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
        // A service more than there may be edges is no service any more but a mistake of its sender.
        guard unpaired[half.service] != nil || unpaired.count < PipelineLimits.callSeries else { return }
        if half.isServer {
            unpaired[half.service, default: (0, 0)].servers &+= 1
        } else {
            unpaired[half.service, default: (0, 0)].clients &+= 1
        }
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
    }

    // MARK: Showing

    func snapshot() -> [CallSeries] {
        edges.indices.filter { edges[$0] != nil || ($0 == 0 && overflowed > 0) }
            .map {
                CallSeries(
                    edge: edges[$0], failed: failed[$0], server: servers.snapshot($0), client: clients.snapshot($0))
            }
            .sorted { a, b in
                guard let a = a.edge, let b = b.edge else { return a.edge != nil }
                return (a.client, a.server, a.type.rawValue) < (b.client, b.server, b.type.rawValue)
            }
    }

    func unpairedSnapshot() -> [UnpairedSeries] {
        unpaired.sorted { $0.key < $1.key }.flatMap { service, counts in
            [
                UnpairedSeries(client: service, server: "", count: counts.clients),
                UnpairedSeries(client: "", server: service, count: counts.servers),
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
