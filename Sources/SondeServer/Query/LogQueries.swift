// SPDX-License-Identifier: Apache-2.0
// Questions about logs.

import NIOCore
import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct LogQueries: Sendable {
    let reader: any LogReader
    let clock: WallClock

    var routes: [Route] { [Route(.GET, "/sonde/v1/logs") { try await logs($0) }] }

    private func logs(_ request: Request) async throws(Refusal) -> Reply {
        let query = try Self.query(Parameters(items: request.match.target.query, now: clock.now()))
        let page = try await asking { () async throws(ReadError) in try await reader.logs(query) }
        guard ContentType.accepts(ContentType.protobuf, request.header("accept")) else {
            return .json(NativeJSON.logs(page.logs, next: page.next?.text, total: page.total))
        }
        var reply = Reply(type: ContentType.protobuf, bytes: OTLPEncoder.logs(page.logs))
        if let next = page.next { reply.headers.add(name: "sonde-next", value: next.text) }
        reply.headers.add(name: "sonde-total", value: String(page.total.value))
        reply.headers.add(name: "sonde-total-exact", value: page.total.isExact ? "true" : "false")
        return reply
    }

    static func query(_ parameters: Parameters) throws(Refusal) -> LogQuery {
        var query = LogQuery()
        query.traceID = try parameters.traceID("traceId")
        query.spanID = try parameters.spanID("spanId")
        query.service = parameters.text("service")
        query.minLevel = try parameters.level("level")
        query.text = parameters.text("text")
        query.start = try parameters.moment("start")
        query.end = try parameters.moment("end")
        if let since = try parameters.duration("since") {
            query.start = query.start ?? parameters.now.moved(back: since)
        }
        query.limit = try parameters.limit(default: LogQuery.defaultLimit, max: LogQuery.maxLimit)
        query.cursor = try parameters.parse("cursor", expected: "the next of an earlier answer") { LogCursor(text: $0) }
        if let start = query.start, let end = query.end, start > end {
            throw .invalid("nothing can match: start lies after end")
        }
        return query
    }
}
