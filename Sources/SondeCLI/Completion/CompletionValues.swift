// SPDX-License-Identifier: Apache-2.0
// Values for completion, asked of the source that the command line names. Someone waits with a finger on the tab key:
// what takes longer than a moment, or fails, is no answer and says nothing.

import ArgumentParser
import FoundationEssentials
import SondeModel
import SondeStorage

enum CompletionValues {
    static let service = kind { line, source in try await services(line, source) }
    static let operation = kind { line, source in try await operations(of: line.value(of: "--service"), source) }
    static let condition = kind { line, source in try await conditions(line.typed, source) }
    static let attributeKey = kind { line, source in try await keys(line.typed, source) }
    /// `KEY=VALUE`.
    static let attribute = kind { line, source in try await attributes(line.typed, source) }
    static let trace = kind { line, source in try await traces(line.typed, source) }

    typealias Answer = @Sendable (CompletionLine, any Source) async throws -> [String]

    /// Values that a source knows.
    static func kind(_ answer: @escaping Answer) -> CompletionKind {
        .custom { words, index, prefix in
            let line = CompletionLine(words, index, prefix)
            return line.answers(
                await within(Limits.completionTime) { try await answer(line, try await source(of: line)) })
        }
    }

    private static func source(of line: CompletionLine) async throws(CommandFailure) -> any Source {
        if let path = line.value(of: "--db") { return try await StoreChoice.read(path: path) }
        return try SourceOptions.collector(
            at: line.value(of: "--at"), environment: ProcessInfo.processInfo.environment,
            answersWithin: Limits.completionTime)
    }

    /// What `work` gives in time, else nothing. The work is not waited for: the process ends with our answer.
    private static func within(
        _ time: Duration, _ work: @escaping @Sendable () async throws -> [String]
    ) async -> [String] {
        let (answers, say) = AsyncStream.makeStream(of: [String].self)
        Task { say.yield((try? await work()) ?? []) }
        Task {
            try? await Task.sleep(for: time)
            say.yield([])
        }
        for await answer in answers { return answer }
        return []
    }
}

// MARK: - What there is

extension CompletionValues {
    private static func services(_ line: CompletionLine, _ source: any Source) async throws -> [String] {
        try await source.services().map(\.name)
    }

    /// Of one service, or of all that there are while that is few questions.
    private static func operations(of service: String?, _ source: any Source) async throws -> [String] {
        var services = [service].compactMap { $0 }
        if services.isEmpty { services = try await source.services().prefix(Limits.completionServices).map(\.name) }
        var names: Set<String> = []
        for service in services { names.formUnion(try await source.operations(of: service).map(\.name)) }
        return names.filter { !$0.isEmpty }.sorted()
    }

    /// Terms of the shorthand: names up to their operator, and behind it the values of that name.
    private static func conditions(_ typed: String, _ source: any Source) async throws -> [String] {
        guard let equals = typed.firstIndex(of: "=") else {
            return names + (try await keys(typed, source)).map { $0 + "=" }
        }
        let name = String(typed[..<equals])
        let values: [String]
        switch name {
        case "service": values = try await source.services().map(\.name)
        case "name", "operation": values = try await operations(of: nil, source)
        case "kind": values = SpanKind.allCases.map(\.name)
        case "status": values = StatusCode.allCases.map(\.name)
        default: return try await attributes(typed, source)
        }
        return values.map { name + "=" + quoted($0) }
    }

    private static func keys(_ typed: String, _ source: any Source) async throws -> [String] {
        var query = AttributeQuery()
        query.prefix = typed
        let keys = try await source.attributeKeys(query).elements.filter { $0.scope != .intrinsic }.map(\.key)
        return Set(keys).sorted()
    }

    /// Keys up to their `=`, and behind it the values of that key.
    private static func attributes(_ typed: String, _ source: any Source) async throws -> [String] {
        guard let equals = typed.firstIndex(of: "=") else { return try await keys(typed, source).map { $0 + "=" } }
        let key = String(typed[..<equals])
        var query = AttributeQuery()
        query.prefix = String(typed[typed.index(after: equals)...])
        return try await source.attributeValues(of: key, query).elements.map { key + "=" + quoted($0.text) }
    }

    private static func quoted(_ value: String) -> String { value.contains(" ") ? "\"\(value)\"" : value }

    private static let names = [
        "service=", "name=", "kind=", "status=", "duration>", "duration<", "traceDuration>", "traceDuration<", "error",
    ]

    /// The newest while nothing is typed, then all that begin that way.
    private static func traces(_ typed: String, _ source: any Source) async throws -> [String] {
        guard let prefix = TraceIDPrefix(typed) else {
            guard typed.isEmpty else { return [] }
            return try await source.search(TraceQuery()).traces.map(\.traceID.hex)
        }
        return try await source.traceIDs(withPrefix: prefix, limit: Limits.prefixCandidates).map(\.hex)
    }
}
