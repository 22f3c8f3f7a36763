// SPDX-License-Identifier: Apache-2.0
// The trace tree as the query API answers it, read as a stranger's program would read it.

struct TraceAnswer: Decodable, Sendable {
    struct Head: Decodable, Sendable {
        var id: String
        var complete: Bool
        var spanTotal: Int
    }

    struct Node: Decodable, Sendable {
        struct Status: Decodable, Sendable {
            var code: String
            var message: String?
        }

        struct Event: Decodable, Sendable {
            var name: String
        }

        var spanId: String
        var parentSpanId: String?
        var service: String
        var operation: String
        var kind: String
        var durationNanos: UInt64
        var status: Status
        var flags: [String]
        var attributes: [String: JSONValue]
        var events: [Event]
        var children: [Node]

        /// This span and all below it.
        var subtree: [Node] { [self] + children.flatMap(\.subtree) }
        var hasError: Bool { flags.contains("error") }

        /// `gateway POST /checkout`
        var title: String { "\(service) \(operation)" }
    }

    var trace: Head
    var roots: [Node]

    var spans: [Node] { roots.flatMap(\.subtree) }

    /// The only span with this title.
    func span(_ title: String) throws -> Node {
        let found = spans.filter { $0.title == title }
        guard let span = found.first, found.count == 1 else {
            throw UnexpectedAnswer(
                description: "expected one span \"\(title)\", found \(found.count) in:\n" + outline)
        }
        return span
    }

    /// The tree, a line a span, for failure messages.
    var outline: String {
        func lines(_ node: Node, _ depth: Int) -> [String] {
            [String(repeating: "  ", count: depth) + node.title] + node.children.flatMap { lines($0, depth + 1) }
        }
        return roots.flatMap { lines($0, 0) }.joined(separator: "\n")
    }
}

/// Log records as the query API answers them.
struct LogsAnswer: Decodable, Sendable {
    struct Record: Decodable, Sendable {
        var service: String
        var body: JSONValue
        var spanId: String?
    }

    var logs: [Record]
}

extension RunningCollector {
    /// The tree of a trace, once it is complete and holds a span of each of `services`.
    func completeTrace(_ id: String, across services: Set<String>) async throws -> TraceAnswer {
        try await eventually("the trace \(id) is complete across \(services.sorted())") {
            let answer = try await HTTPProbe.json(TraceAnswer.self, from: queryURL + "/sonde/v1/traces/\(id)")
            guard answer.trace.complete, services.isSubset(of: answer.spans.map(\.service)) else { return nil }
            return answer
        }
    }

    /// The log records of a trace.
    func logs(ofTrace id: String) async throws -> [LogsAnswer.Record] {
        try await HTTPProbe.json(LogsAnswer.self, from: queryURL + "/sonde/v1/logs?traceId=\(id)&limit=1000").logs
    }
}
