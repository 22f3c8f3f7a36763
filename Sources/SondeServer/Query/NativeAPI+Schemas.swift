// SPDX-License-Identifier: Apache-2.0
// What the answers of the native API hold. Members may be added; those named here stay.

import SondeModel
import SondeWire

extension NativeAPI {
    static let schemas: [(name: String, schema: Schema)] =
        texts + [
            ("Error", .object([("error", .named("ErrorDetail"))])),
            (
                "ErrorDetail",
                .object(
                    [("code", .string), ("message", .string), ("hint", .orNull(.string))],
                    optional: [("offset", count)])
            ),
            ("Services", .object([("services", .list(.named("ServiceCount")))])),
            ("ServiceCount", .object([("name", .string), ("spanCount", count), ("errorCount", count)])),
            ("Operations", .object([("operations", .list(.object([("name", .string), ("kind", kind)])))])),
            ("Statistics", statistics), ("Total", .object([("value", count), ("exact", .boolean)])),
            ("Pin", .object([("traceId", .named("TraceId")), ("note", .string), ("pinnedAt", .moment)])),
        ] + traceSchemas + logSchemas + analysisSchemas + activitySchemas

    // MARK: Texts

    /// How ids, moments and durations are written.
    private static let texts: [(name: String, schema: Schema)] = [
        ("TraceId", .pattern("^[0-9a-f]{32}$")), ("SpanId", .pattern("^[0-9a-f]{16}$")),
        (
            "Moment",
            .pattern(
                "^(now([-+][0-9]{1,4}(ns|us|ms|s|m|h|d))?|[0-9]{1,17}"
                    + "|20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
                    + #"(\.[0-9]{1,9})?Z)$"#)
        ),
        ("Duration", .pattern("^[0-9]{1,6}(ns|us|ms|s|m|h|d)$")),
    ]

    static let count = Schema.integer(min: 0)
    static let kind = Schema.words(SpanKind.allCases.map(\.name))
    /// Attributes as an object; as a list of pairs where a key occurs twice.
    static let attributes = Schema.either([
        .map(.anything), .list(.object([("key", .string), ("value", .anything)])),
    ])

    private static let statistics = Schema.object([
        ("spans", count), ("unmergedSpans", count), ("traces", count), ("logs", count), ("bytes", count),
        ("blocks", count), ("services", count), ("pinnedTraces", count), ("pinnedBytes", count),
        ("oldest", .orNull(.moment)), ("newest", .orNull(.moment)),
    ])

    // MARK: Traces

    private static let traceSchemas: [(name: String, schema: Schema)] = [
        (
            "TracePage",
            .object([
                ("traces", .list(.named("TraceSummary"))), ("next", .orNull(.string)), ("total", .named("Total")),
            ])
        ),
        (
            "TraceSummary",
            .object(
                [
                    ("traceId", .named("TraceId")), ("rootService", .string), ("rootOperation", .string),
                    ("start", .moment), ("durationNanos", count), ("spanCount", count), ("errorCount", count),
                    ("services", .list(.named("ServiceCount"))), ("complete", .boolean),
                ],
                optional: [
                    ("missing", .named("MissingParts")), ("matched", count), ("spanSetsOmitted", count),
                    ("spanSets", .list(.named("SpanSet"))),
                ])
        ),
        ("MissingParts", .object([("root", .boolean), ("parents", count), ("unfinished", count)])),
        (
            "SpanSet",
            .object([("matched", count), ("attributes", .anything), ("spans", .list(.named("MatchedSpan")))])
        ),
        (
            "MatchedSpan",
            .object([
                ("spanRef", .named("SpanId")), ("service", .string), ("operation", .string), ("start", .moment),
                ("durationNanos", count), ("attributes", .anything),
            ])
        ),
        (
            "Trace",
            .either([
                .object([("trace", .named("TraceHead")), ("roots", .list(.named("Span")))]),
                .object([("trace", .named("TraceHead")), ("spans", .list(.named("Span")))]),
                // OTLP
                .object([("resourceSpans", .list(.anything))]),
            ])
        ),
        (
            "TraceHead",
            .object(
                [
                    ("id", .named("TraceId")), ("complete", .boolean), ("missingParents", .list(.named("SpanId"))),
                    ("spanTotal", count), ("start", .moment), ("durationNanos", count),
                ], optional: [("missing", .named("MissingParts"))])
        ),
        ("Span", span),
    ]

    private static let span = Schema.object(
        [
            ("spanId", .named("SpanId")), ("service", .string), ("operation", .string), ("kind", kind),
            ("start", .moment), ("durationNanos", count), ("selfNanos", count), ("depth", count),
            ("status", .object([("code", .words(StatusCode.allCases.map(\.name))), ("message", .string)])),
            ("flags", .list(.words(["error", "missingParent", "skewed", "unfinished", "criticalPath"]))),
            ("attributes", attributes), ("resource", attributes),
            ("scope", .object([("name", .string), ("version", .string)])),
            (
                "events",
                .list(
                    .object([
                        ("time", .moment), ("offsetNanos", .integer(min: nil)), ("name", .string),
                        ("attributes", attributes),
                    ]))
            ),
            (
                "links",
                .list(
                    .object([
                        ("traceRef", .named("TraceId")), ("spanRef", .named("SpanId")), ("attributes", attributes),
                    ]))
            ),
        ],
        optional: [
            ("parentSpanId", .named("SpanId")), ("children", .list(.named("Span"))), ("childrenOmitted", count),
        ])

    // MARK: Logs

    private static let logSchemas: [(name: String, schema: Schema)] = [
        (
            "LogPage",
            .object([("logs", .list(.named("Log"))), ("next", .orNull(.string)), ("total", .named("Total"))])
        ),
        (
            "Log",
            .object(
                [
                    ("time", .moment), ("level", .orNull(.string)), ("severityNumber", count), ("service", .string),
                    ("body", .anything), ("attributes", attributes), ("resource", attributes),
                    ("scope", .object([("name", .string), ("version", .string)])),
                ], optional: [("traceId", .named("TraceId")), ("spanId", .named("SpanId"))])
        ),
    ]
}
