// SPDX-License-Identifier: Apache-2.0
// What Zipkin's clients complete from: far ends, names and values of tags.
//
// https://zipkin.io/zipkin-api/#/default/get_autocompleteKeys

import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct ZipkinCompletion: Sendable {
    let reader: any TraceReader
    let clock: WallClock

    /// The routes below a prefix; see ``ZipkinQueries``.
    func routes(under prefix: String) -> [Route] {
        [
            route(prefix + "/api/v2/remoteServices") { try await remoteServices($0) },
            route(prefix + "/api/v2/autocompleteKeys") { _ in try await keys() },
            route(prefix + "/api/v2/autocompleteValues") { try await values($0) },
        ]
    }

    private func route(
        _ pattern: String, answer: @escaping @Sendable (Parameters) async throws -> [UInt8]
    ) -> Route {
        Route(.GET, pattern, dialect: .text) { request in
            .json(try await answer(Parameters(items: request.match.target.query, now: clock.now())))
        }
    }

    /// The services that spans of a service say they called.
    private func remoteServices(_ parameters: Parameters) async throws(Refusal) -> [UInt8] {
        guard let asked = parameters.items["serviceName"]?.lowercased() else {
            throw .invalid("the parameter serviceName is missing")
        }
        let services = try await asking { () async throws(ReadError) in try await reader.services() }
        var names: [String] = []
        for service in services where service.name.lowercased() == asked {
            names += try await texts(of: "peer.service", .span, service: service.name)
        }
        return ZipkinJSON.names(names.filter { !$0.isEmpty }.map { $0.lowercased() })
    }

    /// The tags that spans are shown with. Zipkin lists those that its operator has named.
    private func keys() async throws(Refusal) -> [UInt8] {
        var names: [String] = []
        for scope in [ListedScope.span, .resource] {
            let query = query(scope)
            let keys = try await asking { () async throws(ReadError) in try await reader.attributeKeys(query) }
            names += keys.elements.map(\.key)
        }
        // Shown as endpoints.
        return ZipkinJSON.names(names.filter { $0 != "service.name" && $0 != "peer.service" })
    }

    private func values(_ parameters: Parameters) async throws(Refusal) -> [UInt8] {
        guard let key = parameters.items["key"] else { throw .invalid("the parameter key is missing") }
        guard !key.isEmpty else { return ZipkinJSON.names([]) }
        return ZipkinJSON.names(try await texts(of: key, .span) + texts(of: key, .resource))
    }

    private func texts(
        of key: String, _ scope: ListedScope, service: String? = nil
    ) async throws(Refusal) -> [String] {
        let query = query(scope, service: service)
        let list = try await asking { () async throws(ReadError) in
            try await reader.attributeValues(of: key, query)
        }
        return list.elements.map(\.text)
    }

    private func query(_ scope: ListedScope, service: String? = nil) -> AttributeQuery {
        var query = AttributeQuery()
        query.scope = scope
        query.service = service
        query.limit = AttributeQuery.maxLimit
        return query
    }
}
