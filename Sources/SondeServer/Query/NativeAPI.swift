// SPDX-License-Identifier: Apache-2.0
// The native API, described: every route with its parameters, answers and refusals, as OpenAPI at
// /sonde/v1/openapi.json. A route that has no description here fails a test.

import NIOCore
import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

enum NativeAPI {
    typealias Operation = OpenAPIDocument.Operation
    typealias Parameter = OpenAPIDocument.Parameter
    typealias Answer = OpenAPIDocument.Answer
    typealias Schema = OpenAPIDocument.Schema

    static let path = "/sonde/v1/openapi.json"

    static var route: Route {
        Route(.GET, path, intake: .probe) { _ in .json(description) }
    }

    private static let description = document.json

    static var document: OpenAPIDocument {
        var document = OpenAPIDocument(
            title: "Sonde", version: "1",
            summary: "Traces and logs that a collector has stored: search, single traces, and what they come to.",
            refusal: "Error")
        document.operations =
            names + attributeQuestions + traces + analysis + activity + logs + pins + imports + [description(of: path)]
        document.schemas = schemas
        return document
    }

    private static func description(of path: String) -> Operation {
        question(path, id: "describe", "This description.", answer: .anything, refusals: [])
    }

    // MARK: Names

    private static let names = [
        question("/sonde/v1/services", id: "listServices", "Every service, by name.", answer: .named("Services")),
        question(
            "/sonde/v1/services/{name}/operations", id: "listOperations",
            "The operations of one service, by name, then kind; empty for an unknown service.",
            [Parameter("name", in: .path, .string, "the service's name", example: "orders")],
            answer: .named("Operations")),
        question("/sonde/v1/stats", id: "stats", "What the store holds.", answer: .named("Statistics")),
    ]

    // MARK: Traces

    private static let traces = [
        question(
            "/sonde/v1/traces", id: "searchTraces",
            "Traces in which one span meets all conditions on spans, newest first by their start.",
            conditions + page(TraceQuery.maxLimit), answer: .named("TracePage")),
        question(
            "/sonde/v1/traces/{id}", id: "getTrace", "One trace, as a tree.",
            [
                traceID, flag("prefix", "take the only trace whose id begins with these digits, at least 4"),
                flag("flat", "all spans in one list instead of a tree"),
                Parameter("format", .words(["tree", "otlp"]), "`otlp` for OTLP JSON"),
            ],
            answers: [
                Answer("the trace", [("application/json", .named("Trace")), ("application/x-protobuf", .anything)])
            ], refusals: [400, 404, 409]),
        question(
            "/sonde/v1/traceIds", id: "listTraceIds", "The trace ids that begin with these digits, ascending.",
            [
                Parameter("prefix", isRequired: true, digits, "the first digits", example: "4b"),
                limit(TraceQuery.maxLimit),
            ],
            answer: .object([("traceIds", .list(.named("TraceId")))])),
    ]

    /// What a search asks of spans and traces.
    static let conditions =
        [
            Parameter("service", .string, "equal", example: "orders"),
            Parameter("operation", .string, "equal"),
            Parameter("kind", .words(SpanKind.allCases.map(\.name)), "equal"),
            Parameter("status", .words(StatusCode.allCases.map(\.name)), "equal"),
            Parameter("minDuration", .named("Duration"), "of one span, inclusive"),
            Parameter("maxDuration", .named("Duration"), "of one span, inclusive"),
            Parameter("minTraceDuration", .named("Duration"), "of the trace, inclusive"),
            Parameter("maxTraceDuration", .named("Duration"), "of the trace, inclusive"),
            Parameter("q", .string, "TraceQL, or terms like `service=orders duration>200ms`; docs/query.md"),
            Parameter("spss", .integer(min: 0), "spans shown of each set that `q` finds"),
        ] + range

    /// A range of time.
    static let range = [
        Parameter("start", .named("Moment"), "at or after", example: "now-1h"),
        Parameter("end", .named("Moment"), "before"),
        Parameter("since", .named("Duration"), "`15m` is `start=now-15m`", example: "15m"),
    ]

    // MARK: Logs, pins

    private static let logs = [
        question(
            "/sonde/v1/logs", id: "searchLogs", "Log records, newest first.",
            [
                Parameter("traceId", digits, "of this trace"),
                Parameter("spanId", .pattern("^[0-9a-fA-F]{16}$"), "of this span"),
                Parameter("service", .string, "equal"),
                Parameter("level", .words(LogLevel.allCases.map(\.name)), "this level or above"),
                Parameter("text", .string, "occurs in the body"),
            ] + range + page(LogQuery.maxLimit),
            answers: [
                Answer("a page", [("application/json", .named("LogPage")), ("application/x-protobuf", .anything)])
            ])
    ]

    private static let pins = [
        question(
            "/sonde/v1/pins", id: "listPins", "Traces that retention spares, latest first.",
            answer: .object([("pins", .list(.named("Pin")))])),
        question(
            "/sonde/v1/traces/{id}/pin", id: "getPin", "The pin of a trace.", [traceID], answer: .named("Pin"),
            refusals: [400, 404]),
        Operation(
            "put", "/sonde/v1/traces/{id}/pin", id: "pin", "Pins a trace, or replaces the note of its pin.",
            parameters: [traceID, Parameter("note", .string, "why it is kept, at most 1024 bytes")],
            answers: [Answer("the pin", [("application/json", .named("Pin"))])], refusals: common + [400, 404]),
        Operation(
            "delete", "/sonde/v1/traces/{id}/pin", id: "unpin", "Takes a pin back.", parameters: [traceID],
            answers: [Answer(status: 204, "done", [])], refusals: common + [400, 404]),
    ]

    // MARK: Import

    private static let imports = [
        taking("/sonde/v1/import/spans", id: "importSpans", "Takes an OTLP ExportTraceServiceRequest."),
        taking("/sonde/v1/import/logs", id: "importLogs", "Takes an OTLP ExportLogsServiceRequest."),
    ]

    private static func taking(_ path: String, id: String, _ summary: String) -> Operation {
        Operation(
            "post", path, id: id, summary, body: ["application/json", "application/x-protobuf"],
            answers: [
                Answer("taken", [("application/json", .object([])), ("application/x-protobuf", .anything)])
            ], refusals: [400, 403, 408, 413, 415, 417, 429, 431, 503])
    }
}

// Parts of descriptions.
extension NativeAPI {
    static func question(
        _ path: String, id: String, _ summary: String, _ parameters: [Parameter] = [], answer: Schema,
        refusals: [Int] = [400]
    ) -> Operation {
        question(
            path, id: id, summary, parameters, answers: [Answer("the answer", [("application/json", answer)])],
            refusals: refusals)
    }

    static func question(
        _ path: String, id: String, _ summary: String, _ parameters: [Parameter], answers: [Answer],
        refusals: [Int] = [400]
    ) -> Operation {
        Operation("get", path, id: id, summary, parameters: parameters, answers: answers, refusals: common + refusals)
    }

    /// What may become of any question: docs/api.md tells when.
    static let common = [403, 413, 417, 429, 431, 500, 503]

    /// 1 to 32 digits of a trace id.
    static let digits = Schema.pattern("^[0-9a-fA-F]{1,32}$")

    static let traceID = Parameter(
        "id", in: .path, digits, "the trace's id, zeros in front left out or not", example: "4bf92f3577b34da6")

    static func flag(_ name: String, _ text: String) -> Parameter {
        Parameter(name, .words(["1", "true", "yes", "", "0", "false", "no"]), text)
    }

    static func limit(_ most: Int) -> Parameter {
        Parameter("limit", .integer(min: 1), "more than \(most) means \(most)", example: "5")
    }

    static func page(_ most: Int) -> [Parameter] {
        [limit(most), Parameter("cursor", .string, "the `next` of the page before")]
    }
}
