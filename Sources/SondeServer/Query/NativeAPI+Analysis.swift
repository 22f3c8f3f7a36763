// SPDX-License-Identifier: Apache-2.0
// Descriptions of what is worked out: completion, the analysis of one trace, and what many traces come to.

import SondeModel
import SondeStorage
import SondeWire

extension NativeAPI {
    // MARK: Attributes

    static let attributeQuestions: [Operation] = [
        question(
            "/sonde/v1/attributes", id: "listAttributes", "The attribute keys that spans bear, by key, then scope.",
            attributeConditions,
            answer: .object([("attributes", .list(.named("AttributeKey"))), ("total", .named("Total"))])),
        question(
            "/sonde/v1/attributes/{key}/values", id: "listAttributeValues",
            "The values of one key, the most frequent first.",
            [Parameter("key", in: .path, .string, "the key", example: "http.method")] + attributeConditions,
            answer: .object([("values", .list(.named("AttributeValue"))), ("total", .named("Total"))])),
    ]

    private static let attributeConditions =
        [
            Parameter("service", .string, "of this service", example: "orders"),
            Parameter("scope", .words(ListedScope.allCases.map(\.rawValue)), "keys that stand there"),
            Parameter("prefix", .string, "what the key (the value) begins with"),
        ] + range + [limit(AttributeQuery.maxLimit)]

    // MARK: Analysis

    static let analysis: [Operation] = [
        question(
            "/sonde/v1/traces/{id}/analysis", id: "analyseTrace",
            "Critical path, operations, repeats, retries and origins of errors of one trace.",
            [traceID, Parameter("format", .words(["json", "folded"]), "`folded` for folded stacks")],
            answers: [
                Answer("the analysis", [("application/json", .named("Analysis")), ("text/plain", .string)])
            ], refusals: [400, 404]),
        question(
            "/sonde/v1/diff", id: "compareTraces", "What tells two traces, or two groups of traces, apart.",
            [
                Parameter("a", digits, "a trace"), Parameter("b", digits, "the trace to compare it with"),
                Parameter("by", .string, "`slow`, `before=TIME` or `version=A,B`", example: "slow"),
                Parameter("aq", .string, "a search"), Parameter("bq", .string, "the search to compare it with"),
            ] + conditions, answers: [Answer("what differs", [("application/json", .named("Difference"))])],
            refusals: [400, 404]),
        question(
            "/sonde/v1/errors", id: "listErrors", "Failures by kind over many traces, counted where they begin.",
            conditions,
            answer: .object([
                ("errors", .list(.named("ErrorKind"))), ("omitted", count), ("sample", .named("Sample")),
            ])),
        question(
            "/sonde/v1/repeats", id: "listRepeats", "Calls that the same code makes again and again.", conditions,
            answer: .object([("repeats", .list(.named("Repeat"))), ("sample", .named("Sample"))])),
        question(
            "/sonde/v1/findings", id: "listFindings", "What the doctor finds in the traces of a search.", conditions,
            answer: .object([("findings", .list(.named("Finding"))), ("sample", .named("Sample"))])),
    ]

    // MARK: Schemas

    static let analysisSchemas: [(name: String, schema: Schema)] = [
        (
            "AttributeKey",
            .object([
                ("key", .string), ("scope", .words(ListedScope.allCases.map(\.rawValue))), ("types", .list(.string)),
                ("spanCount", count),
            ])
        ),
        ("AttributeValue", .object([("value", .string), ("type", .string), ("count", count)])),
        (
            "Analysis",
            .object([
                ("trace", .anything), ("criticalPath", .object([("segments", .list(.anything))])),
                ("operations", .list(.anything)), ("repeats", .list(.anything)), ("serialRuns", .list(.anything)),
                ("retries", .list(.anything)), ("errors", .list(.anything)), ("adjustments", .list(.anything)),
                ("findings", .list(.named("Finding"))),
            ])
        ),
        (
            "Difference",
            .object([
                ("a", .anything), ("b", .anything), ("positions", .list(.anything)), ("positionsOmitted", count),
                ("attributes", .list(.anything)),
            ])
        ),
        (
            "ErrorKind",
            .object([
                ("id", .string), ("service", .string), ("operation", .string), ("type", .string),
                ("message", .string), ("count", count), ("traceCount", count), ("firstSeen", .moment),
                ("lastSeen", .moment), ("sampleTraceId", .named("TraceId")),
            ])
        ),
        (
            "Repeat",
            .object([
                ("service", .string), ("operation", .string), ("statement", .string), ("nPlusOne", .boolean),
                ("count", count), ("traceCount", count),
            ])
        ),
        (
            "Finding",
            .object([
                ("kind", .string), ("severity", .words(["info", "warning", "critical"])), ("title", .string),
                ("evidence", .map(.anything)), ("command", .string),
            ])
        ),
        (
            "Sample",
            .object([("used", count), ("spans", count), ("matched", .named("Total")), ("partial", .orNull(.string))])
        ),
    ]
}
