// SPDX-License-Identifier: Apache-2.0
// What many spans come to, in the native API.
//
//   graph      {nodes:[{name, connectionType, spanCount, errorCount, entryCount}],
//               edges:[{client, server, connectionType, virtual, calls, errors, serverDurations, clientDurations}]}
//   activity   {series:[{service, operation, kind, COUNTS, steps:[{start, COUNTS}]}]}
//   COUNTS     calls, errors, selfNanos, durations
//   durations  {count, totalNanos, minNanos, maxNanos, quantiles:[{quantile, nanos}], exact}

package import SondeModel

extension NativeJSON {
    package static func graph(_ graph: ServiceGraph) -> [UInt8] {
        object { json in
            json.key("nodes")
            json.array(graph.nodes) { json, node in
                json.beginObject()
                json.member("name", node.name)
                json.member("connectionType", node.connection.rawValue)
                json.member("spanCount", node.spans)
                json.member("errorCount", node.errors)
                json.member("entryCount", node.entries)
                json.endObject()
            }
            json.key("edges")
            json.array(graph.edges) { $0.edge($1) }
        }
    }

    package static func activity(_ series: [ActivitySeries]) -> [UInt8] {
        object { json in
            json.key("series")
            json.array(series) { $0.series($1) }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func edge(_ edge: ServiceGraph.Edge) {
        beginObject()
        member("client", edge.client)
        member("server", edge.server)
        member("connectionType", edge.connection.rawValue)
        member("virtual", edge.isVirtual)
        member("calls", edge.calls)
        member("errors", edge.errors)
        key("serverDurations")
        durations(edge.serverDurations)
        key("clientDurations")
        durations(edge.clientDurations)
        endObject()
    }

    fileprivate mutating func series(_ series: ActivitySeries) {
        beginObject()
        member("service", series.service)
        key("operation")
        if let operation = series.operation { string(operation) } else { null() }
        key("kind")
        if let kind = series.kind { string(kind.name) } else { null() }
        counts(series.counts)
        key("steps")
        array(series.steps) { json, step in
            json.beginObject()
            json.member("start", step.start)
            json.counts(step.counts)
            json.endObject()
        }
        endObject()
    }

    private mutating func counts(_ counts: ActivityCounts) {
        member("calls", counts.calls)
        member("errors", counts.errors)
        key("selfNanos")
        if let selfTime = counts.selfTime { int(selfTime) } else { null() }
        key("durations")
        durations(counts.durations)
    }

    private mutating func durations(_ durations: DurationStatistics) {
        beginObject()
        member("count", durations.count)
        member("totalNanos", durations.total)
        member("minNanos", durations.least)
        member("maxNanos", durations.largest)
        key("quantiles")
        array(durations.quantiles) { json, quantile in
            json.beginObject()
            json.key("quantile")
            json.double(quantile.fraction)
            json.member("nanos", quantile.nanoseconds)
            json.endObject()
        }
        member("exact", durations.isExact)
        endObject()
    }
}
