// SPDX-License-Identifier: Apache-2.0
// What spans come to, from whole traces: the plainest way to count, and the measure of those that are quicker.

package import SondeModel

extension MemoryStore {
    package func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph {
        try query.check()
        let traces = assembled()
        var count = GraphCount(query, traces)
        for trace in traces { try count.add(trace) }
        for trace in traces { try count.addVirtualCalls(trace) }
        return count.tally.graph()
    }

    package func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] {
        try query.check()
        var tally = ActivitySeriesTally(query)
        for trace in assembled() {
            for (index, span) in trace.spans.enumerated() where query.admits(span) {
                var calls = ActivityTally(keepsQuantiles: !query.quantiles.isEmpty)
                calls.add(
                    isError: span.isError, duration: span.isUnfinished ? nil : span.durationNanoseconds,
                    selfTime: query.wantsSelfTime ? trace.selfTime(of: index) : 0)
                let key = ActivitySeriesTally.Key(
                    query, service: span.resource.serviceName, operation: span.name, kind: span.kind)
                try tally.add(calls, of: key)
                if let step = query.stepStart(span.start) { try tally.add(calls, of: key, step: step) }
            }
        }
        return tally.sorted()
    }
}

extension ActivityQuery {
    fileprivate func admits(_ span: SpanRecord) -> Bool {
        admits(span.start) && (services.isEmpty || services.contains(span.resource.serviceName))
            && (kinds.isEmpty || kinds.contains(span.kind))
    }
}

extension Trace {
    /// The span's duration less the union of its children's intervals, each held inside the span's own.
    fileprivate func selfTime(of index: Int) -> UInt64 {
        let span = spans[index]
        var left = span.durationNanoseconds
        var coveredUntil = span.start
        for child in children(of: index) {
            let start = max(spans[child].start, coveredUntil)
            let end = min(spans[child].end, span.end)
            guard start < end else { continue }
            left -= start.nanoseconds(until: end)
            coveredUntil = end
        }
        return left
    }
}

/// Counts the edges of traces.
private struct GraphCount {
    let query: ServiceGraphQuery
    var tally: ServiceGraphTally
    private var traces: [TraceID: Trace] = [:]
    /// Spans of kind producer that a consumer in the range links to.
    private var linked: Set<SpanRecord.Key> = []

    init(_ query: ServiceGraphQuery, _ traces: [Trace]) {
        self.query = query
        tally = ServiceGraphTally(query)
        for trace in traces { self.traces[trace.id] = trace }
    }

    /// Counts what the spans of a trace answer, and the spans themselves.
    mutating func add(_ trace: Trace) throws(ReadError) {
        for (index, span) in trace.spans.enumerated() where query.admits(span.start) {
            let parent = trace.parents[index].map { trace.spans[$0] }
            var isAnswer = parent != nil
            if let parent, let connection = span.connection(to: parent) {
                try addCall(from: parent, to: span, connection)
            } else if span.kind == .consumer {
                let senders = senders(of: span)
                for sender in senders { try addCall(from: sender, to: span, .messaging) }
                isAnswer = isAnswer || !senders.isEmpty
            }
            let isEntry = !isAnswer && (span.kind == .server || span.kind == .consumer)
            tally.add(
                spans: 1, errors: span.isError ? 1 : 0, entries: isEntry ? 1 : 0, of: span.resource.serviceName)
        }
    }

    /// The spans of kind producer that a span links to, each once.
    private mutating func senders(of span: SpanRecord) -> [SpanRecord] {
        let keys = Set(span.links.map { SpanRecord.Key(traceID: $0.traceID, spanID: $0.spanID, kind: .producer) })
        return keys.compactMap { key in
            let sender = traces[key.traceID]?.spans.first { $0.key == key }
            if sender != nil { linked.insert(key) }
            return sender
        }
    }

    private mutating func addCall(
        from client: SpanRecord, to server: SpanRecord, _ connection: ConnectionType
    ) throws(ReadError) {
        let isCalling = client.isCalling
        var call = EdgeTally(keepsQuantiles: !query.quantiles.isEmpty)
        call.add(
            isError: server.isError || (isCalling && client.isError), server: server.knownDuration,
            client: isCalling ? client.knownDuration : nil)
        let key = ServiceGraphTally.Key(
            client: client.resource.serviceName, server: server.resource.serviceName, connection: connection,
            isVirtual: false)
        try tally.add(call, of: key)
    }

    /// Counts the calls of a trace that no span answers.
    mutating func addVirtualCalls(_ trace: Trace) throws(ReadError) {
        for (index, span) in trace.spans.enumerated() where query.admits(span.start) {
            guard span.isCalling, !linked.contains(span.key), !isPassedOn(index, trace), let peer = Peer(of: span)
            else { continue }
            var call = EdgeTally(keepsQuantiles: !query.quantiles.isEmpty)
            call.add(isError: span.isError, server: nil, client: span.knownDuration)
            let key = ServiceGraphTally.Key(
                client: span.resource.serviceName, server: peer.name, connection: peer.connection, isVirtual: true)
            try tally.add(call, of: key)
        }
    }

    /// Whether a span answers the call, or makes it in its place.
    private func isPassedOn(_ index: Int, _ trace: Trace) -> Bool {
        trace.children(of: index).contains { child in
            trace.spans[child].isCalling || trace.spans[child].connection(to: trace.spans[index]) != nil
        }
    }
}

extension SpanRecord {
    fileprivate var isCalling: Bool { kind == .client || kind == .producer }

    /// Nil while it has not ended.
    fileprivate var knownDuration: UInt64? { isUnfinished ? nil : durationNanoseconds }

    fileprivate func connection(to parent: SpanRecord) -> ConnectionType? {
        ServiceGraph.connection(
            parent: parent.kind, child: kind, isSameService: resource.serviceName == parent.resource.serviceName)
    }
}
