// SPDX-License-Identifier: Apache-2.0
// The conditions of a search as flags.

import ArgumentParser
import SondeModel
import SondeStorage
import SondeWire

struct TraceConditions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Conditions in short, each a word: service=orders 'duration>200ms' http.request.method=GET error; or one "
                + "query in TraceQL: '{ status = error } >> { name = \"charge\" }'",
            valueName: "condition"),
        completion: CompletionValues.condition)
    var terms: [String] = []
    @Option(help: "Service of the span.", completion: CompletionValues.service) var service: String?
    @Option(help: "Operation: the whole name of the span.", completion: CompletionValues.operation)
    var operation: String?
    @Option(
        help: ArgumentHelp("Operation by pattern: * stands for anything, as in 'GET /orders/*'.", valueName: "pattern"))
    var operationLike: String?
    @Flag(help: "The span has no parent.") var rootOnly = false
    @Option(
        help: ArgumentHelp("Kind of the span.", valueName: Self.joined(SpanKind.allCases.map(\.name))),
        completion: .list(SpanKind.allCases.map(\.name)))
    var kind: String?
    @Option(
        help: ArgumentHelp("Status of the span.", valueName: Self.joined(StatusCode.allCases.map(\.name))),
        completion: .list(StatusCode.allCases.map(\.name)))
    var status: String?
    @Flag(help: "The span failed: short for --status error.") var errors = false
    @Option(help: ArgumentHelp("The span took at least this long: 250ms, 1.5s.", valueName: "duration"))
    var minDuration: String?
    @Option(help: ArgumentHelp("The span took at most this long.", valueName: "duration"))
    var maxDuration: String?
    @Option(help: ArgumentHelp("The trace took at least this long.", valueName: "duration"))
    var minTraceDuration: String?
    @Option(help: ArgumentHelp("The trace took at most this long.", valueName: "duration"))
    var maxTraceDuration: String?
    @Option(
        name: .customLong("attr"),
        help: ArgumentHelp(
            "An attribute of the span, its resource, scope, events or links has this value. May be repeated.",
            valueName: "key=value"),
        completion: CompletionValues.attribute)
    var attributes: [String] = []

    func validate() throws {
        guard !errors || status == nil else {
            throw ValidationError("--errors and --status both name a status; give one of them")
        }
    }

    /// - Parameter terms: The conditions in short, where some of the words are something else.
    func query(terms: [String]? = nil) throws(CommandFailure) -> TraceQuery {
        var query = TraceQuery()
        query.service = service
        query.operation = operation
        query.kind = try Reading.choice(kind, "--kind", SpanKind.allCases.map(\.name)) { SpanKind(name: $0) }
        query.status = try Reading.choice(status, "--status", StatusCode.allCases.map(\.name)) { StatusCode(name: $0) }
        if errors { query.status = .error }
        query.minDuration = try Reading.optionalDuration(minDuration, "--min-duration")
        query.maxDuration = try Reading.optionalDuration(maxDuration, "--max-duration")
        query.minTraceDuration = try Reading.optionalDuration(minTraceDuration, "--min-trace-duration")
        query.maxTraceDuration = try Reading.optionalDuration(maxTraceDuration, "--max-trace-duration")
        for text in attributes { query.attributes.append(try Self.condition(text)) }
        try Self.add(terms ?? self.terms, to: &query)
        do throws(QuerySyntaxError) {
            if rootOnly { try query.addRootOnly() }
            if let operationLike { try query.addOperation(like: operationLike) }
        } catch {
            throw CommandFailure(.usage, error.message)
        }
        try Self.check(query.minDuration, query.maxDuration, "--min-duration", "--max-duration")
        try Self.check(query.minTraceDuration, query.maxTraceDuration, "--min-trace-duration", "--max-trace-duration")
        return query
    }

    /// Words that stand by themselves.
    static func isTerm(_ word: String) -> Bool {
        ["error", "root", "and", "or", "not", "&&", "||", "(", ")"].contains(word.lowercased())
            || word.hasPrefix("has:")
    }

    /// What someone may have meant who wrote a word where a condition belongs.
    private static func advice(_ terms: [String]) -> String? {
        guard !TraceExpression.isTraceQL(terms.joined(separator: " ")),
            let word = terms.first(where: { !Self.isTerm($0) && !$0.contains { "=<>~!{()| ".contains($0) } })
        else { return nil }
        let isID = TraceIDPrefix(word) != nil && word.utf8.count >= Limits.minPrefixDigits
        return isID
            ? "To see a trace: sonde trace \(word)"
            : "For a service give service=\(word), for an operation name=\(word)."
    }

    /// Points at the character that can't be read.
    private static func add(_ terms: [String], to query: inout TraceQuery) throws(CommandFailure) {
        let text = terms.joined(separator: " ")
        do {
            try query.add(text)
        } catch {
            let lines = error.excerpt(of: text).map { "  " + $0 }
            throw CommandFailure(
                .usage, error.sentence,
                advice: (lines + [Self.advice(terms)].compactMap { $0 }).joined(separator: "\n"))
        }
    }

    private static func check(
        _ least: UInt64?, _ most: UInt64?, _ leastFlag: String, _ mostFlag: String
    ) throws(CommandFailure) {
        guard let least, let most, least > most else { return }
        throw CommandFailure(.usage, "nothing can match: \(leastFlag) is larger than \(mostFlag)")
    }

    private static func condition(_ text: String) throws(CommandFailure) -> AttributeCondition {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw CommandFailure(
                .usage, "cannot read --attr \(text)",
                advice: "Give KEY=VALUE, like --attr http.response.status_code=500.")
        }
        return AttributeCondition(key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
    }

    private static func joined(_ names: [String]) -> String { names.joined(separator: "|") }
}
