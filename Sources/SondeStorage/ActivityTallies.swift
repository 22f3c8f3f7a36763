// SPDX-License-Identifier: Apache-2.0
// What is counted while spans are gone through, by every store the same: which span answers which, calls of an edge,
// calls of an operation.

package import SondeModel

extension ServiceGraph {
    /// How a span with a parent is connected to it; nil if it is no call from one to the other. Kinds of the two, and
    /// whether they belong to the same service.
    package static func connection(
        parent: SpanKind, child: SpanKind, isSameService: Bool
    ) -> ConnectionType? {
        switch (parent, child) {
        case (_, .client), (_, .producer): nil
        case (.client, .server): .request
        case (.producer, .consumer): .messaging
        case _ where isSameService: nil
        case (.producer, _), (_, .consumer): .messaging
        default: .request
        }
    }
}

/// The calls of one edge.
package struct EdgeTally: Hashable, Sendable {
    package var calls = 0
    package var errors = 0
    package var server: DurationDistribution
    package var client: DurationDistribution

    package init(keepsQuantiles: Bool) {
        server = DurationDistribution(keepsQuantiles: keepsQuantiles)
        client = DurationDistribution(keepsQuantiles: keepsQuantiles)
    }

    /// Counts a call; a duration is nil where there is no such span, or it has not ended.
    package mutating func add(isError: Bool, server: UInt64?, client: UInt64?) {
        calls += 1
        if isError { errors += 1 }
        if let server { self.server.add(server) }
        if let client { self.client.add(client) }
    }

    package mutating func add(_ other: EdgeTally) {
        calls += other.calls
        errors += other.errors
        server.add(other.server)
        client.add(other.client)
    }
}

/// The calls of one service or operation, or of one step of it.
package struct ActivityTally: Hashable, Sendable {
    package var calls = 0
    package var errors = 0
    package var durations: DurationDistribution
    package var selfTime: UInt64 = 0

    package init(keepsQuantiles: Bool) {
        durations = DurationDistribution(keepsQuantiles: keepsQuantiles)
    }

    /// Counts a call; the duration is nil while it has not ended.
    package mutating func add(isError: Bool, duration: UInt64?, selfTime: UInt64) {
        calls += 1
        if isError { errors += 1 }
        if let duration { durations.add(duration) }
        self.selfTime = self.selfTime.addingClamped(selfTime)
    }

    package mutating func add(_ other: ActivityTally) {
        calls += other.calls
        errors += other.errors
        durations.add(other.durations)
        selfTime = selfTime.addingClamped(other.selfTime)
    }

    package func counts(_ query: ActivityQuery) -> ActivityCounts {
        var counts = ActivityCounts()
        counts.calls = calls
        counts.errors = errors
        counts.durations = durations.statistics(query.quantiles)
        counts.selfTime = query.wantsSelfTime ? selfTime : nil
        return counts
    }
}

/// A graph under construction, by names.
package struct ServiceGraphTally: Sendable {
    /// An edge, before its calls.
    package struct Key: Hashable, Sendable {
        package var client: String
        package var server: String
        package var connection: ConnectionType
        /// Whether no span answers its calls.
        package var isVirtual: Bool

        package init(client: String, server: String, connection: ConnectionType, isVirtual: Bool) {
            self.client = client
            self.server = server
            self.connection = connection
            self.isVirtual = isVirtual
        }

        /// A call that nobody answers to a peer that goes by the name of a service may have gone to that service.
        fileprivate var namesService: Bool { !isVirtual || connection == .virtualNode }
    }

    private struct Place: Hashable {
        var name: String
        var connection: ConnectionType
    }

    private let query: ServiceGraphQuery
    private var edges: [Key: EdgeTally] = [:]
    private var services: [String: ServiceGraph.Node] = [:]

    package init(_ query: ServiceGraphQuery) {
        self.query = query
    }

    /// Whether an edge between these is asked for.
    package func admits(_ key: Key) -> Bool {
        guard let service = query.service else { return true }
        return key.client == service || (key.server == service && key.namesService)
    }

    /// Adds the calls of an edge, if it is asked for.
    package mutating func add(_ calls: EdgeTally, of key: Key) throws(ReadError) {
        guard admits(key) else { return }
        if edges[key] == nil, edges.count == ServiceGraphQuery.maxEdges { throw ServiceGraphQuery.tooManyEdges() }
        edges[key, default: EdgeTally(keepsQuantiles: !query.quantiles.isEmpty)].add(calls)
    }

    /// Adds spans of the range to the node of their service.
    package mutating func add(spans: Int, errors: Int, entries: Int, of service: String) {
        services[service, default: .init(name: service, connection: .request)].spans += spans
        services[service]?.errors += errors
        services[service]?.entries += entries
    }

    /// The graph as far as it was counted.
    package func graph() -> ServiceGraph {
        let found = edges.map { key, calls in edge(key, calls) }.sorted { $0.precedes($1) }
        var nodes: [Place: ServiceGraph.Node] = [:]
        for edge in found {
            let server = Place(name: edge.server, connection: edge.isVirtual ? edge.connection : .request)
            for place in [Place(name: edge.client, connection: .request), server] where nodes[place] == nil {
                nodes[place] = .init(name: place.name, connection: place.connection)
            }
        }
        for (name, node) in services {
            let place = Place(name: name, connection: .request)
            if query.service == nil || query.service == name || nodes[place] != nil { nodes[place] = node }
        }
        let sorted = nodes.values.sorted { ($0.name, $0.connection.rawValue) < ($1.name, $1.connection.rawValue) }
        return ServiceGraph(nodes: sorted, edges: found)
    }

    private func edge(_ key: Key, _ calls: EdgeTally) -> ServiceGraph.Edge {
        var edge = ServiceGraph.Edge(client: key.client, server: key.server, connection: key.connection)
        edge.isVirtual = key.isVirtual && !(key.connection == .virtualNode && services[key.server] != nil)
        edge.calls = calls.calls
        edge.errors = calls.errors
        edge.serverDurations = calls.server.statistics(query.quantiles)
        edge.clientDurations = calls.client.statistics(query.quantiles)
        return edge
    }
}

/// The activity of services or operations under construction, by names.
package struct ActivitySeriesTally: Sendable {
    package struct Key: Hashable, Sendable {
        package var service: String
        package var operation: String?
        package var kind: SpanKind?

        package init(service: String, operation: String?, kind: SpanKind?) {
            self.service = service
            self.operation = operation
            self.kind = kind
        }

        /// The series of a span.
        package init(_ query: ActivityQuery, service: String, operation: String, kind: SpanKind) {
            self.init(
                service: service, operation: query.grouping == .service ? nil : operation,
                kind: query.grouping == .kind ? kind : nil)
        }
    }

    private struct Series {
        var whole: ActivityTally
        var steps: [Timestamp: ActivityTally] = [:]
    }

    private let query: ActivityQuery
    private var series: [Key: Series] = [:]
    private var points = 0

    package init(_ query: ActivityQuery) {
        self.query = query
    }

    /// Adds calls to the whole of a series.
    package mutating func add(_ calls: ActivityTally, of key: Key) throws(ReadError) {
        let none = ActivityTally(keepsQuantiles: !query.quantiles.isEmpty)
        if series[key] == nil { try take() }
        series[key, default: Series(whole: none)].whole.add(calls)
    }

    /// Adds calls to the step of a series that begins then, and not to its whole.
    package mutating func add(_ calls: ActivityTally, of key: Key, step: Timestamp) throws(ReadError) {
        let none = ActivityTally(keepsQuantiles: !query.quantiles.isEmpty)
        if series[key]?.steps[step] == nil { try take() }
        series[key]?.steps[step, default: none].add(calls)
    }

    private mutating func take() throws(ReadError) {
        points += 1
        guard points <= ActivityQuery.maxPoints else { throw ActivityQuery.tooManyPoints() }
        guard query.window != nil, series.count * query.windowsOfSeries > ActivityQuery.maxWindows else { return }
        throw ActivityQuery.tooManyPoints()
    }

    /// The series as far as they were counted.
    package func sorted() -> [ActivitySeries] {
        let all = series.map { key, tally in
            var series = ActivitySeries(service: key.service, operation: key.operation, kind: key.kind)
            series.counts = tally.whole.counts(query)
            series.steps = steps(tally.steps)
            return series
        }
        return all.sorted { $0.precedes($1) }
    }

    private func steps(_ own: [Timestamp: ActivityTally]) -> [ActivitySeries.Step] {
        let sorted = own.keys.sorted()
        guard let step = query.step, let window = query.window, window > step,
            let first = sorted.first?.nanoseconds, let last = sorted.last?.nanoseconds, let end = query.end
        else { return sorted.map { ActivitySeries.Step(start: $0, counts: own[$0]?.counts(query) ?? .init()) } }
        var sliding = SlidingTally(width: Int(clamping: window / step))
        var steps: [ActivitySeries.Step] = []
        // Behind the last own step the window runs empty.
        let stop = min(end.nanoseconds, last.addingClamped(window))
        for moment in stride(from: first, to: stop, by: Int.Stride(clamping: step)) {
            let start = Timestamp(nanoseconds: moment)
            guard let sum = sliding.push(own[start]) else { continue }
            steps.append(.init(start: start, counts: sum.counts(query)))
        }
        return steps
    }
}

extension ServiceGraph.Edge {
    fileprivate func precedes(_ other: ServiceGraph.Edge) -> Bool {
        (client, server, connection.rawValue, isVirtual ? 1 : 0)
            < (other.client, other.server, other.connection.rawValue, other.isVirtual ? 1 : 0)
    }
}

extension ActivitySeries {
    fileprivate func precedes(_ other: ActivitySeries) -> Bool {
        (service, operation ?? "", kind?.rawValue ?? 0)
            < (other.service, other.operation ?? "", other.kind?.rawValue ?? 0)
    }
}
