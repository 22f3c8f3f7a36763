// SPDX-License-Identifier: Apache-2.0
// The questions that Jaeger's clients ask, at Jaeger's own paths: what Grafana and viewers need to look at what is stored.
// https://www.jaegertracing.io/docs/2.0/apis/

import NIOCore
import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct JaegerQueries: Sendable {
    let reader: any TraceReader
    let clock: WallClock
    let traces: WholeTraces

    var routes: [Route] {
        [
            route("/api/services") { request in
                let names = try await serviceNames()
                return reply(JaegerJSON.names(names), request)
            },
            route("/api/services/{service}/operations") { request in
                let operations = try await operations(of: request.match.parameters["service"] ?? "")
                return reply(JaegerJSON.names(Set(operations.map(\.jaegerName)).sorted()), request)
            },
            route("/api/operations") { try await operations($0) },
            route("/api/traces") { request in
                try await traces.list { () async throws(Refusal) in try await search(request) }
            },
            route("/api/traces/{traceID}") { try await trace($0) },
            routeV3("/api/v3/services") { _ in .json(JaegerV3JSON.services(try await serviceNames())) },
            routeV3("/api/v3/operations") { .json(JaegerV3JSON.operations(try await askedOperations($0))) },
            routeV3("/api/v3/traces/{traceID}") { try await traceV3($0) },
            routeV3("/api/v3/traces") { request in
                try await traces.list { () async throws(Refusal) in try await searchV3(request) }
            },
            routeV3("/api/v3/trace-summaries") { try await summariesV3($0) },
        ]
    }

    private func route(_ pattern: String, answer: @escaping @Sendable (Request) async throws -> Reply) -> Route {
        Route(.GET, pattern, dialect: .jaeger, answer: answer)
    }

    private func routeV3(_ pattern: String, answer: @escaping @Sendable (Request) async throws -> Reply) -> Route {
        Route(.GET, pattern, dialect: .jaegerV3, answer: answer)
    }

    private func parameters(_ request: Request) -> Parameters {
        Parameters(items: request.match.target.query, now: clock.now())
    }

    private func reply(_ bytes: [UInt8], _ request: Request) -> Reply { .jaeger(bytes, parameters(request)) }

    // MARK: Names

    private func serviceNames() async throws(Refusal) -> [String] {
        let services = try await asking { () async throws(ReadError) in try await reader.services() }
        return services.map { JaegerNames.service($0.name) }.sorted()
    }

    private func operations(of service: String) async throws(Refusal) -> [OperationSummary] {
        let stored = JaegerNames.storedService(service)
        return try await asking { () async throws(ReadError) in try await reader.operations(of: stored) }
    }

    private func operations(_ request: Request) async throws(Refusal) -> Reply {
        reply(JaegerJSON.operations(try await askedOperations(request)), request)
    }

    /// `service` is required; `spanKind` narrows.
    private func askedOperations(_ request: Request) async throws(Refusal) -> [OperationSummary] {
        let parameters = parameters(request)
        guard let service = parameters.text("service") else {
            throw .invalid("the parameter service is missing", hint: "give service=NAME")
        }
        var kind = try parameters.kind("spanKind")
        if kind == nil { kind = try parameters.kind("span_kind") }
        return try await operations(of: service).filter { kind == nil || $0.kind == kind }
    }

    // MARK: One trace

    private func trace(_ request: Request) async throws(Refusal) -> Reply {
        let parameters = parameters(request)
        try JaegerQuestion.checkWhereabouts(parameters)
        let isRaw = try parameters.goFlag("raw")
        var list = JaegerJSON.TraceList()
        let trace = try await askedTrace(request)
        list.append(trace, adjustments: WholeTraces.adjustments(of: trace, isRaw: isRaw))
        return reply(list.finished(), request)
    }

    private func traceV3(_ request: Request) async throws(Refusal) -> Reply {
        let isRaw = try JaegerQuestion.isRawTraceV3(parameters(request))
        var result = JaegerV3JSON.Result()
        let trace = try await askedTrace(request)
        result.append(trace, adjustments: WholeTraces.adjustments(of: trace, isRaw: isRaw))
        return .json(result.finished())
    }

    /// The trace that the path names. None is an error: Grafana takes the first of the list without looking.
    private func askedTrace(_ request: Request) async throws(Refusal) -> Trace {
        let id = try JaegerQuestion.traceID(request.match.parameters["traceID"] ?? "")
        guard let trace = try await traces.trace(id) else { throw .notFound("trace not found") }
        return trace
    }

    // MARK: Search

    private func search(_ request: Request) async throws(Refusal) -> Reply {
        let parameters = parameters(request)
        let isRaw = try parameters.goFlag("raw")
        let named = parameters.all("traceID")
        guard named.isEmpty else { return try await search(named, isRaw: isRaw, request) }
        let page = try await traces.page(JaegerQuestion.search(parameters))
        var list = JaegerJSON.TraceList()
        let leftOut = try await traces.each(page.traces.map(\.traceID)) { trace in
            list.append(trace, adjustments: WholeTraces.adjustments(of: trace, isRaw: isRaw))
            return list.byteCount < ServerLimits.traceListBytes
        }
        let problem = JaegerJSON.Problem(code: 413, message: WholeTraces.cutShort(leaving: leftOut))
        return reply(list.finished(problems: leftOut == 0 ? [] : [problem]), request)
    }

    /// The traces with these ids; which of them are not stored is told beside them.
    private func search(_ texts: [String], isRaw: Bool, _ request: Request) async throws(Refusal) -> Reply {
        var list = JaegerJSON.TraceList()
        var problems: [JaegerJSON.Problem] = []
        guard texts.count <= TraceQuery.maxLimit else {
            throw .invalid("\(texts.count) trace ids are too many", hint: "ask for at most \(TraceQuery.maxLimit)")
        }
        var seen: Set<TraceID> = []
        for text in texts {
            let id = try JaegerQuestion.traceID(text)
            guard seen.insert(id).inserted else { continue }
            guard list.byteCount < ServerLimits.traceListBytes else {
                problems.append(.init(code: 413, message: "left out: the answer is too long", traceID: id))
                continue
            }
            if let trace = try await traces.trace(id) {
                list.append(trace, adjustments: WholeTraces.adjustments(of: trace, isRaw: isRaw))
            } else {
                problems.append(.init(code: 404, message: "trace not found", traceID: id))
            }
        }
        return reply(list.finished(problems: problems), request)
    }

    private func searchV3(_ request: Request) async throws(Refusal) -> Reply {
        let isRaw = try JaegerQuestion.isRawV3(parameters(request))
        let page = try await traces.page(JaegerQuestion.searchV3(parameters(request)))
        guard !page.traces.isEmpty else { throw .notFound("No traces found") }
        var result = JaegerV3JSON.Result()
        let leftOut = try await traces.each(page.traces.map(\.traceID)) { trace in
            result.append(trace, adjustments: WholeTraces.adjustments(of: trace, isRaw: isRaw))
            return result.byteCount < ServerLimits.traceListBytes
        }
        // This form has no place for a remark, and a part must not pass for the whole.
        guard leftOut == 0 else {
            throw .tooLarge(WholeTraces.cutShort(leaving: leftOut), hint: "ask with a smaller query.searchDepth")
        }
        return .json(result.finished())
    }

    private func summariesV3(_ request: Request) async throws(Refusal) -> Reply {
        let parameters = parameters(request)
        // Summaries tell nothing that adjusting would change but the length; Jaeger reads the switch and goes on.
        _ = try JaegerQuestion.isRawV3(parameters)
        let page = try await traces.page(JaegerQuestion.searchV3(parameters))
        var summaries: [JaegerV3JSON.Summary] = []
        for summary in page.traces {
            summaries.append(.init(summary, orphanSpanCount: try await orphans(summary)))
        }
        return .json(JaegerV3JSON.summaries(summaries))
    }

    /// Only a trace that is not complete can have orphans, and must be looked at.
    private func orphans(_ summary: TraceSummary) async throws(Refusal) -> Int {
        guard !summary.isComplete, let trace = try await traces.trace(summary.traceID) else { return 0 }
        return trace.spans.indices.count { trace.isMissingParent($0) }
    }
}

extension OperationSummary {
    fileprivate var jaegerName: String { JaegerNames.operation(name) }
}
