// SPDX-License-Identifier: Apache-2.0
// A collector reached over the network, as a reader like any other. It speaks the native API (docs/api.md); traces and
// logs travel as OTLP protobuf, so that what comes out is exactly what a store on this machine would give.

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
package import SondeModel
package import SondeStorage
import SondeWire

/// Asks the collector at a URL.
///
/// Call ``close()`` when done: connections are kept open between questions.
package final class RemoteStore: TraceReader, LogReader, ActivityReader, TracePins {
    /// Where the collector is asked: the URL without a slash at its end.
    package let url: String
    private let client: HTTPClient
    let answerTimeout: TimeAmount

    /// - Throws: ``SondeStorage/ReadError/invalid(_:)`` if `url` is not `http://HOST[:PORT]` or `https://HOST[:PORT]`.
    package init(
        url: String, answerTimeout: TimeAmount = ClientLimits.answerTimeout
    ) throws(ReadError) {
        self.url = try Self.base(of: url)
        self.answerTimeout = answerTimeout
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = ClientLimits.connectTimeout
        // One refused connection is an answer; trying again only makes people wait for it.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// A reader for someone who waits no longer than `time`, for a connection or for an answer.
    package convenience init(url: String, answersWithin time: Duration) throws(ReadError) {
        try self.init(url: url, answerTimeout: TimeAmount(time))
    }

    /// Closes the connections. No question may be asked afterwards.
    package func close() async {
        // What fails here is the closing of a connection that nobody needs any more.
        try? await client.shutdown()
    }

    /// A client may not go while it runs; whoever forgot ``close()`` only leaves connections to their end.
    deinit { _ = client.shutdown() }

    private static func base(of url: String) throws(ReadError) -> String {
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        let lower = base.lowercased()
        for scheme in ["http://", "https://"] where lower.hasPrefix(scheme) {
            let host = base.dropFirst(scheme.count).prefix { $0 != "/" }
            guard !host.isEmpty, !host.contains(where: { " ?#@".contains($0) }) else { continue }
            if URLAuthority(host).hasUsablePort { return base }
        }
        throw .invalid("\(url) is not the URL of a collector; expected something like http://127.0.0.1:16686")
    }

    // MARK: Traces

    package func services() async throws(ReadError) -> [ServiceSummary] {
        let answer = try await ask("services")
        return try answer.json(Answers.Services.self).services.map(\.summary)
    }

    package func operations(of service: String) async throws(ReadError) -> [OperationSummary] {
        // A name in a path can't be empty; nothing is called that way.
        guard !service.isEmpty else { return [] }
        let answer = try await ask("services/\(QueryText.escape(service))/operations")
        return try answer.json(Answers.Operations.self).summaries()
    }

    package func search(_ query: TraceQuery) async throws(ReadError) -> TracePage {
        let answer = try await ask("traces", try QueryText(query))
        var page = try answer.json(Answers.Search.self).page()
        if query.expression?.isTraceQL == true { try answer.addSpanSets(to: &page.traces) }
        return page
    }

    package func trace(_ id: TraceID) async throws(ReadError) -> Trace? {
        let answer = try await ask("traces/\(id.hex)", wantsProtobuf: true, mayBeNotFound: true)
        guard answer.status != .notFound else { return nil }
        let records = try answer.decoded { bytes throws(DecodeError) in try OTLPDecoder.traces(bytes).batch }
        return Trace(id: id, assembling: try answer.records { () throws(MalformedProtobuf) in try records.records() })
    }

    package func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) async throws(ReadError) -> [TraceID] {
        var query = QueryText()
        query.add("prefix", prefix.digits)
        query.add("limit", String(limit))
        return try await ask("traceIds", query).json(Answers.TraceIDs.self).ids()
    }

    package func statistics() async throws(ReadError) -> StoreStatistics {
        try await ask("stats").json(Answers.Statistics.self).statistics()
    }

    package func attributeKeys(
        _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeKeySummary> {
        try await ask("attributes", try QueryText(query)).json(Answers.AttributeKeys.self).list()
    }

    package func attributeValues(
        of key: String, _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeValueSummary> {
        guard !key.isEmpty else { throw .unsupported("cannot ask a collector for an empty attribute key") }
        let path = "attributes/\(QueryText.escape(key))/values"
        return try await ask(path, try QueryText(query)).json(Answers.AttributeValues.self).list()
    }

    // MARK: Logs

    package func logs(_ query: LogQuery) async throws(ReadError) -> LogPage {
        let answer = try await ask("logs", try QueryText(query), wantsProtobuf: true)
        let batch = try answer.decoded { bytes throws(DecodeError) in try OTLPDecoder.logs(bytes).batch }
        let total = Total(
            answer.header("sonde-total").flatMap(Int.init) ?? batch.count,
            isExact: answer.header("sonde-total-exact") == "true")
        return LogPage(
            logs: try answer.records { () throws(MalformedProtobuf) in try batch.records() },
            next: answer.header("sonde-next").flatMap { LogCursor(text: $0) }, total: total)
    }

    // MARK: Pins

    package func pin(_ id: TraceID, note: String) async throws(ReadError) -> TracePin? {
        try TracePin.check(note: note)
        var query = QueryText()
        query.add("note", note)
        let answer = try await ask("traces/\(id.hex)/pin", query, .PUT, mayBeNotFound: true)
        return answer.status == .notFound ? nil : try answer.json(Answers.Pin.self).pin()
    }

    package func unpin(_ id: TraceID) async throws(ReadError) -> Bool {
        try await ask("traces/\(id.hex)/pin", QueryText(), .DELETE, mayBeNotFound: true).status != .notFound
    }

    package func pins() async throws(ReadError) -> [TracePin] {
        var pins: [TracePin] = []
        for pin in try await ask("pins").json(Answers.Pins.self).pins { pins.append(try pin.pin()) }
        return pins
    }

    // MARK: The conversation

    /// - Parameter mayBeNotFound: whether "not found" is an answer to this question.
    func ask(
        _ path: String, _ query: QueryText = QueryText(), _ method: HTTPMethod = .GET, wantsProtobuf: Bool = false,
        mayBeNotFound: Bool = false
    ) async throws(ReadError) -> Answer {
        var request = HTTPClientRequest(url: url + "/sonde/v1/" + path + query.text)
        request.method = method
        request.headers.add(name: "accept", value: wantsProtobuf ? "application/x-protobuf" : "application/json")
        let answer: Answer
        do {
            answer = try await exchange(request)
        } catch {
            throw ReadError(asking: url, within: answerTimeout, error)
        }
        if answer.status == .notFound, mayBeNotFound, answer.errorCode == "not_found" { return answer }
        guard answer.status == .ok || answer.status == .noContent else { throw answer.refusal }
        return answer
    }

    /// Sends a request and takes in the whole answer. The client's own deadline ends with the answer's head, and its
    /// read time-out never ends a body that drips; this one holds for all of it.
    func exchange(_ request: HTTPClientRequest) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            defer { group.cancelAll() }
            group.addTask { [client, url, answerTimeout] in
                let response = try await client.execute(request, timeout: answerTimeout)
                let body = try await response.body.collect(upTo: ClientLimits.answerBytes)
                return Answer(url: url, status: response.status, headers: response.headers, body: body)
            }
            group.addTask { [answerTimeout] in
                try await Task.sleep(nanoseconds: UInt64(clamping: answerTimeout.nanoseconds))
                throw HTTPClientError.deadlineExceeded
            }
            guard let answer = try await group.next() else { preconditionFailure("the group has two tasks") }
            return answer
        }
    }
}

extension ReadError {
    init(asking url: String, within timeout: TimeAmount, _ error: any Error) {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            self = .failed("the collector at \(url) gave no whole answer within \(timeout.text)")
        case let error as HTTPClientError where error != .connectTimeout:
            self = .failed("cannot read the answer of the collector at \(url): \(error)")
        case is NIOTooManyBytesError:
            self = .failed("the answer of the collector at \(url) is larger than \(ClientLimits.answerBytes) bytes")
        case is CancellationError: self = .failed("the question was withdrawn")
        default:
            self = .unreachable(
                "no collector answers at \(url); start one with `sonde serve`, or name a file with --db")
        }
    }
}

extension TimeAmount {
    fileprivate var text: String {
        nanoseconds < 1_000_000_000 ? "\(nanoseconds / 1_000_000) ms" : "\(nanoseconds / 1_000_000_000) s"
    }
}
