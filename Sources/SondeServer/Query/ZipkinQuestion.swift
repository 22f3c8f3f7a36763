// SPDX-License-Identifier: Apache-2.0
// Reads the parameters of Zipkin's query API. Moments and look-backs are milliseconds, durations microseconds; names are
// compared in lower case; unknown parameters are ignored.
//
// https://zipkin.io/zipkin-api/#/default/get_traces

import SondeModel
import SondeStorage

/// A search as Zipkin's clients put it. One span must meet all conditions.
struct ZipkinQuestion: Sendable {
    /// In lower case, as the names that follow.
    var service: String?
    var remoteService: String?
    var operation: String?
    var annotations: [Annotation] = []
    /// Nanoseconds, both inclusive.
    var minDuration: UInt64?
    var maxDuration: UInt64?
    var window: Window
    var limit: Int

    /// From the look-back's begin, both ends included, to the microsecond.
    struct Window: Hashable, Sendable {
        var start: Timestamp
        /// The first nanosecond that is too late.
        var end: Timestamp
    }

    /// One part of an `annotationQuery`: `key=value`, or a word that is an annotation's value or a tag's name.
    struct Annotation: Hashable, Sendable {
        var key: String
        /// Nil for a word.
        var value: String?
    }

    /// How far back a question looks that says nothing else: a day, as Zipkin's server does.
    static let lookBackMilliseconds: UInt64 = 86_400_000
    /// Traces in an answer unless told otherwise.
    static let defaultLimit = 10

    init(_ parameters: Parameters) throws(Refusal) {
        service = parameters.text("serviceName")?.lowercased()
        remoteService = parameters.text("remoteServiceName")?.lowercased()
        // The user interface of old says "all" for any name.
        operation = parameters.text("spanName")?.lowercased()
        if operation == "all" { operation = nil }
        annotations = Self.annotations(parameters.text("annotationQuery") ?? "")
        limit = try parameters.limit(default: Self.defaultLimit, max: TraceQuery.maxLimit)
        window = try Self.window(parameters, end: parameters.zipkinNumber("endTs"))
        try readDurations(parameters)
    }

    /// Zipkin counts a span of less than a microsecond as one of a microsecond, and cuts what is longer.
    private mutating func readDurations(_ parameters: Parameters) throws(Refusal) {
        let shortest = try parameters.zipkinNumber("minDuration")
        let longest = try parameters.zipkinNumber("maxDuration")
        if shortest == nil, longest != nil { throw .invalid("maxDuration is only valid with minDuration") }
        if let shortest, let longest, longest < shortest { throw .invalid("maxDuration is smaller than minDuration") }
        minDuration = shortest.map { $0 == 1 ? 1 : $0.times(1_000) }
        maxDuration = longest.map { $0 == .max ? .max : ($0 + 1).times(1_000) - 1 }
    }

    /// `endTs` and `lookback`; what lies before 1970 or after 2554 ends there.
    static func window(_ parameters: Parameters, end: UInt64?) throws(Refusal) -> Window {
        let lookBack = try parameters.zipkinNumber("lookback") ?? lookBackMilliseconds
        let last = end.map { Timestamp(nanoseconds: $0.times(1_000_000)) } ?? parameters.now
        let start = last.moved(back: lookBack.times(1_000_000))
        let isEndless = last.nanoseconds > .max - 1_000
        return Window(start: start, end: isEndless ? last : last.advanced(byNanoseconds: 1_000))
    }

    /// `http.method=GET and error`: the last of several values of a key wins, and a word adds nothing to a value.
    static func annotations(_ text: String) -> [Annotation] {
        var found: [Annotation] = []
        for part in text.split(separator: " and ") {
            let sign = part.firstIndex(of: "=")
            let key = (sign.map { part[..<$0] } ?? part).trimmed
            guard !key.isEmpty else { continue }
            // `key=` asks for the key, as Zipkin has it.
            let value = sign.map { part[part.index(after: $0)...].trimmed }.flatMap { $0.isEmpty ? nil : $0 }
            let known = found.firstIndex { $0.key == key }
            if let known {
                if sign != nil { found[known].value = value }
            } else {
                found.append(Annotation(key: key, value: value))
            }
        }
        return found
    }

    /// A trace id of 1 to 32 digits; the answer has 16 or 32.
    static func traceID(_ text: String) throws(Refusal) -> TraceID {
        let digits = text.trimmed
        guard let id = TraceID(padding: digits), id.isValid else {
            throw .invalid("\(text.prefix(80)) is not a trace id", hint: "expected 16 or 32 hex digits, not all zeros")
        }
        return id
    }

    /// At least two ids, each once.
    static func traceIDs(_ parameters: Parameters) throws(Refusal) -> [TraceID] {
        guard let text = parameters.text("traceIds") else {
            throw .invalid("the parameter traceIds is missing", hint: "expected two ids or more, separated by commas")
        }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= TraceQuery.maxLimit else {
            throw .invalid("\(parts.count) trace ids are too many", hint: "ask for at most \(TraceQuery.maxLimit)")
        }
        var ids: [TraceID] = []
        var seen: Set<TraceID> = []
        for part in parts {
            let id = try traceID(String(part))
            guard seen.insert(id).inserted else { throw .invalid("redundant trace id \(part)") }
            ids.append(id)
        }
        guard ids.count > 1 else {
            throw .invalid("one trace id is too few", hint: "use /api/v2/trace/{traceId} for a single trace")
        }
        return ids
    }
}

extension ZipkinQuestion {
    /// The search, with names as they are stored. An empty list of names stands for any.
    func query(services: [String], operations: [String]) throws(Refusal) -> TraceQuery {
        var query = TraceQuery()
        query.start = window.start
        query.end = window.end
        query.limit = limit
        query.service = services.count == 1 ? services[0] : nil
        query.operation = operations.count == 1 ? operations[0] : nil
        query.minDuration = minDuration
        query.maxDuration = maxDuration
        guard services.count > 1 || operations.count > 1 || remoteService != nil || !annotations.isEmpty else {
            return query
        }
        // Whatever the fields above say already is said again, since all must hold on one span.
        var conditions: [FieldExpression] = []
        if !services.isEmpty { conditions.append(.any(services.map(Self.isService))) }
        if !operations.isEmpty { conditions.append(.any(operations.map { .equal(.intrinsic(.name), $0) })) }
        if let remoteService { conditions.append(try Self.calls(remoteService)) }
        if let minDuration {
            conditions.append(.compare(.field(.intrinsic(.duration)), .greaterOrEqual, .nanoseconds(minDuration)))
        }
        if let maxDuration {
            conditions.append(.compare(.field(.intrinsic(.duration)), .lessOrEqual, .nanoseconds(maxDuration)))
        }
        conditions += annotations.map(\.condition)
        query.expression = TraceExpression(text: "annotationQuery", root: .filter(.all(conditions)))
        return query
    }

    /// Whether the span names that service as the far end, in whatever case.
    private static func calls(_ service: String) throws(Refusal) -> FieldExpression {
        let field = Field.attribute(.span, key: "peer.service")
        do {
            let letters = service.unicodeScalars.map { scalar in
                // Everything in ASCII but letters and digits may mean something in a pattern.
                let isPlain = !scalar.isASCII || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                return isPlain ? String(scalar) : "\\x{" + String(scalar.value, radix: 16) + "}"
            }
            return .match(.field(field), try RegularExpression("(?i)" + letters.joined()), isNegated: false)
        } catch {
            throw .invalid("cannot search for the remote service \(service.prefix(80)): \(error)")
        }
    }

    private static func isService(_ name: String) -> FieldExpression {
        let field = Field.attribute(.resource, key: "service.name")
        guard name == Resource.unknownService else { return .equal(field, name) }
        return .any([
            .equal(field, name), .equal(field, ""), .compare(.field(field), .equal, .literal(.nil)),
        ])
    }
}

extension ZipkinQuestion.Annotation {
    /// What our answers show as tags although OTLP has a field for it is searched for in that field, too.
    fileprivate var condition: FieldExpression {
        guard let value else {
            let isAnywhere: [FieldExpression] = [
                .anywhere(key: key, .exists), .equal(.intrinsic(.eventName), key),
            ]
            return .any(isAnywhere + (key == "error" ? [.hasFailed] : []))
        }
        let isTag = FieldExpression.anywhere(key: key, .equals(value))
        switch (key, value) {
        case ("error", _): return .any([isTag, .all([.hasFailed, .equal(.intrinsic(.statusMessage), value)])])
        case ("otel.status_code", "ERROR"): return .any([isTag, .hasFailed])
        case ("otel.status_code", "OK"): return .any([isTag, .hasStatus(.ok)])
        case ("otel.scope.name", _): return .any([isTag, .equal(.intrinsic(.instrumentationName), value)])
        case ("otel.scope.version", _): return .any([isTag, .equal(.intrinsic(.instrumentationVersion), value)])
        default: return isTag
        }
    }
}

extension FieldExpression {
    static func equal(_ field: Field, _ text: String) -> FieldExpression {
        .compare(.field(field), .equal, .literal(.string(text)))
    }

    static func hasStatus(_ code: StatusCode) -> FieldExpression {
        .compare(.field(.intrinsic(.status)), .equal, .literal(.status(code)))
    }

    static var hasFailed: FieldExpression { hasStatus(.error) }

    static func nanoseconds(_ value: UInt64) -> FieldExpression {
        .literal(.duration(Int64(clamping: value)))
    }
}

extension Parameters {
    /// A whole number above zero, as Zipkin wants them everywhere.
    func zipkinNumber(_ name: String) throws(Refusal) -> UInt64? {
        try parse(name, expected: "a whole number above zero") { text in
            guard let value = UInt64(text), value > 0, text.first != "+" else { return nil }
            return value
        }
    }
}

extension UInt64 {
    /// The product, or the largest number there is.
    func times(_ factor: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

extension StringProtocol {
    /// Without spaces at both ends.
    fileprivate var trimmed: String {
        let start = drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }
}
