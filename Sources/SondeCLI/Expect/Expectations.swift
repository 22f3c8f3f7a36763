// SPDX-License-Identifier: Apache-2.0
// What a trace must be like, and a sentence for everything that it is not. Pure: the same trace gives the same sentences.

import SondeModel
import SondeTerminal

struct Expectations: Hashable {
    /// Each must be met by the trace.
    var has: [SpanPattern] = []
    /// None may be met.
    var hasNot: [SpanPattern] = []
    var maxDuration: UInt64?
    var minDuration: UInt64?
    var spans: ClosedRange<Int>?
    var allowsErrors = true
    /// Whether a trace may be judged of which parts are still on the way.
    var allowsIncomplete = false

    /// What is not as expected; empty if all is.
    func unmet(by trace: Trace) -> [String] {
        var sentences: [String] = []
        if !allowsIncomplete, !trace.isComplete {
            sentences.append("the trace is incomplete: parts of it have not arrived")
        }
        for pattern in has where !pattern.matches(trace) {
            sentences.append("it has nothing that matches \(pattern.text)")
        }
        for pattern in hasNot where pattern.matches(trace) {
            sentences.append("it has something that matches \(pattern.text)")
        }
        let took = trace.durationNanoseconds
        if let maxDuration, took > maxDuration {
            sentences.append("it took \(Self.duration(took)); at most \(Self.duration(maxDuration)) was expected")
        }
        if let minDuration, took < minDuration {
            sentences.append("it took \(Self.duration(took)); at least \(Self.duration(minDuration)) was expected")
        }
        if let spans, !spans.contains(trace.spans.count) {
            sentences.append("it has \(Quantity.counted(trace.spans.count, "span")); \(Self.text(spans)) expected")
        }
        if !allowsErrors { sentences += errors(in: trace) }
        return sentences
    }

    private func errors(in trace: Trace) -> [String] {
        let failed = trace.spans.filter(\.isError)
        guard let first = failed.first else { return [] }
        // The first one that says why is worth more than the first one.
        let telling = failed.first { !$0.status.message.isEmpty } ?? first
        let message = telling.status.message.isEmpty ? "" : ": " + telling.status.message
        return [
            "\(Quantity.counted(failed.count, "span")) failed; none was expected to: "
                + "\(telling.resource.serviceName): \(telling.name)\(message)"
        ]
    }

    private static func duration(_ nanoseconds: UInt64) -> String { Quantity.duration(nanoseconds: nanoseconds) }

    private static func text(_ spans: ClosedRange<Int>) -> String {
        if spans.lowerBound == spans.upperBound { return "\(spans.lowerBound) were" }
        return spans.upperBound == .max ? "at least \(spans.lowerBound) were" : "at most \(spans.upperBound) were"
    }
}
