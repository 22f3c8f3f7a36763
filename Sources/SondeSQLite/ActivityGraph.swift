// SPDX-License-Identifier: Apache-2.0
// The service graph, counted by number; names come at the end. Attributes are read only of calls that no span answers,
// and links only of receivers that nothing else connects to a sender.

import SondeModel
import SondeStorage

/// A span whose attributes or links decide what it counts for.
struct WaitingCall: BitwiseCopyable {
    var trace: TraceWords
    var row: ActivityRow
    var service: Int32
    var hasParent: Bool
}

struct GraphCount {
    private let file: BlockFile
    private let query: ServiceGraphQuery
    private let operations: ActivityOperations
    private let start: UInt64
    private let end: UInt64?

    private var edges: GraphEdges
    /// By service: spans, errors, entries.
    private var nodes: [(spans: Int, errors: Int, entries: Int)]
    private var isAnswered: [Bool] = []
    private var waiting: [WaitingCall] = []
    private var peers = GraphPeers()
    private var links = GraphLinks()

    static func run(_ query: ServiceGraphQuery, in file: BlockFile) throws(ReadError) -> ServiceGraph {
        try query.check()
        var count = GraphCount(query, file)
        return try count.run()
    }

    private init(_ query: ServiceGraphQuery, _ file: BlockFile) {
        self.query = query
        self.file = file
        operations = ActivityOperations(file.catalog.names)
        start = query.start?.nanoseconds ?? 0
        end = query.end?.nanoseconds
        edges = GraphEdges(query, file.catalog.names)
        nodes = Array(repeating: (0, 0, 0), count: file.catalog.names.services.count + 1)
    }

    private mutating func run() throws(ReadError) -> ServiceGraph {
        let blocks = file.catalog.blocks.indices.filter {
            file.catalog.blocks[$0].mayHoldStart(from: start, before: end)
        }
        try countLinks(blocks)
        var walk = ActivityWalk(file, operations, blocks: blocks, wantsParents: true)
        try walk.run { trace throws(ReadError) in try count(trace) }
        try countVirtualCalls()
        return try graph()
    }

    @inline(__always)
    private func isAsked(_ row: ActivityRow) -> Bool { row.start >= start && (end.map { row.start < $0 } ?? true) }

    // MARK: Calls

    private mutating func count(_ trace: ActivityTrace) throws(ReadError) {
        isAnswered.removeAll(keepingCapacity: true)
        isAnswered.append(contentsOf: repeatElement(false, count: trace.rows.count))
        for (index, row) in trace.rows.enumerated() {
            let kind = operations.kind(row.operation)
            let service = operations.service(row.operation)
            let isAsked = isAsked(row)
            if isAsked {
                nodes[Int(service)].spans += 1
                if row.isError { nodes[Int(service)].errors += 1 }
            }
            let parent = Int(trace.parents[index])
            guard parent >= 0 else {
                if isAsked, kind == .server { nodes[Int(service)].entries += 1 }
                continue
            }
            let caller = trace.rows[parent]
            if let connection = connection(row, to: caller) {
                isAnswered[parent] = true
                if isAsked { try countCall(from: caller, to: row, connection) }
            } else if kind.isCalling {
                isAnswered[parent] = true
            }
        }
        try keepVirtualCalls(trace)
    }

    private func connection(_ row: ActivityRow, to parent: ActivityRow) -> ConnectionType? {
        ServiceGraph.connection(
            parent: operations.kind(parent.operation), child: operations.kind(row.operation),
            isSameService: operations.service(parent.operation) == operations.service(row.operation))
    }

    private mutating func countCall(
        from client: ActivityRow, to server: ActivityRow, _ connection: ConnectionType
    ) throws(ReadError) {
        let isCalling = operations.kind(client.operation).isCalling
        try edges.add(
            GraphEdges.Key(
                client: operations.service(client.operation), server: operations.service(server.operation),
                connection: connection, isVirtual: false),
            isError: server.isError || (isCalling && client.isError), server: server.knownDuration,
            client: isCalling ? client.knownDuration : nil)
    }

    // MARK: Calls that no span answers

    private mutating func keepVirtualCalls(_ trace: ActivityTrace) throws(ReadError) {
        for (index, row) in trace.rows.enumerated() where !isAnswered[index] && isAsked(row) {
            let kind = operations.kind(row.operation)
            guard kind.isCalling, kind == .client || !links.contains(trace.id, row.spanID) else { continue }
            waiting.append(
                WaitingCall(
                    trace: trace.id, row: row, service: operations.service(row.operation), hasParent: false))
        }
        if waiting.count >= Limits.activityCallsWaiting { try countVirtualCalls() }
    }

    private mutating func countVirtualCalls() throws(ReadError) {
        try GraphPeers.groups(&waiting) { calls, place throws(ReadError) in
            try peers.read(calls, in: file.catalog.blocks[place], of: file) {
                call, peer, connection throws(ReadError) in
                try edges.add(
                    GraphEdges.Key(client: call.service, server: peer, connection: connection, isVirtual: true),
                    isError: call.row.isError, server: nil, client: call.row.knownDuration)
            }
        }
        waiting.removeAll(keepingCapacity: true)
    }

    // MARK: Links

    /// Counts receivers that no parent connects to a sender, before anything else: senders that are linked to are no
    /// calls without an answer.
    private mutating func countLinks(_ blocks: [Int]) throws(ReadError) {
        guard file.catalog.names.operations.contains(where: { $0.kind == .consumer }) else { return }
        var receiving: [Int] = []
        for place in blocks {
            let head = try file.head(file.catalog.blocks[place])
            if head.operations.contains(where: { operations.kind(Int32($0)) == .consumer }) { receiving.append(place) }
        }
        guard !receiving.isEmpty else { return }
        var walk = ActivityWalk(file, operations, blocks: receiving, wantsParents: true)
        try walk.run { trace throws(ReadError) in try keepReceivers(trace) }
        try resolveLinks()
    }

    private mutating func keepReceivers(_ trace: ActivityTrace) throws(ReadError) {
        for (index, row) in trace.rows.enumerated() where operations.kind(row.operation) == .consumer && isAsked(row) {
            let parent = Int(trace.parents[index])
            if parent >= 0, connection(row, to: trace.rows[parent]) != nil { continue }
            waiting.append(
                WaitingCall(
                    trace: trace.id, row: row, service: operations.service(row.operation), hasParent: parent >= 0))
        }
        if waiting.count >= Limits.activityCallsWaiting { try resolveLinks() }
    }

    private mutating func resolveLinks() throws(ReadError) {
        var targets: [GraphLinks.Target] = []
        try GraphPeers.groups(&waiting) { calls, place throws(ReadError) in
            try links.read(calls, in: file.catalog.blocks[place], of: file, into: &targets)
        }
        var isLinked = Array(repeating: false, count: waiting.count)
        // Calls are counted while links are gone through.
        var resolving = GraphLinks()
        swap(&resolving, &links)
        defer { swap(&resolving, &links) }
        try resolving.resolve(&targets, in: file, operations) { target, sender throws(ReadError) in
            isLinked[target.call] = true
            try countCall(from: sender, to: waiting[target.call].row, .messaging)
        }
        for (index, call) in waiting.enumerated() where !isLinked[index] && !call.hasParent {
            nodes[Int(call.service)].entries += 1
        }
        waiting.removeAll(keepingCapacity: true)
    }

    // MARK: The answer

    private func graph() throws(ReadError) -> ServiceGraph {
        var tally = ServiceGraphTally(query)
        for (service, node) in nodes.enumerated() where node.spans > 0 {
            tally.add(
                spans: node.spans, errors: node.errors, entries: node.entries, of: file.catalog.names.service(service))
        }
        try edges.add(to: &tally, file.catalog.names, peers: peers.names)
        return tally.graph()
    }
}

extension SpanKind {
    /// Whether spans of this kind call somebody else.
    var isCalling: Bool { self == .client || self == .producer }
}

/// Edges by numbers of services and peers.
struct GraphEdges {
    struct Key: Hashable {
        var client: Int32
        /// Id of a service, or number of a peer's name if virtual.
        var server: Int32
        var connection: ConnectionType
        var isVirtual: Bool
    }

    private let keepsQuantiles: Bool
    private var places: [Key: Int] = [:]
    private var tallies: [EdgeTally] = []
    /// Ids of the service whose edges are asked for; nil for all.
    private let asked: Set<Int32>?

    init(_ query: ServiceGraphQuery, _ names: StoredNames) {
        keepsQuantiles = !query.quantiles.isEmpty
        asked = query.service.map { Set(names.serviceIDs($0).map { Int32(truncatingIfNeeded: $0) }) }
    }

    mutating func add(_ key: Key, isError: Bool, server: UInt64?, client: UInt64?) throws(ReadError) {
        let place: Int
        if let known = places[key] {
            place = known
        } else {
            // Peers that bear the name of the service asked for are told apart at the end, by name.
            if let asked, !asked.contains(key.client), key.isVirtual || !asked.contains(key.server) {
                guard key.isVirtual, key.connection == .virtualNode else { return }
            }
            guard tallies.count < ServiceGraphQuery.maxEdges else { throw ServiceGraphQuery.tooManyEdges() }
            place = tallies.count
            places[key] = place
            tallies.append(EdgeTally(keepsQuantiles: keepsQuantiles))
        }
        tallies[place].add(isError: isError, server: server, client: client)
    }

    func add(
        to tally: inout ServiceGraphTally, _ names: StoredNames, peers: [String]
    ) throws(ReadError) {
        for (key, place) in places {
            try tally.add(
                tallies[place],
                of: ServiceGraphTally.Key(
                    client: names.service(Int(key.client)),
                    server: key.isVirtual ? peers[Int(key.server)] : names.service(Int(key.server)),
                    connection: key.connection, isVirtual: key.isVirtual))
        }
    }
}
