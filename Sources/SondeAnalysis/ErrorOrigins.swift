// SPDX-License-Identifier: Apache-2.0
// Where a failure began: the failing span with no failing span below it. What fails above it reports on it, since the
// caller of a failing call fails too; spans between that are not marked (wrappers) don't break the chain.
//
//      gateway POST /checkout   error                    explained
//      └─ orders POST /orders   error                    explained
//         └─ place order        (not marked)
//            └─ payments charge error: TerminalOffline   origin

package import SondeModel

package enum ErrorOrigins {
    /// The origins of a trace, the one that explains most first; at equal numbers one that reached the root, then the
    /// latest. Every failing span is an origin or explained by exactly one: of several below it, the one that ended last,
    /// since the caller gave up on that (the last of the retries).
    package static func find(in trace: Trace) -> [ErrorOrigin] { find(in: TraceColumns(trace)) }

    static func find(in columns: TraceColumns) -> [ErrorOrigin] {
        let trace = columns.trace
        // For each span the origin below or at it that ended last; children stand behind their parents.
        var latest: [Int?] = Array(repeating: nil, count: columns.count)
        for span in (0..<columns.count).reversed() {
            if latest[span] == nil, trace.spans[span].isError { latest[span] = span }
            guard let origin = latest[span], let parent = trace.parents[span] else { continue }
            if let known = latest[parent], columns.ends[known] >= columns.ends[origin] { continue }
            latest[parent] = origin
        }
        var chains: [Int: [Int]] = [:]
        for span in (0..<columns.count).reversed() where trace.spans[span].isError {
            guard let origin = latest[span] else { continue }
            if origin == span { chains[span, default: []] += [] } else { chains[origin, default: []].append(span) }
        }
        let ordered = chains.sorted { precedes($0, $1, columns) }.prefix(Limits.maxOrigins)
        return ordered.map { describe($0.key, chain: $0.value, columns) }
    }

    private static func precedes(
        _ a: (key: Int, value: [Int]), _ b: (key: Int, value: [Int]), _ columns: TraceColumns
    ) -> Bool {
        if a.value.count != b.value.count { return a.value.count > b.value.count }
        if columns.ends[a.key] != columns.ends[b.key] { return columns.ends[a.key] > columns.ends[b.key] }
        return a.key < b.key
    }

    private static func describe(_ span: Int, chain: [Int], _ columns: TraceColumns) -> ErrorOrigin {
        var origin = ErrorOrigin()
        origin.span = span
        // Spans stand before those below them, so the nearest ancestor has the largest index.
        origin.chain = chain.sorted(by: >)
        origin.reachesRoot = columns.mainRoot.map { $0 == span || chain.contains($0) } ?? false
        let account = FailureAccount(span, chain: origin.chain, columns)
        let operation = columns.operations[columns.operationOf[span]]
        origin.signature.service = operation.service
        origin.signature.operation = Shape.name(operation.name)
        origin.signature.type = account.type
        origin.signature.message = Shape.message(account.message)
        origin.message = account.message
        origin.stackTop = account.stackTop
        return origin
    }
}

/// What a failing span says about its failure: its last exception event, else its attributes and status. An exception may
/// have been recorded by a span above it in the same service, the one that caught it.
private struct FailureAccount {
    var type = ""
    var message = ""
    var stackTop = ""

    init(_ span: Int, chain: [Int], _ columns: TraceColumns) {
        let spans = columns.trace.spans
        let service = columns.operations[columns.operationOf[span]].service
        let own = [span] + chain.prefix { columns.operations[columns.operationOf[$0]].service == service }
        for holder in own {
            guard let event = spans[holder].events.last(where: { $0.name == "exception" }) else { continue }
            type = event.attributes["exception.type"]?.text ?? ""
            message = event.attributes["exception.message"]?.text ?? ""
            stackTop = StackTrace.innermostFrame(of: event.attributes["exception.stacktrace"]?.text ?? "")
            break
        }
        if type.isEmpty { type = Self.statedType(spans[span]) }
        if message.isEmpty { message = spans[span].status.message }
        if message.utf8.count > Limits.maxShapeBytes { message = String(message.prefix(Limits.maxShapeBytes)) }
    }

    private static func statedType(_ span: SpanRecord) -> String {
        if let type = SpanRecord.text(span.attributes, ["error.type", "exception.type"]) { return type }
        if span.httpStatus >= 400 { return "HTTP \(span.httpStatus)" }
        if let code = SpanRecord.text(span.attributes, ["rpc.grpc.status_code", "rpc.response.status_code"]),
            code != "0"
        {
            return "gRPC \(code)"
        }
        return ""
    }
}

/// The line of a stack trace that was being executed.
enum StackTrace {
    /// Python prints the innermost frame last, everyone else first. Empty for an empty text.
    static func innermostFrame(of text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map(trimmed).filter { !$0.isEmpty }
        if text.hasPrefix("Traceback (most recent call last)") {
            return shortened(lines.last { $0.hasPrefix("File \"") })
        }
        let frame = lines.first { $0.hasPrefix("at ") || $0.hasPrefix("File \"") || $0.hasPrefix("#0") }
        if let frame { return shortened(frame.hasPrefix("at ") ? frame.dropFirst(3) : frame) }
        // Go begins with the goroutine, others with the message.
        return shortened(lines.count > 1 ? lines[1] : lines.first)
    }

    private static func trimmed(_ line: Substring) -> Substring {
        var line = line.drop { $0.isWhitespace }
        while line.last?.isWhitespace == true { line.removeLast() }
        return line
    }

    private static func shortened(_ line: Substring?) -> String {
        String((line ?? "").prefix(Limits.maxFrameCharacters))
    }
}
