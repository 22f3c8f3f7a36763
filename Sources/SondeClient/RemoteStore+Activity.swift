// SPDX-License-Identifier: Apache-2.0
// What many spans come to, as a collector tells it.

package import SondeModel
package import SondeStorage
import SondeWire

extension RemoteStore {
    package func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph {
        // A collector takes no quantiles for the usual ones.
        try query.check()
        var text = QueryText()
        text.add(start: query.start, end: query.end)
        try text.addName("service", query.service)
        for quantile in query.quantiles { text.add("quantile", "\(quantile)") }
        var graph = try await ask("graph", text).json(Answers.Graph.self).graph()
        if query.quantiles.isEmpty { graph.dropQuantiles() }
        return graph
    }

    package func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries] {
        try query.check()
        var text = QueryText()
        text.add(start: query.start, end: query.end)
        for service in query.services { try text.addName("service", service) }
        for kind in query.kinds { text.add("kind", kind.name) }
        text.add("by", query.grouping.rawValue)
        text.add("step", query.step.map { "\($0)ns" })
        text.add("window", query.window.map { "\($0)ns" })
        for quantile in query.quantiles { text.add("quantile", "\(quantile)") }
        if query.wantsSelfTime { text.add("self", "1") }
        return try await ask("activity", text).json(Answers.Activity.self).all()
    }
}

extension QueryText {
    fileprivate mutating func add(start: Timestamp?, end: Timestamp?) {
        add("start", start.map(RFC3339.text))
        add("end", end.map(RFC3339.text))
    }
}

extension ServiceGraph {
    /// The graph as it is told to those who ask for no quantiles.
    fileprivate mutating func dropQuantiles() {
        for place in edges.indices {
            edges[place].serverDurations.dropQuantiles()
            edges[place].clientDurations.dropQuantiles()
        }
    }
}

extension DurationStatistics {
    fileprivate mutating func dropQuantiles() {
        quantiles = []
        isExact = true
    }
}
