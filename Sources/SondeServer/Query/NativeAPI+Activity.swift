// SPDX-License-Identifier: Apache-2.0
// Descriptions of what many spans come to: the graph of services, and rates, errors and durations over time.

import SondeModel
import SondeStorage
import SondeWire

extension NativeAPI {
    static let activity: [Operation] = [
        question(
            "/sonde/v1/graph", id: "serviceGraph", "Which service calls which, how often, how long, how often in vain.",
            [Parameter("service", .string, "only calls from or to this service", example: "orders"), quantile] + range,
            answer: .named("ServiceGraph")),
        question(
            "/sonde/v1/activity", id: "activity", "Calls, errors and durations by service or operation.",
            [
                Parameter("service", .string, "of this service; more than once: of any of these", example: "orders"),
                Parameter(
                    "kind", .words(SpanKind.allCases.map(\.name)), "of this kind; more than once: of any of these"),
                Parameter(
                    "by", .words(ActivityQuery.Grouping.allCases.map(\.rawValue)),
                    "`operation` by default; `kind` is operation and kind"),
                Parameter("step", .named("Duration"), "also tell each step of the range"),
                Parameter("window", .named("Duration"), "steps tell of so long a time up to their ends: whole steps"),
                quantile, flag("self", "also tell self times"),
            ] + range,
            answer: .object([("series", .list(.named("ActivitySeries")))])),
    ]

    private static let quantile = Parameter(
        "quantile", .pattern(#"^(0(\.[0-9]{1,6})?|1)(,(0(\.[0-9]{1,6})?|1)){0,4}$"#), "from 0 to 1, with commas",
        example: "0.5,0.95")

    static let activitySchemas: [(name: String, schema: Schema)] = [
        (
            "Durations",
            .object([
                ("count", count), ("totalNanos", count), ("minNanos", count), ("maxNanos", count),
                ("quantiles", .list(.object([("quantile", .number), ("nanos", count)]))), ("exact", .boolean),
            ])
        ),
        ("ServiceGraph", .object([("nodes", .list(node)), ("edges", .list(edge))])),
        (
            "ActivitySeries",
            .object(
                [("service", .string), ("operation", .orNull(.string)), ("kind", .orNull(kind))] + counts
                    + [("steps", .list(.object([("start", .moment)] + counts)))])
        ),
    ]

    private static let connection = Schema.words(ConnectionType.allCases.map(\.rawValue))

    private static let node = Schema.object([
        ("name", .string), ("connectionType", connection), ("spanCount", count), ("errorCount", count),
        ("entryCount", count),
    ])

    private static let edge = Schema.object([
        ("client", .string), ("server", .string), ("connectionType", connection), ("virtual", .boolean),
        ("calls", count), ("errors", count), ("serverDurations", .named("Durations")),
        ("clientDurations", .named("Durations")),
    ])

    private static let counts: [(String, Schema)] = [
        ("calls", count), ("errors", count), ("selfNanos", .orNull(count)), ("durations", .named("Durations")),
    ]
}
