// SPDX-License-Identifier: Apache-2.0
// Questions whose answers are worked out: the analysis of one trace, what tells traces apart, failures, repeated calls,
// and what the doctor finds. Those about many traces read them in full, so that few run at once.

import NIOCore
import NIOHTTP1
import SondeAnalysis
import SondeModel
import SondePipeline
import SondeStorage
import SondeWire

struct AnalysisQueries: Sendable {
    let reader: any TraceReader
    let clock: WallClock
    private let many = Turnstile(places: ServerLimits.traceListsAtOnce)

    init(reader: any TraceReader, clock: WallClock) {
        self.reader = reader
        self.clock = clock
    }

    var routes: [Route] {
        [
            Route(.GET, "/sonde/v1/traces/{id}/analysis") { try await analysis($0) },
            Route(.GET, "/sonde/v1/diff") { try await difference($0) },
            Route(.GET, "/sonde/v1/errors") { try await errors($0) },
            Route(.GET, "/sonde/v1/repeats") { try await repeats($0) },
            Route(.GET, "/sonde/v1/findings") { try await findings($0) },
        ]
    }

    // MARK: One trace

    private func analysis(_ request: Request) async throws(Refusal) -> Reply {
        let parameters = Parameters(items: request.match.target.query, now: clock.now())
        let format = parameters.text("format") ?? "json"
        guard ["json", "folded"].contains(format) else {
            throw parameters.malformed("format", format, expected: "json or folded")
        }
        let trace = try await trace(Self.id(request.match.parameters["id"] ?? ""))
        guard format == "json" else { return .text(FoldedStacks.text(of: trace)) }
        let (report, findings) = Doctor.examine(trace, now: parameters.now)
        return .json(NativeJSON.analysis(trace, report, findings: findings))
    }

    private static func id(_ text: String) throws(Refusal) -> TraceID {
        guard let id = TraceID(padding: text) else {
            throw .invalid("\(text.prefix(80)) is not a trace id", hint: "expected 1 to 32 hex digits")
        }
        return id
    }

    private func trace(_ id: TraceID) async throws(Refusal) -> Trace {
        let trace = try await asking { () async throws(ReadError) in try await reader.trace(id) }
        guard let trace else {
            throw .notFound(
                "no span of trace \(id) is stored", hint: "it may not have arrived yet, or have been pruned")
        }
        return trace
    }

    // MARK: Differences

    private func difference(_ request: Request) async throws(Refusal) -> Reply {
        let parameters = Parameters(items: request.match.target.query, now: clock.now())
        if let a = parameters.text("a"), let b = parameters.text("b") {
            let ids = (try Self.id(a), try Self.id(b))
            let (a, b) = (try await trace(ids.0), try await trace(ids.1))
            return .json(NativeJSON.difference(TraceComparison.difference(from: a, to: b)))
        }
        let (query, division) = try groups(parameters)
        let difference = try await many.pass { () async throws(Refusal) in
            try await asking { () async throws(ReadError) in
                try await TraceGroups(reader: reader).compare(query, by: division)
            }
        }
        return .json(NativeJSON.difference(difference))
    }

    private func groups(_ parameters: Parameters) throws(Refusal) -> (TraceQuery, TraceGroups.Division) {
        if let a = parameters.text("aq"), let b = parameters.text("bq") {
            return (try Self.query(parameters, q: a), .queries(try Self.query(parameters, q: b)))
        }
        let query = try Self.query(parameters, q: parameters.text("q"))
        guard let by = parameters.text("by") else {
            throw .invalid(
                "nothing to compare",
                hint: "expected a and b (trace ids), by (slow, before=TIME, version=A,B), or aq and bq")
        }
        let parts = by.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count > 1 ? parts[1] : "") {
        case ("slow", ""): return (query, .slow)
        case ("before", let text):
            if let moment = MomentText.parse(text, now: parameters.now) { return (query, .before(moment)) }
        case ("version", let text):
            let versions = text.split(separator: ",").map(String.init)
            if versions.count == 2 { return (query, .versions(versions[0], versions[1])) }
        default: break
        }
        throw parameters.malformed("by", by, expected: "slow, before=TIME or version=A,B")
    }

    // MARK: Many traces

    private func errors(_ request: Request) async throws(Refusal) -> Reply {
        let (query, _) = try question(request)
        let (errors, sample) = try await many.pass { () async throws(Refusal) in
            try await asking { () async throws(ReadError) in try await Examination(reader: reader).errors(query) }
        }
        return .json(NativeJSON.errors(errors.sorted(), omitted: errors.omitted, sample: sample))
    }

    private func repeats(_ request: Request) async throws(Refusal) -> Reply {
        let (query, _) = try question(request)
        let (repeats, sample) = try await many.pass { () async throws(Refusal) in
            try await asking { () async throws(ReadError) in try await Examination(reader: reader).repeats(query) }
        }
        return .json(NativeJSON.repeats(repeats, sample: sample))
    }

    private func findings(_ request: Request) async throws(Refusal) -> Reply {
        let (query, now) = try question(request)
        let (findings, sample) = try await many.pass { () async throws(Refusal) in
            try await asking { () async throws(ReadError) in
                try await Examination(reader: reader).findings(query, now: now)
            }
        }
        return .json(NativeJSON.findings(findings, sample: sample))
    }

    /// Of the last hour unless the question says otherwise.
    private func question(_ request: Request) throws(Refusal) -> (query: TraceQuery, now: Timestamp) {
        let parameters = Parameters(items: request.match.target.query, now: clock.now())
        var query = try Self.query(parameters, q: parameters.text("q"))
        if query.start == nil, query.end == nil { query.start = parameters.now.moved(back: Self.usualTimeNanos) }
        return (query, parameters.now)
    }

    /// An hour: what people ask about when something is wrong.
    private static let usualTimeNanos: UInt64 = 3_600_000_000_000

    /// The conditions of a search, with `q` for its query text.
    private static func query(_ parameters: Parameters, q: String?) throws(Refusal) -> TraceQuery {
        var items = parameters.items
        items.items.removeAll { ["q", "limit", "cursor"].contains($0.name) }
        if let q { items.items.append(QueryItems.Item(name: "q", value: q)) }
        return try TraceQueries.query(Parameters(items: items, now: parameters.now))
    }
}
