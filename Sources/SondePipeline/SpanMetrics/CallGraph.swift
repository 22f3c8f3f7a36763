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
    /// The row for what is too much.
    private static let rest = 0

    /// An edge by the numbers of its names.
    private struct Edge {
        var client: Int32
        var server: Int32
        var type: ConnectionType

        /// Numbers of names are far below these bounds: there are as many as there may be series.
        var word: UInt64 {
            let type: UInt64 =
                switch type {
                case .direct: 0
                case .messaging: 1
                case .database: 2
                case .virtualNode: 3
                }
            return UInt64(UInt32(bitPattern: client)) << 34 | UInt64(UInt32(bitPattern: server)) << 2 | type
        }
    }

    private struct Row {
        var edge: Edge?
        var failed: UInt64 = 0
    }

    /// Halves of one service, or of all that are too much, whose other half did not come.
    private struct Unpaired {
        var clients: UInt64 = 0
        var servers: UInt64 = 0
        var last: ContinuousClock.Instant
    }

    private var waiting = WaitingHalves()
    /// Kept so that glances are not taken for work without effect.
    private var glanced: UInt64 = 0
    private var rows = [Row()]
    private var servers = HistogramTable(
        firstBound: PipelineLimits.firstCallBound, boundCount: PipelineLimits.callBounds)
    private var clients = HistogramTable(
        firstBound: PipelineLimits.firstCallBound, boundCount: PipelineLimits.callBounds)
    private var book = RowBook()
    /// By an edge's word; they are tags of no bytes.
    private var numbers = ByteNumbers()
    /// By the number of the service's name.
    private var unpaired: [Int: Unpaired] = [:]
    private(set) var droppedHalves: UInt64 = 0
    private(set) var overflowed: UInt64 = 0

    init(now: ContinuousClock.Instant) {
        let row = book.take(now)
        servers.clear(row)
        clients.clear(row)
    }

    var isFull: Bool { book.usedCount > PipelineLimits.callSeries }

    mutating func record(
        _ span: UnsafePointer<SpanEntry>, of service: Int, _ base: UnsafePointer<UInt8>, _ names: inout NameTable,
        _ now: ContinuousClock.Instant
    ) {
        switch span.pointee.kind {
        case .client, .producer: recordClient(span, service, base, &names, now)
        case .server, .consumer: recordServer(span, service, base, &names, now)
        case .internal, .unspecified: return
        }
    }

    private mutating func recordClient(
        _ span: UnsafePointer<SpanEntry>, _ service: Int, _ base: UnsafePointer<UInt8>, _ names: inout NameTable,
        _ now: ContinuousClock.Instant
    ) {
        let peer = CallPeer(of: span, base)
        let peerNumber = peer.name.map { name in
            names.peer(UnsafeBufferPointer(start: base + name.lowerBound, count: Int(name.count)), now)
        }
        let half = CallHalf(span, spanID: span.pointee.spanID, service, peer: peerNumber)
        // A database sends no spans: there is nobody to wait for.
        if peer.isDatabase, let database = half.peer {
            return add(half, half, Edge(client: half.service, server: database, type: .database), now)
        }
        meet(half, &names, now)
    }

    private mutating func recordServer(
        _ span: UnsafePointer<SpanEntry>, _ service: Int, _ base: UnsafePointer<UInt8>, _ names: inout NameTable,
        _ now: ContinuousClock.Instant
    ) {
        // Zipkin's servers say that they share the span id of their client.
        let isShared = CallPeer.sharesItsID(span, base)
        let half = CallHalf(
            span, spanID: isShared ? span.pointee.spanID : span.pointee.parentSpanID, service, peer: nil)
        guard half.spanID.isValid else {
            guard case .server = span.pointee.kind else { return }
            let user = Edge(client: Self.user(&names, now), server: half.service, type: .virtualNode)
            return add(half, half, user, now)
        }
        meet(half, &names, now)
    }

    private static func user(_ names: inout NameTable, _ now: ContinuousClock.Instant) -> Int32 {
        let name: StaticString = "user"
        return Int32(truncatingIfNeeded: name.withUTF8Buffer { names.service($0, now) })
    }

    // MARK: Halves

    /// Called for a few spans before they are recorded: see ``WaitingHalves/glance(_:_:)``.
    mutating func approach(_ spans: UnsafePointer<SpanEntry>, _ count: Int) {
        var seen: UInt64 = 0
        for place in 0..<count {
            let span = spans + place
            switch span.pointee.kind {
            case .client, .producer: seen ^= waiting.glance(span.pointee.traceID, span.pointee.spanID)
            case .server, .consumer: seen ^= waiting.glance(span.pointee.traceID, span.pointee.parentSpanID)
            case .internal, .unspecified: continue
            }
        }
        glanced = seen
    }

    private mutating func meet(_ half: CallHalf, _ names: inout NameTable, _ now: ContinuousClock.Instant) {
        switch waiting.meet(half) {
        // The same span again, or a second server below one client before that has come.
        case .same: return
        case .nobody:
            guard waiting.count < PipelineLimits.callsWaiting else { return droppedHalves &+= 1 }
            waiting.add(half, until: now + PipelineLimits.callWait)
        case .other(let other):
            let (client, server) = half.isServer ? (other, half) : (half, other)
            names.use(Int(other.service), now)
            let isMessaging = client.isMessaging || server.isMessaging
            let type = isMessaging ? ConnectionType.messaging : .direct
            add(client, server, Edge(client: client.service, server: server.service, type: type), now)
        }
    }

    /// Gives up the halves whose time is over before `now`.
    mutating func giveUp(before now: ContinuousClock.Instant, _ names: inout NameTable) {
        while let half = waiting.takeOverdue(now) {
            names.use(Int(half.service), now)
            if !half.isServer, let peer = half.peer {
                names.use(Int(peer), now)
                add(half, half, Edge(client: half.service, server: peer, type: .virtualNode), now)
            } else {
                countUnpaired(half, now)
            }
        }
    }

    private mutating func countUnpaired(_ half: CallHalf, _ now: ContinuousClock.Instant) {
        let isKnown = unpaired[Int(half.service)] != nil || unpaired.count < PipelineLimits.callSeries
        let service = isKnown ? Int(half.service) : NameTable.rest
        var counted = unpaired[service] ?? Unpaired(last: now)
        if half.isServer { counted.servers &+= 1 } else { counted.clients &+= 1 }
        counted.last = now
        unpaired[service] = counted
    }

    // MARK: Edges

    private static var noBytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: nil, count: 0) }

    private mutating func add(_ client: CallHalf, _ server: CallHalf, _ edge: Edge, _ now: ContinuousClock.Instant) {
        let row = numbers.number(of: Self.noBytes, tag: edge.word) ?? newRow(edge, now)
        if row == Self.rest { overflowed &+= 1 }
        if client.failed || server.failed { rows[row].failed &+= 1 }
        clients.add(client.exemplar, to: row)
        servers.add(server.exemplar, to: row)
        book.use(row, now)
    }

    private mutating func newRow(_ edge: Edge, _ now: ContinuousClock.Instant) -> Int {
        let hasNames = edge.client != NameTable.rest && edge.server != NameTable.rest
        guard hasNames, !isFull else { return Self.rest }
        let row = book.take(now)
        if row == rows.count { rows.append(Row()) }
        rows[row] = Row(edge: edge)
        clients.clear(row)
        servers.clear(row)
        numbers.add([], tag: edge.word, row)
        return row
    }

    /// Forgets edges and services without partners that nothing was added to since `moment`.
    mutating func dropIdle(since moment: ContinuousClock.Instant) {
        let idle = book.giveBackIdle(since: moment, except: Self.rest)
        for row in idle { rows[row].edge = nil }
        if !idle.isEmpty { numbers.renumber { rows[$0].edge == nil ? nil : $0 } }
        unpaired = unpaired.filter { $0.key == NameTable.rest || $0.value.last >= moment }
    }

    // MARK: Showing

    func snapshot(_ names: borrowing NameTable) -> [CallSeries] {
        var series: [CallSeries] = []
        for (row, entry) in rows.enumerated() where entry.edge != nil || (row == Self.rest && overflowed > 0) {
            let edge = entry.edge.map { edge in
                CallEdge(
                    client: names[Int(edge.client)] ?? "", server: names[Int(edge.server)] ?? "", type: edge.type)
            }
            series.append(
                CallSeries(
                    edge: edge, failed: entry.failed, server: servers.snapshot(row), client: clients.snapshot(row)))
        }
        return series
    }

    func unpairedSnapshot(_ names: borrowing NameTable) -> [UnpairedSeries] {
        var series: [UnpairedSeries] = []
        for (service, counts) in unpaired {
            let name = names[service]
            series.append(UnpairedSeries(service: name, isServer: false, count: counts.clients))
            series.append(UnpairedSeries(service: name, isServer: true, count: counts.servers))
        }
        return series.filter { $0.count > 0 }
    }
}

extension CallHalf {
    fileprivate init(_ span: UnsafePointer<SpanEntry>, spanID: SpanID, _ service: Int, peer: Int?) {
        // Comparing with == would ask the enumerations of another module for their raw values.
        var isServer = false
        var isMessaging = false
        switch span.pointee.kind {
        case .server: isServer = true
        case .consumer: (isServer, isMessaging) = (true, true)
        case .producer: isMessaging = true
        case .client, .internal, .unspecified: break
        }
        var failed = false
        if case .error = span.pointee.status { failed = true }
        self.init(
            spanID: spanID, exemplar: SpanExemplar(of: span), service: Int32(truncatingIfNeeded: service),
            peer: peer.map { Int32(truncatingIfNeeded: $0) }, isServer: isServer, failed: failed,
            isMessaging: isMessaging)
    }
}
