// SPDX-License-Identifier: Apache-2.0
// Services and their calls as rows: each service with what it was asked, below it whom it called. Which traces belong to
// a row is a query of the language that the list of traces takes.

import SondeModel
import SondeStorage

struct GraphModel: Sendable {
    /// What services, and the calls of each, are sorted by.
    enum Order: String, CaseIterable, Sendable {
        case calls, errors, p95

        var next: Order {
            switch self {
            case .calls: .errors
            case .errors: .p95
            case .p95: .calls
            }
        }
    }

    enum Row: Hashable, Sendable {
        case service(String)
        /// By its place in the graph's list.
        case call(Int)
    }

    /// The numbers of one row.
    struct Numbers: Hashable, Sendable {
        var calls = 0
        var errors = 0
        var p50: UInt64?
        var p95: UInt64?
        var slowest: UInt64?
    }

    let graph: ServiceGraph
    /// What each service was asked.
    private let asked: [String: Numbers]
    /// The busiest call, and the slowest p95: what fills a bar.
    let mostCalls: Int
    let largestP95: UInt64

    /// - Parameter activity: of services, over the time of the graph; without it they have no durations.
    init(_ graph: ServiceGraph, activity: [ActivitySeries]) {
        self.graph = graph
        var asked: [String: Numbers] = [:]
        for series in activity {
            asked[series.service] = Numbers(series.counts.calls, series.counts.errors, series.counts.durations)
        }
        self.asked = asked
        mostCalls = graph.edges.lazy.map(\.calls).max() ?? 0
        largestP95 = graph.edges.lazy.compactMap { GraphDrawing.durations(of: $0).quantile(0.95) }.max() ?? 0
    }

    // MARK: Rows

    /// - Parameter focus: only this service, whom it calls and who calls it.
    func rows(by order: Order, focus: String? = nil) -> [Row] {
        let calls = Dictionary(grouping: graph.edges.indices) { graph.edges[$0].client }
        let services = Set(graph.nodes.lazy.filter { $0.connection == .request }.map(\.name)).union(calls.keys)
        var rows: [Row] = []
        for service in sorted(Array(services), by: order) {
            var own = calls[service] ?? []
            if let focus, service != focus {
                own = own.filter { graph.edges[$0].server == focus }
                if own.isEmpty { continue }
            }
            rows.append(.service(service))
            rows += sorted(own, by: order).map { .call($0) }
        }
        return rows
    }

    private func sorted(_ services: [String], by order: Order) -> [String] {
        let weights = Dictionary(uniqueKeysWithValues: services.map { ($0, Self.weight(numbers(of: $0), order)) })
        return services.sorted { (weights[$0] ?? 0, $1) > (weights[$1] ?? 0, $0) }
    }

    private func sorted(_ calls: [Int], by order: Order) -> [Int] {
        calls.sorted {
            let (a, b) = (
                Self.weight(numbers(of: graph.edges[$0]), order), Self.weight(numbers(of: graph.edges[$1]), order)
            )
            return a != b ? a > b : $0 < $1
        }
    }

    private static func weight(_ numbers: Numbers, _ order: Order) -> UInt64 {
        switch order {
        case .calls: UInt64(max(0, numbers.calls))
        case .errors: UInt64(max(0, numbers.errors))
        case .p95: numbers.p95 ?? 0
        }
    }

    // MARK: Numbers

    func numbers(of edge: ServiceGraph.Edge) -> Numbers {
        Numbers(edge.calls, edge.errors, GraphDrawing.durations(of: edge))
    }

    /// What a service was asked; of one that only calls others, its spans.
    func numbers(of service: String) -> Numbers {
        if let asked = asked[service] { return asked }
        let node = graph.nodes.first { $0.name == service && $0.connection == .request }
        return Numbers(node?.spans ?? 0, node?.errors ?? 0, DurationStatistics())
    }

    /// What all callers together asked of a far end that tells nothing of itself.
    func numbers(ofFarEnd node: ServiceGraph.Node) -> Numbers {
        var numbers = Numbers()
        for edge in graph.edges where edge.server == node.name && edge.connection == node.connection {
            numbers.calls += edge.calls
            numbers.errors += edge.errors
        }
        return numbers
    }
}

extension GraphModel.Numbers {
    fileprivate init(_ calls: Int, _ errors: Int, _ durations: DurationStatistics) {
        self.init(
            calls: calls, errors: errors, p50: durations.quantile(0.5), p95: durations.quantile(0.95),
            slowest: durations.count > 0 ? durations.largest : nil)
    }
}

// MARK: - Traces

extension GraphModel {
    /// Traces in which a row can be seen.
    func query(_ row: Row) -> TraceQuery {
        switch row {
        case .service(let service):
            var query = TraceQuery()
            query.service = service
            return query
        case .call(let place):
            let edge = graph.edges[place]
            var query = TraceQuery()
            // Every name can be quoted; if ever one can't, the traces of the caller are the next best.
            do throws(QuerySyntaxError) { try query.add(Self.traceQL(edge)) } catch { query.service = edge.client }
            return query
        }
    }

    private static func traceQL(_ edge: ServiceGraph.Edge) -> String {
        let client = "resource.service.name = " + quoted(edge.client)
        let server = "resource.service.name = " + quoted(edge.server)
        if edge.isVirtual || edge.connection == .virtualNode || edge.connection == .database {
            let names = Peer.keys.map { "span." + $0 + " = " + quoted(edge.server) }.joined(separator: " || ")
            return "{ \(client) && (kind = client || kind = producer) && (\(names)) }"
        }
        // What takes a message up need not hang below what sent it.
        if edge.connection == .messaging { return "{ \(server) && kind = consumer }" }
        guard edge.client == edge.server else { return "{ \(client) } > { \(server) }" }
        return
            "{ \(client) && (kind = client || kind = producer) } > { \(server) && (kind = server || kind = consumer) }"
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
