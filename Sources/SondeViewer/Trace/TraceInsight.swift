// SPDX-License-Identifier: Apache-2.0
// What the analysis says of a trace, kept as the screen needs it. Worked out off the loop: on a trace of 100 000 spans
// it takes longer than a picture may.

import SondeAnalysis
package import SondeModel

package struct TraceInsight: Sendable {
    /// The critical path, earliest stretch first. Times are adjusted where clocks disagree.
    let path: [PathSegment]
    /// For each span on the path its first stretch in ``pathBySpan``'s order; spans ascending.
    private let pathSpans: [UInt32]
    private let pathPlaces: [UInt32]
    /// Nanoseconds to add to each span's times; nil where all clocks agree.
    let adjustments: [Int64]?
    let adjustedCount: Int
    /// First spans of repetitions that look like N+1, with what is asked for.
    private let statements: [Int: Repetition]
    /// Failures that began something, the one that explains most first.
    let origins: [ErrorOrigin]
    let nPlusOneCount: Int
    /// Spans of the trace that this was worked out for.
    let spanCount: Int
    /// Spans by the time that they spent themselves, the longest first.
    let hottest: [Int]

    struct Repetition: Hashable, Sendable {
        var statement: String
        var isNPlusOne: Bool
    }

    package init(_ trace: Trace) {
        let report = TraceAnalysis.report(on: trace)
        let path: [PathSegment] = report.criticalPath.reversed()
        let order = path.indices.sorted { (path[$0].span, $0) < (path[$1].span, $1) }
        self.path = path
        pathSpans = order.map { UInt32(path[$0].span) }
        pathPlaces = order.map(UInt32.init)
        adjustedCount = report.annotations.count { $0.adjustmentNanos != 0 }
        adjustments = adjustedCount > 0 ? report.annotations.map(\.adjustmentNanos) : nil
        var statements: [Int: Repetition] = [:]
        for repetition in report.repeats where repetition.isNPlusOne || !repetition.statement.isEmpty {
            statements[repetition.firstSpan] = Repetition(
                statement: repetition.statement, isNPlusOne: repetition.isNPlusOne)
        }
        self.statements = statements
        spanCount = trace.spans.count
        nPlusOneCount = report.repeats.count { $0.isNPlusOne }
        origins = report.errorOrigins
        hottest = Self.hottest(report.annotations)
    }

    /// The spans with most time of their own, the first of them first: a few passes rather than sorting all.
    private static func hottest(_ annotations: [SpanAnnotation]) -> [Int] {
        var kept: [Int] = []
        var least: UInt64 = 0
        func cut() {
            kept.sort { (annotations[$1].selfNanos, $0) < (annotations[$0].selfNanos, $1) }
            kept.removeLast(max(0, kept.count - Limits.hottestSpans))
            if kept.count == Limits.hottestSpans, let last = kept.last { least = annotations[last].selfNanos }
        }
        for span in annotations.indices where annotations[span].selfNanos > least {
            kept.append(span)
            if kept.count == 4 * Limits.hottestSpans { cut() }
        }
        cut()
        return kept
    }

    /// What a repetition asks for again and again, and whether it need not.
    func repetition(of members: ArraySlice<UInt32>) -> Repetition? {
        guard let first = members.first else { return nil }
        if let found = statements[Int(first)] { return found }
        // Siblings of one name may ask for different things; any of these may be the one that repeats.
        guard statements.count < members.count else {
            return members.lazy.compactMap { [statements] in statements[Int($0)] }.first
        }
        return statements.keys.sorted().lazy.filter { members.has(UInt32($0)) }
            .compactMap { [statements] in statements[$0] }.first
    }

    /// The stretches of one span on the critical path, earliest first, by their place in ``path``.
    func stretches(of span: Int) -> ArraySlice<UInt32> {
        let first = pathSpans.partition(from: UInt32(span))
        let end = pathSpans.partition(from: UInt32(span) + 1)
        return pathPlaces[first..<end]
    }

    func isOnPath(_ span: Int) -> Bool { !stretches(of: span).isEmpty }

    /// Nanoseconds by which a span was moved to make the path.
    func adjustment(of span: Int) -> Int64 { adjustments?[span] ?? 0 }
}

extension RandomAccessCollection<UInt32> where Index == Int {
    /// The first place whose number is not below `value`; for sorted numbers, by halving.
    func partition(from value: UInt32) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func has(_ value: UInt32) -> Bool {
        let place = partition(from: value)
        return place < endIndex && self[place] == value
    }
}
