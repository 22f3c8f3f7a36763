// SPDX-License-Identifier: Apache-2.0
// Questions about attribute keys and values, from which people and shells complete what they write.

import NIOCore
import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct AttributeQueries: Sendable {
    let reader: any TraceReader
    let clock: WallClock

    var routes: [Route] {
        [
            Route(.GET, "/sonde/v1/attributes") { try await keys($0) },
            Route(.GET, "/sonde/v1/attributes/{key}/values") { try await values($0) },
        ]
    }

    private func keys(_ request: Request) async throws(Refusal) -> Reply {
        let query = try query(request)
        let list = try await asking { () async throws(ReadError) in try await reader.attributeKeys(query) }
        let keys = list.elements.map {
            (key: $0.key, scope: $0.scope.rawValue, types: $0.types.map(\.rawValue), spanCount: $0.spanCount)
        }
        return .json(NativeJSON.attributeKeys(keys, total: list.total))
    }

    private func values(_ request: Request) async throws(Refusal) -> Reply {
        let query = try query(request)
        let key = request.match.parameters["key"] ?? ""
        let list = try await asking { () async throws(ReadError) in try await reader.attributeValues(of: key, query) }
        let values = list.elements.map { (text: $0.text, type: $0.type.rawValue, count: $0.count) }
        return .json(NativeJSON.attributeValues(values, total: list.total))
    }

    private func query(_ request: Request) throws(Refusal) -> AttributeQuery {
        let parameters = Parameters(items: request.match.target.query, now: clock.now())
        var query = AttributeQuery()
        query.service = parameters.text("service")
        query.start = try parameters.moment("start")
        query.end = try parameters.moment("end")
        if let since = try parameters.duration("since") {
            query.start = query.start ?? parameters.now.moved(back: since)
        }
        if let start = query.start, let end = query.end, start > end {
            throw .invalid("nothing can match: start lies after end")
        }
        let scopes = ListedScope.allCases.map(\.rawValue).joined(separator: ", ")
        query.scope = try parameters.parse("scope", expected: "one of " + scopes) { ListedScope(rawValue: $0) }
        query.prefix = parameters.text("prefix") ?? ""
        query.limit = try parameters.limit(default: AttributeQuery.defaultLimit, max: AttributeQuery.maxLimit)
        return query
    }
}
