// SPDX-License-Identifier: Apache-2.0
// The traces that a search has found so far, in the order that was asked for. Pages are added below, news on top; a
// trace that still grows is replaced by its newer summary.

import SondeModel
import SondeStorage

struct TraceList: Sendable {
    enum Order: String, CaseIterable, Sendable {
        case newest, duration, spans, errors

        var next: Order {
            let all = Self.allCases
            return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
        }
    }

    /// In the order of ``order``.
    private(set) var traces: [TraceSummary] = []
    private(set) var next: TraceCursor?
    private(set) var total = Total(0, isExact: true)
    private(set) var longest: UInt64 = 0
    private(set) var order = Order.newest
    /// Whether more were found than are kept.
    private(set) var isFull = false

    var newest: Timestamp? { traces.lazy.map(\.start).max() }
    var oldest: Timestamp? { traces.lazy.map(\.start).min() }

    mutating func replace(with page: TracePage) {
        traces = page.traces
        (next, total, isFull) = (page.next, page.total, false)
        arrange()
    }

    mutating func append(_ page: TracePage) {
        (next, total) = (page.next, page.total)
        add(page.traces)
    }

    /// News: the newest traces, among them some that are known. Where more has come than a page holds they take the place
    /// of the list: what lies between would never be seen.
    mutating func takeNews(_ page: TracePage, now: Timestamp) {
        if page.next != nil, let newest, let oldestNews = page.traces.last?.start, oldestNews > min(newest, now) {
            return replace(with: page)
        }
        let before = traces.count
        add(page.traces)
        total.value += max(0, traces.count - before)
    }

    private mutating func add(_ summaries: [TraceSummary]) {
        var places = Dictionary(traces.enumerated().map { ($1.traceID, $0) }) { $1 }
        for summary in summaries {
            if let place = places[summary.traceID] {
                traces[place] = summary
            } else {
                places[summary.traceID] = traces.count
                traces.append(summary)
            }
        }
        arrange()
    }

    mutating func sort(by order: Order) {
        self.order = order
        arrange()
    }

    func place(of id: TraceID) -> Int? { traces.firstIndex { $0.traceID == id } }

    private mutating func arrange() {
        let order = order
        traces.sort { a, b in
            let (x, y) = (Self.weight(a, order), Self.weight(b, order))
            if x != y { return x > y }
            return a.start != b.start ? a.start > b.start : a.traceID > b.traceID
        }
        if traces.count > Limits.tracesKept {
            // The oldest go, wherever the order has put them.
            let oldest = traces.map(\.start).sorted(by: >)[Limits.tracesKept - 1]
            traces.removeAll { $0.start < oldest }
            isFull = true
            next = nil
        }
        longest = traces.lazy.map(\.durationNanoseconds).max() ?? 0
    }

    private static func weight(_ trace: TraceSummary, _ order: Order) -> UInt64 {
        switch order {
        case .newest: trace.start.nanoseconds
        case .duration: trace.durationNanoseconds
        case .spans: UInt64(max(0, trace.spanCount))
        case .errors: UInt64(max(0, trace.errorCount))
        }
    }
}
