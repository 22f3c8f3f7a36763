// SPDX-License-Identifier: Apache-2.0
// Questions about what many spans come to: who calls whom, rates, errors and durations.

import NIOCore
import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct ActivityQueries: Sendable {
    let reader: any ActivityReader
    let clock: WallClock

    var routes: [Route] {
        [
            Route(.GET, "/sonde/v1/graph") { try await graph($0) },
            Route(.GET, "/sonde/v1/activity") { try await activity($0) },
        ]
    }

    private func graph(_ request: Request) async throws(Refusal) -> Reply {
        let parameters = Parameters(items: request.match.target.query, now: clock.now())
        var query = ServiceGraphQuery()
        (query.start, query.end) = try Self.range(parameters)
        query.service = parameters.text("service")
        query.quantiles = try Self.quantiles(parameters) ?? ServiceGraphQuery.defaultQuantiles
        let question = query
        let graph = try await asking { () async throws(ReadError) in try await reader.serviceGraph(question) }
        return .json(NativeJSON.graph(graph))
    }

    private func activity(_ request: Request) async throws(Refusal) -> Reply {
        let query = try Self.query(Parameters(items: request.match.target.query, now: clock.now()))
        let series = try await asking { () async throws(ReadError) in try await reader.activity(query) }
        return .json(NativeJSON.activity(series))
    }

    static func query(_ parameters: Parameters) throws(Refusal) -> ActivityQuery {
        var query = ActivityQuery()
        (query.start, query.end) = try range(parameters)
        query.services = parameters.texts("service")
        for text in parameters.texts("kind") {
            guard let kind = SpanKind(name: text) else {
                throw parameters.malformed(
                    "kind", text, expected: "one of " + SpanKind.allCases.map(\.name).joined(separator: ", "))
            }
            query.kinds.append(kind)
        }
        let groupings = ActivityQuery.Grouping.allCases.map(\.rawValue).joined(separator: ", ")
        query.grouping =
            try parameters.parse("by", expected: "one of \(groupings)") { ActivityQuery.Grouping(rawValue: $0) }
            ?? .operation
        query.step = try parameters.duration("step")
        query.window = try parameters.duration("window")
        query.quantiles = try quantiles(parameters) ?? []
        query.wantsSelfTime = try parameters.flag("self")
        return query
    }

    private static func range(_ parameters: Parameters) throws(Refusal) -> (start: Timestamp?, end: Timestamp?) {
        var start = try parameters.moment("start")
        let end = try parameters.moment("end")
        if let since = try parameters.duration("since") { start = start ?? parameters.now.moved(back: since) }
        if let start, let end, start > end { throw .invalid("nothing can match: start lies after end") }
        return (start, end)
    }

    /// `quantile=0.5&quantile=0.95`, or `0.5,0.95`; nil if absent.
    private static func quantiles(_ parameters: Parameters) throws(Refusal) -> [Double]? {
        let texts = parameters.texts("quantile").flatMap { $0.split(separator: ",") }
        guard !texts.isEmpty else { return nil }
        var quantiles: [Double] = []
        for text in texts {
            guard let value = Double(text), (0...1).contains(value) else {
                throw parameters.malformed("quantile", String(text), expected: "numbers from 0 to 1, like 0.5,0.95")
            }
            quantiles.append(value)
        }
        return quantiles
    }
}

extension Parameters {
    /// All values of a name that may come more than once.
    fileprivate func texts(_ name: String) -> [String] {
        items.items.filter { $0.name == name && !$0.value.isEmpty }.map(\.value)
    }
}
