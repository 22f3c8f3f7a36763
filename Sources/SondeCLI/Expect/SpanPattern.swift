// SPDX-License-Identifier: Apache-2.0
// A query held against one trace that is already here.

import SondeModel
import SondeStorage

struct SpanPattern: Hashable {
    /// As it was typed.
    let text: String
    let query: TraceQuery

    /// - Parameter flag: the flag that gave the text, if one did; named where it can't be read.
    init(_ text: String, of flag: String) throws(CommandFailure) {
        var query = TraceQuery()
        do throws(QuerySyntaxError) { try query.add(text) } catch {
            let lines = error.excerpt(of: text).map { "  " + $0 }
            throw CommandFailure(
                .usage, (flag.isEmpty ? "" : "\(flag): ") + error.sentence,
                advice: lines.isEmpty ? "docs/query.md says what can be asked." : lines.joined(separator: "\n"))
        }
        self.text = text
        self.query = query
    }

    func matches(_ trace: Trace) -> Bool { query.summary(of: trace) != nil }
}
