// SPDX-License-Identifier: Apache-2.0
// The questions that Zipkin's clients ask: its user interface, Grafana's data source, curl. Answers are plain lists,
// errors a sentence.
//
// https://zipkin.io/zipkin-api/

import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct ZipkinQueries: Sendable {
    let reader: any TraceReader
    let clock: WallClock
    let traces: WholeTraces

    /// The routes below a prefix: none on the listener of their own, `/zipkin` where Zipkin's user interface looks.
    func routes(under prefix: String) -> [Route] {
        let base = prefix + "/api/v2"
        return [
            route(base + "/services") { _ in try await services() },
            route(base + "/spans") { try await spanNames($0) },
            route(base + "/traces") { parameters in
                let question = try ZipkinQuestion(parameters)
                return try await traces.list { () async throws(Refusal) in try await search(question) }
            },
            Route(.GET, base + "/trace/{traceId}", dialect: .text) { try await trace($0) },
            route(base + "/traceMany") { parameters in
                let ids = try ZipkinQuestion.traceIDs(parameters)
                return try await traces.list { () async throws(Refusal) in try await list(ids) }
            },
        ]
    }

    private func route(
        _ pattern: String, answer: @escaping @Sendable (Parameters) async throws -> Reply
    ) -> Route {
        Route(.GET, pattern, dialect: .text) { request in
            try await answer(Parameters(items: request.match.target.query, now: clock.now()))
        }
    }

    // MARK: Names

    /// All services as stored.
    private func storedServices() async throws(Refusal) -> [String] {
        try await asking { () async throws(ReadError) in try await reader.services() }.map(\.name)
    }

    private func storedServices(_ lowercased: String) async throws(Refusal) -> [String] {
        try await storedServices().filter { $0.lowercased() == lowercased }
    }

    private func storedOperations(of services: [String]) async throws(Refusal) -> Set<String> {
        var names: Set<String> = []
        for service in services {
            let operations = try await asking { () async throws(ReadError) in
                try await reader.operations(of: service)
            }
            names.formUnion(operations.map(\.name))
        }
        return names
    }

    private func services() async throws(Refusal) -> Reply {
        .json(ZipkinJSON.names(try await storedServices().map { $0.lowercased() }))
    }

    private func spanNames(_ parameters: Parameters) async throws(Refusal) -> Reply {
        let services = try await storedServices(askedService(parameters))
        let names = try await storedOperations(of: services).map { $0.lowercased() }.filter { !$0.isEmpty }
        return .json(ZipkinJSON.names(names))
    }

    private func askedService(_ parameters: Parameters) throws(Refusal) -> String {
        guard let service = parameters.items["serviceName"] else {
            throw .invalid("the parameter serviceName is missing")
        }
        return service.lowercased()
    }

    // MARK: Traces

    private func search(_ question: ZipkinQuestion) async throws(Refusal) -> Reply {
        guard let query = try await query(question) else { return .json(ZipkinJSON.TraceList().finished()) }
        return try await list(traces.page(query).traces.map(\.traceID))
    }

    /// The question in the names that are stored; nil if one of the names asked for is not.
    private func query(_ question: ZipkinQuestion) async throws(Refusal) -> TraceQuery? {
        var services: [String] = []
        if let name = question.service {
            services = try await storedServices(name)
            guard !services.isEmpty else { return nil }
        }
        var operations: [String] = []
        if let name = question.operation {
            let known = try await storedOperations(of: services.isEmpty ? storedServices() : services)
            operations = known.filter { $0.lowercased() == name }.sorted()
            guard !operations.isEmpty else { return nil }
        }
        return try question.query(services: services, operations: operations)
    }

    private func list(_ ids: [TraceID]) async throws(Refusal) -> Reply {
        var list = ZipkinJSON.TraceList()
        var isWhole = true
        let leftOut = try await traces.each(ids) { trace in
            isWhole = list.append(trace, upTo: ServerLimits.largestTraceBytes)
            return isWhole && list.byteCount < ServerLimits.traceListBytes
        }
        guard isWhole else { throw Self.tooLargeATrace }
        // This form has no place for a remark, and a part must not pass for the whole.
        guard leftOut == 0 else {
            throw .tooLarge(WholeTraces.cutShort(leaving: leftOut), hint: "ask with a smaller limit")
        }
        return .json(list.finished())
    }

    private static let tooLargeATrace = Refusal.tooLarge(
        "the trace is longer than \(ServerLimits.largestTraceBytes >> 20) MiB in this form",
        hint: "ask for it at /sonde/v1/traces/{id}?format=otlp")

    private func trace(_ request: Request) async throws(Refusal) -> Reply {
        let id = try ZipkinQuestion.traceID(request.match.parameters["traceId"] ?? "")
        guard let trace = try await traces.trace(id) else {
            throw .notFound("\(id.high == 0 ? String(id.hex.suffix(16)) : id.hex) not found")
        }
        guard let json = ZipkinJSON.trace(trace, upTo: ServerLimits.largestTraceBytes) else {
            throw Self.tooLargeATrace
        }
        return .json(json)
    }
}
