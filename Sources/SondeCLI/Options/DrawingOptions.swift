// SPDX-License-Identifier: Apache-2.0
// How an answer looks.

import ArgumentParser
import SondeTerminal

/// Encodings of lists.
enum ListFormat: String, CaseIterable, ExpressibleByArgument { case text, json, ndjson }

/// Encodings of one trace.
enum TraceFormat: String, CaseIterable, ExpressibleByArgument { case text, json, ndjson, otlp }

extension ColorChoice: ExpressibleByArgument {}

struct DrawingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Colours: auto is on a terminal only, and not with NO_COLOR.", valueName: "when"))
    var color = ColorChoice.auto

    @Flag(help: "Tell times in UTC rather than in local time.")
    var utc = false
}
