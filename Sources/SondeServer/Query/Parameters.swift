// SPDX-License-Identifier: Apache-2.0
// Reads the parameters of a question. Unknown names are ignored, so that clients may be newer than the collector;
// malformed values are refused with what was expected.

import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

/// The query items of one request, typed on demand. An empty value counts as absent, as forms send it.
struct Parameters: Sendable {
    let items: QueryItems
    /// The moment that `now` means, one for the whole question.
    let now: Timestamp

    func text(_ name: String) -> String? {
        guard let value = items[name], !value.isEmpty else { return nil }
        return value
    }

    /// A moment: RFC 3339, `now-1h`, or an integer whose digits give the unit.
    func moment(_ name: String) throws(Refusal) -> Timestamp? {
        try parse(name, expected: "RFC 3339, now-1h, or an integer of s, ms, µs or ns since 1970") {
            MomentText.parse($0, now: now)
        }
    }

    /// A duration in nanoseconds: `1.2s`, `100ms`, `4500ns`, `1h5m`.
    func duration(_ name: String) throws(Refusal) -> UInt64? {
        try parse(name, expected: "a duration like 1.2s, 100ms or 4500ns") { DurationText.parse($0) }
    }

    /// A page size: at least 1; what is above `max` means `max`.
    func limit(default standard: Int, max: Int) throws(Refusal) -> Int {
        try limit("limit", text("limit"), default: standard, max: max)
    }

    /// The same for a number that goes by another name.
    func limit(_ name: String, _ text: String?, default standard: Int, max: Int) throws(Refusal) -> Int {
        guard let text else { return standard }
        guard let value = Self.clampedInteger(text), value > 0 else {
            throw malformed(name, text, expected: "a whole number from 1 to \(max)")
        }
        return min(value, max)
    }

    /// A number of things that may be none; what is above `max` means `max`.
    func count(_ name: String, default standard: Int, max: Int) throws(Refusal) -> Int {
        guard let text = text(name) else { return standard }
        guard let value = Self.clampedInteger(text), value >= 0 else {
            throw malformed(name, text, expected: "a whole number from 0 to \(max)")
        }
        return min(value, max)
    }

    /// A switch: `1`, `true` or no value at all is on; `0` and `false` are off.
    func flag(_ name: String) throws(Refusal) -> Bool {
        guard let value = items[name] else { return false }
        switch value.lowercased() {
        case "1", "true", "yes", "": return true
        case "0", "false", "no": return false
        default: throw malformed(name, value, expected: "1 or 0")
        }
    }

    func kind(_ name: String) throws(Refusal) -> SpanKind? {
        try parse(name, expected: Self.list(SpanKind.allCases.map(\.name))) { SpanKind(name: $0) }
    }

    func status(_ name: String) throws(Refusal) -> StatusCode? {
        try parse(name, expected: Self.list(StatusCode.allCases.map(\.name))) { StatusCode(name: $0) }
    }

    func level(_ name: String) throws(Refusal) -> LogLevel? {
        try parse(name, expected: Self.list(LogLevel.allCases.map(\.name))) { LogLevel(name: $0) }
    }

    func spanID(_ name: String) throws(Refusal) -> SpanID? {
        try parse(name, expected: "16 hex digits") { SpanID(hex: $0) }
    }

    func traceID(_ name: String) throws(Refusal) -> TraceID? {
        try parse(name, expected: "1 to 32 hex digits") { TraceID(padding: $0) }
    }

    /// The value of `name` as `read` understands it; nil if absent.
    func parse<Value>(
        _ name: String, expected: String, read: (String) -> Value?
    ) throws(Refusal) -> Value? {
        guard let text = text(name) else { return nil }
        guard let value = read(text) else { throw malformed(name, text, expected: expected) }
        return value
    }

    func malformed(_ name: String, _ value: String, expected: String) -> Refusal {
        let shown = value.count > Self.shownCharacters ? value.prefix(Self.shownCharacters) + "…" : value[...]
        return .invalid("cannot read \(name)=\(shown)", hint: "expected \(expected)")
    }

    /// Longer values are cut when an error repeats them.
    private static let shownCharacters = 80

    private static func list(_ words: [String]) -> String { "one of " + words.joined(separator: ", ") }

    /// Any whole number; what `Int` can't hold means the largest it can, or the smallest.
    private static func clampedInteger(_ text: String) -> Int? {
        if let value = Int(text) { return value }
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return text.hasPrefix("-") ? .min : .max
    }
}

extension Refusal {
    /// What a reader could not do, as the API says it.
    init(_ error: ReadError) {
        switch error {
        case .invalid(let reason): self = .invalid(reason)
        case .unsupported(let reason): self.init(.badRequest, code: "unsupported", reason)
        case .unreachable(let reason), .failed(let reason):
            self.init(.internalServerError, code: "failed", reason)
        }
    }
}

extension Refusal {
    /// A query that can't be read, and where.
    init(_ error: QuerySyntaxError) {
        self.init(error.readError)
        offset = error.offset
    }

    /// Nobody will read it.
    static var givenUp: Refusal {
        Refusal(.serviceUnavailable, code: "timed_out", "the question was given up")
    }
}

/// Runs a question to the store; what it throws becomes the API's error.
func asking<Answer>(_ question: () async throws(ReadError) -> Answer) async throws(Refusal) -> Answer {
    // A question of many steps ends at the next one when nobody waits for its answer any more.
    if Task.isCancelled { throw .givenUp }
    do { return try await question() } catch { throw Refusal(error) }
}
