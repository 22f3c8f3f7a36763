// SPDX-License-Identifier: Apache-2.0
// Who calls whom, as Zipkin's clients ask.
//
// https://zipkin.io/zipkin-api/#/default/get_dependencies

import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct ZipkinLinks: Sendable {
    let reader: any ActivityReader
    let clock: WallClock

    /// The routes below a prefix; see ``ZipkinQueries``.
    func routes(under prefix: String) -> [Route] {
        [
            Route(.GET, prefix + "/api/v2/dependencies", dialect: .text) { request in
                try await dependencies(Parameters(items: request.match.target.query, now: clock.now()))
            }
        ]
    }

    private func dependencies(_ parameters: Parameters) async throws(Refusal) -> Reply {
        guard let end = try parameters.zipkinNumber("endTs") else {
            throw .invalid("the parameter endTs is missing", hint: "expected milliseconds since 1970")
        }
        let window = try ZipkinQuestion.window(parameters, end: end)
        var query = ServiceGraphQuery()
        query.start = window.start
        query.end = window.end
        query.quantiles = []
        let asked = query
        let graph = try await asking { () async throws(ReadError) in try await reader.serviceGraph(asked) }
        return .json(ZipkinJSON.dependencies(graph.zipkinLinks))
    }
}

extension ServiceGraph {
    /// Edges between the same two names are one link here, whatever connects them; far ends that have sent no spans
    /// included.
    fileprivate var zipkinLinks: [ZipkinJSON.DependencyLink] {
        var places: [[String]: Int] = [:]
        var links: [ZipkinJSON.DependencyLink] = []
        for edge in edges {
            let (parent, child) = (edge.client.lowercased(), edge.server.lowercased())
            if let place = places[[parent, child]] {
                links[place].callCount += edge.calls
                links[place].errorCount += edge.errors
            } else {
                places[[parent, child]] = links.count
                links.append(.init(parent: parent, child: child, callCount: edge.calls, errorCount: edge.errors))
            }
        }
        return links
    }
}
