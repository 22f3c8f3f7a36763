// SPDX-License-Identifier: Apache-2.0
// A search as a person would type it: what the query line begins with, and what links and copied commands say.

import SondeModel
import SondeStorage

extension TraceQuery {
    /// The conditions in the shorthand, or the query in TraceQL. Conditions beside a query in TraceQL are left to
    /// ``flags``: the language has no place for them.
    var words: String {
        // What the other conditions could express alone is part of the shorthand's text as well.
        if let expression { return expression.text }
        return terms.joined(separator: " ")
    }

    /// The conditions beside a query in TraceQL, as flags of a command.
    var flags: String {
        guard expression?.isTraceQL == true else { return "" }
        var text = ""
        if let service { text += " --service " + ShellWord.quoted(service) }
        if let operation { text += " --operation " + ShellWord.quoted(operation) }
        if let kind { text += " --kind " + kind.name }
        if let status { text += " --status " + status.name }
        if let minDuration { text += " --min-duration \(minDuration)ns" }
        if let maxDuration { text += " --max-duration \(maxDuration)ns" }
        if let minTraceDuration { text += " --min-trace-duration \(minTraceDuration)ns" }
        if let maxTraceDuration { text += " --max-trace-duration \(maxTraceDuration)ns" }
        for condition in attributes { text += " --attr " + ShellWord.quoted(condition.key + "=" + condition.value) }
        return text
    }

    private var terms: [String] {
        var terms: [String] = []
        if let service { terms.append("service=" + Self.quoted(service, stars: true)) }
        if let operation { terms.append("name=" + Self.quoted(operation, stars: true)) }
        if let kind { terms.append("kind=" + kind.name) }
        if let status { terms.append(status == .error ? "error" : "status=" + status.name) }
        if let minDuration { terms.append("duration>=" + TimeRange.short(minDuration)) }
        if let maxDuration { terms.append("duration<=" + TimeRange.short(maxDuration)) }
        if let minTraceDuration { terms.append("traceDuration>=" + TimeRange.short(minTraceDuration)) }
        if let maxTraceDuration { terms.append("traceDuration<=" + TimeRange.short(maxTraceDuration)) }
        return terms + attributes.map { Self.quoted($0.key) + "=" + Self.quoted($0.value) }
    }

    /// As the shorthand takes it back: in quotes where it has to be.
    /// - Parameter stars: whether a star would stand for anything there, and has to be made plain.
    static func quoted(_ text: String, stars: Bool = false) -> String {
        let isPlain =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.numericType != nil || "._-/:@".unicodeScalars.contains($0)
            }
        guard !isPlain else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" || (scalar == "*" && stars) { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
