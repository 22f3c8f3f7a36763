// SPDX-License-Identifier: Apache-2.0
// Kinds of errors: a row of numbers, and below it what was said.

package import SondeModel
package import SondeTerminal

package struct ErrorsDrawing: Sendable {
    let errors: [ErrorFingerprint]
    let canvas: Canvas
    private let hues: ServiceHues

    package init(_ errors: [ErrorFingerprint], on canvas: Canvas) {
        self.errors = errors
        self.canvas = canvas
        hues = ServiceHues(errors.lazy.map(\.signature.service))
    }

    package func lines() -> [StyledText] {
        let times = StartColumn(errors.flatMap { [$0.firstSeen, $0.lastSeen] }, canvas.zone)
        var table = Table(columns: [
            .init("count", .right), .init("traces", .right, leavesAt: 3), .init("first seen", leavesAt: 2),
            .init("last seen" + times.titleSuffix, leavesAt: 1), .init("where", shrinksTo: 12), .init("trace"),
        ])
        for error in errors {
            var place = hues.text(error.signature.service)
            place.append(": ", .faint)
            place.append(Phrase.operation(error.signature.operation))
            table.append([
                StyledText(Quantity.count(error.count), .bad), StyledText(Quantity.count(error.traceCount)),
                StyledText(times.text(error.firstSeen), .faint), StyledText(times.text(error.lastSeen)), place,
                StyledText(String(error.sampleTrace.sentHex.prefix(Limits.arrivalIDDigits)), .faint),
            ])
        }
        let rows = table.lines(width: canvas.width)
        return [rows[0]] + zip(rows.dropFirst(), errors).flatMap { [$0] + message($1) }
    }

    /// What was said, under its row.
    private func message(_ error: ErrorFingerprint) -> [StyledText] {
        let said = [error.signature.type, error.sampleMessage.isEmpty ? error.signature.message : error.sampleMessage]
            .filter { !$0.isEmpty }.joined(separator: ": ")
        guard !said.isEmpty else { return [] }
        let first = said.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? said
        var line = StyledText("       ")
        line.append(first, .bad)
        return [line.truncated(to: canvas.width)]
    }
}
