// SPDX-License-Identifier: Apache-2.0
// What Jaeger's clients want done rather than told: a trace kept for good, a file shown that is not stored.

import NIOCore
import NIOHTTP1
import SondeModel
import SondePipeline
import SondeStorage
import SondeWire

struct JaegerDoings: Sendable {
    let pins: any TracePins
    let clock: WallClock
    let traces: WholeTraces

    var routes: [Route] {
        [
            Route(.POST, "/api/archive/{traceID}", dialect: .jaeger) { try await archive($0) },
            Route(.POST, "/api/transform", dialect: .jaeger, intake: .document) { request in
                try await traces.list { () async throws(Refusal) in try transform(request) }
            },
        ]
    }

    private func parameters(_ request: Request) -> Parameters {
        Parameters(items: request.match.target.query, now: clock.now())
    }

    // MARK: Archive

    /// Jaeger copies the trace into a store of its own; here it is pinned where it lies.
    private func archive(_ request: Request) async throws(Refusal) -> Reply {
        try request.refuseFromElsewhere()
        let parameters = parameters(request)
        try JaegerQuestion.checkWhereabouts(parameters)
        let id = try JaegerQuestion.traceID(request.match.parameters["traceID"] ?? "")
        let pin = try await asking { () async throws(ReadError) in
            try await pins.pins().first { $0.traceID == id }
        }
        // Whoever pinned it first may have said why.
        guard pin == nil else { return .jaeger(JaegerJSON.done(), parameters) }
        let made = try await asking { () async throws(ReadError) in try await pins.pin(id, note: Self.note) }
        guard made != nil else { throw .notFound("trace not found") }
        return .jaeger(JaegerJSON.done(), parameters)
    }

    private static let note = "archived"

    // MARK: Transform

    /// OTLP in JSON, as Jaeger would show it once it were stored; nothing is.
    private func transform(_ request: Request) throws(Refusal) -> Reply {
        let records: [SpanRecord]
        do {
            guard !request.body.isEmpty else { throw DecodeError(message: "the body is empty") }
            let decoded = try OTLPJSONDecoder.traces(request.body)
            if let reason = decoded.rejectionReason { throw DecodeError(message: reason) }
            records = try decoded.batch.records()
        } catch {
            throw .invalid("cannot read the body as OTLP JSON: \(error)")
        }
        var order: [TraceID] = []
        var spans: [TraceID: [SpanRecord]] = [:]
        for record in records {
            if spans[record.traceID] == nil { order.append(record.traceID) }
            spans[record.traceID, default: []].append(record)
        }
        var list = JaegerJSON.TraceList()
        for id in order {
            // Resources are repeated for each trace: a short body may make a long answer.
            guard list.byteCount < ServerLimits.traceListBytes else {
                throw .tooLarge(
                    "the answer is longer than \(ServerLimits.traceListBytes >> 20) MiB",
                    hint: "send fewer traces at once")
            }
            list.append(Trace(id: id, assembling: spans[id] ?? []))
        }
        return .jaeger(list.finished(), parameters(request))
    }
}

extension Request {
    /// Refuses what a page of another origin has sent. A browser asks nobody before it sends a POST without a body, and
    /// says where it comes from: in `Sec-Fetch-Site`, older ones in `Origin` only.
    fileprivate func refuseFromElsewhere() throws(Refusal) {
        if let site = header("sec-fetch-site") {
            guard site != "same-origin", site != "none" else { return }
        } else {
            guard let origin = header("origin") else { return }
            let authority = origin.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init)
            guard authority != header("host") else { return }
        }
        throw Refusal(
            .forbidden, code: "forbidden_origin", "a page of another origin may not change anything",
            hint: "send it from the address that the collector is reached at")
    }
}
