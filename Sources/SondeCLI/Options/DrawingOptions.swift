// SPDX-License-Identifier: Apache-2.0
// How an answer looks.

import ArgumentParser
import SondeTerminal

/// Encodings of lists.
enum ListFormat: String, CaseIterable, ExpressibleByArgument { case text, json, ndjson }

/// Encodings of an answer that is one document.
enum DocumentFormat: String, CaseIterable, ExpressibleByArgument { case text, json }

/// Encodings of one trace.
enum TraceFormat: String, CaseIterable, ExpressibleByArgument { case text, json, ndjson, otlp, folded }

/// Drawings of one trace.
enum TraceForm: String, CaseIterable, ExpressibleByArgument { case tree, waterfall, flame }

/// Encodings of a graph.
enum GraphFormat: String, CaseIterable, ExpressibleByArgument { case text, json, dot, mermaid }

extension ColorChoice: ExpressibleByArgument {}

struct DrawingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Colours: auto is on a terminal only, and not with NO_COLOR.", valueName: "when"))
    var color = ColorChoice.auto

    @Flag(help: "Tell times in UTC rather than in local time.")
    var utc = false
}
