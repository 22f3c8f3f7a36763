// SPDX-License-Identifier: Apache-2.0
// The door for what many spans come to: who called whom, how often, how long, how often in vain, in any time range. The
// answers are computed from the stored spans, so that they agree with every other answer of the store.

package import SondeModel

/// Sums up spans.
///
/// - Spans count by their start: those in `[start, end)` of the question. Relatives outside of the range are looked at
///   where they decide something (the caller of a span, the children that its self time excludes) and are not counted.
/// - A span that arrived twice (same trace id, span id and kind) counts once, the copy that a trace would show.
/// - Unfinished spans count as calls; they have no duration yet.
/// - Larger answers than the bounds of the questions allow are refused with ``ReadError/invalid(_:)``; never cut short.
/// - MAY be called from many tasks at once; each answer is one consistent snapshot.
package protocol ActivityReader: Sendable {
    /// Who called whom.
    func serviceGraph(_ query: ServiceGraphQuery) async throws(ReadError) -> ServiceGraph

    /// Calls, errors and durations by service or operation. Series are sorted by service, operation, kind; steps in
    /// which nothing started are left out.
    func activity(_ query: ActivityQuery) async throws(ReadError) -> [ActivitySeries]
}

// MARK: The graph

/// A question for the service graph.
package struct ServiceGraphQuery: Hashable, Sendable {
    /// Calls whose answering span (where there is none, the calling one) starts at or after this moment.
    package var start: Timestamp?
    /// And before this moment.
    package var end: Timestamp?
    /// Only edges from or to this service.
    package var service: String?
    /// Which quantiles to tell of every edge's durations, from 0 to 1.
    package var quantiles: [Double] = ServiceGraphQuery.defaultQuantiles

    package init() {}

    package static let defaultQuantiles = [0.5, 0.95]

    /// Edges of an answer at most: about 20 MB with their durations. No person reads a thousandth of it; more comes of
    /// callers that name each far end by an address of its own.
    package static let maxEdges = 10_000
}

// MARK: Activity

/// A question for calls, errors and durations.
package struct ActivityQuery: Hashable, Sendable {
    package enum Grouping: String, Hashable, Sendable, CaseIterable {
        case service
        /// Service and span name, whatever the kind.
        case operation
        /// Service, span name and kind.
        case kind
    }

    package var start: Timestamp?
    package var end: Timestamp?
    /// Spans of any of these; none means all.
    package var services: [String] = []
    /// Spans of any of these kinds; none means all.
    package var kinds: [SpanKind] = []
    package var grouping = Grouping.operation
    /// Cuts the range into steps of so many nanoseconds, counted from ``start``, else from 1970.
    package var step: UInt64?
    /// Each step tells of so many nanoseconds up to its end, instead of those that it has itself: whole steps. Steps
    /// whose window begins before ``start`` know only what lies behind it.
    package var window: UInt64?
    /// Which quantiles to tell of durations, from 0 to 1.
    package var quantiles: [Double] = []
    /// Whether to tell self times, for which every trace must be put together.
    package var wantsSelfTime = false

    package init() {}

    /// Series and steps of an answer at most, together: some megabytes of JSON, and less than 200 MB while it is made.
    package static let maxPoints = 20_000

    /// Steps of all series at most where steps tell of windows, those without any calls included: some 30 MB. A picture
    /// of two days by minutes has 70 series.
    package static let maxWindows = 200_000

    /// Quantiles asked for at most; a picture shows a few.
    package static let maxQuantiles = 20
}

// MARK: What questions may ask

extension ServiceGraphQuery {
    package func check() throws(ReadError) {
        try ActivityQuery.check(quantiles: quantiles)
    }

    package static func tooManyEdges() -> ReadError {
        .invalid(
            "the graph has more than \(maxEdges) edges; ask for a shorter time, or for the edges of one service")
    }

    /// Whether a span that starts then is in the range.
    package func admits(_ moment: Timestamp) -> Bool {
        moment >= start ?? .zero && (end.map { moment < $0 } ?? true)
    }
}

extension ActivityQuery {
    package func check() throws(ReadError) {
        if step == 0 { throw .invalid("a step of 0 ns cuts nothing; give a longer one") }
        try checkWindow()
        try Self.check(quantiles: quantiles)
    }

    fileprivate static func check(quantiles: [Double]) throws(ReadError) {
        guard quantiles.count <= maxQuantiles else {
            throw .invalid("\(quantiles.count) quantiles are asked for; at most \(maxQuantiles) are told")
        }
        for quantile in quantiles where !(0...1).contains(quantile) {
            throw .invalid("\(quantile) is not a quantile; expected a number from 0 to 1")
        }
    }

    private func checkWindow() throws(ReadError) {
        guard let window else { return }
        guard let step, start != nil, end != nil, window > 0, window % step == 0 else {
            throw .invalid("a window is made of whole steps, in a range with both ends")
        }
        guard windowsOfSeries <= Self.maxWindows else { throw Self.tooManyPoints() }
    }

    /// Steps of one series where steps tell of windows.
    var windowsOfSeries: Int {
        guard let step, step > 0, let start, let end, start < end else { return 0 }
        return Int(clamping: min(start.nanoseconds(until: end) / step, UInt64(Int64.max) - 1) + 1)
    }

    package static func tooManyPoints() -> ReadError {
        .invalid(
            "the answer has more than \(maxPoints) series and steps; ask for a shorter time, longer steps, fewer services, "
                + "or group by service")
    }

    /// Whether a span that starts then is in the range.
    package func admits(_ moment: Timestamp) -> Bool {
        moment >= start ?? .zero && (end.map { moment < $0 } ?? true)
    }

    /// The start of the step that a moment of the range falls in.
    package func stepStart(_ moment: Timestamp) -> Timestamp? {
        guard let step, step > 0 else { return nil }
        let origin = start?.nanoseconds ?? 0
        return Timestamp(nanoseconds: moment.nanoseconds - (moment.nanoseconds - origin) % step)
    }
}
