// SPDX-License-Identifier: Apache-2.0
// What the doctor found: a sentence, what it rests on, and what to type to see it.

package import SondeModel
package import SondeTerminal

package struct FindingsDrawing: Sendable {
    let findings: [Finding]
    /// What commands need to ask the same source; empty for the usual one.
    let place: String
    let canvas: Canvas

    package init(_ findings: [Finding], where place: String, on canvas: Canvas) {
        self.findings = findings
        self.place = place
        self.canvas = canvas
    }

    package func lines() -> [StyledText] { findings.flatMap { lines($0) + [StyledText()] } }

    /// What was looked at, and for what.
    package static func scope(_ sample: TraceSample, on canvas: Canvas) -> [StyledText] {
        var text = "Looked at \(Quantity.counted(sample.used, "trace")), \(Quantity.counted(sample.spans, "span"))"
        if let earliest = sample.earliest, let latest = sample.latest {
            text += ", from \(canvas.moment(earliest)) to \(canvas.moment(latest))"
        }
        text += ", for \(kinds)."
        if let reason = sample.partialReason { text += " \(reason.prefix(1).uppercased() + reason.dropFirst())." }
        return StyledText(text, .faint).wrapped(to: canvas.width)
    }

    private static let kinds =
        "errors, refusals, time-outs, retry storms, slow operations, N+1 calls, calls that could run side by side, what "
        + "slow traces share, missing parts, clocks that disagree"

    private func lines(_ finding: Finding) -> [StyledText] {
        var title = StyledText(mark(finding.severity), Self.role(finding.severity))
        title.append(finding.title, .strong)
        var lines = indented(title, by: Limits.findingIndent)
        let evidence = Self.evidence(of: finding)
        if !evidence.isEmpty { lines += body(evidence) }
        if !finding.command.isEmpty {
            // Never broken: it is there to be copied.
            var command = StyledText(String(repeating: " ", count: Limits.findingIndent))
            command.append(finding.command + place, .hue(0))
            lines.append(command)
        }
        return lines
    }

    /// The numbers and words that it rests on.
    static func evidence(of finding: Finding) -> StyledText {
        var evidence = StyledText()
        for item in finding.evidence {
            if !evidence.isEmpty { evidence.append(" · ", .faint) }
            evidence.append(words(item.name) + " ", .faint)
            evidence.append(text(item.value))
        }
        return evidence
    }

    private func mark(_ severity: Finding.Severity) -> String {
        switch severity {
        case .critical: "✗ critical  "
        case .warning: "! warning   "
        case .info: "· info      "
        }
    }

    static func role(_ severity: Finding.Severity) -> Role {
        switch severity {
        case .critical: .bad
        case .warning: .notice
        case .info: .faint
        }
    }

    private func body(_ text: StyledText) -> [StyledText] {
        var line = StyledText(String(repeating: " ", count: Limits.findingIndent))
        line.append(text)
        return indented(line, by: Limits.findingIndent)
    }

    /// Lines that go on stand below the text of the first.
    private func indented(_ text: StyledText, by indent: Int) -> [StyledText] {
        let (head, tail) = text.split(atWidth: indent)
        return tail.wrapped(to: max(1, canvas.width - indent)).enumerated().map { place, part in
            var line = place == 0 ? head : StyledText(String(repeating: " ", count: indent))
            line.append(part)
            return line
        }
    }

    /// `slowShare` as it is read: slow share.
    private static func words(_ name: String) -> String {
        var words = ""
        for character in name {
            if character.isUppercase { words += " " }
            words += character.lowercased()
        }
        return words
    }

    private static func text(_ value: Finding.Evidence.Value) -> String {
        switch value {
        case .count(let count): Quantity.count(count)
        case .nanoseconds(let nanoseconds): Quantity.duration(nanoseconds: nanoseconds)
        case .share(let share): Phrase.percent(share)
        case .text(let text): text
        }
    }
}
