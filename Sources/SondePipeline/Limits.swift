// SPDX-License-Identifier: Apache-2.0
// The bounds of the road between a receiver and the store.

/// What admission lets through.
package struct AdmissionLimits: Hashable, Sendable {
    /// Spans in one batch. A 16 MiB body holds about 35 000 spans of usual size; what has more is many tiny ones, whose
    /// index in memory would outgrow their bytes. Senders are told this number when they exceed it; docs/api.md names it.
    package var maxSpansPerBatch = 65_536

    /// Log records in one batch; reason as for spans.
    package var maxLogsPerBatch = 65_536

    package init() {}
}

package enum PipelineLimits {
    /// Bytes of request bodies held at once, received and inflated together: this room's share of the 128 MB that
    /// `--max-memory` gives by default. Over it senders are told to wait.
    package static let inFlightBytes = 40 * 1024 * 1024

    /// What a sender is told to wait when memory is short. Bodies live for milliseconds, so the shortest time that
    /// `Retry-After` can say is long enough.
    package static let retryAfterMemory = Duration.seconds(1)

    // Metrics from spans.

    /// Label sets of spans, about 1 kB each in memory and 3 kB on the page: a shop of 20 services has some 300.
    package static let spanSeries = 1_000
    /// Label sets of calls between services.
    static let callSeries = 1_000
    /// Resources shown as targets. Instances that come and go are forgotten when they are idle.
    static let targets = 500
    /// Attributes of a resource that become labels of its target.
    static let targetLabels = 32
    /// Bytes of a resource that is shown as a target: usual ones have some hundred.
    static let targetBytes = 8_192
    /// Bytes of a name that are looked at: with its ids replaced it should fit into a label.
    static let spanNameBytes = 512
    /// Names as they came whose series is remembered, at some 100 bytes each, 2 kB at most. More are templated anew.
    static let spanNamesRemembered = 8_192
    /// Bytes of a name or a dimension in a label: what is longer is no name to be grouped by.
    static let spanLabelBytes = 256
    /// The first upper bound of spans' durations, in nanoseconds, and how often it doubles: 2 ms to 16 s, as in Tempo.
    static let firstSpanBound: UInt64 = 2_000_000
    static let spanBounds = 14
    /// The same for calls: 0.1 s to 12.8 s.
    static let firstCallBound: UInt64 = 100_000_000
    static let callBounds = 8
    /// A series that nothing was added to for so long is forgotten: Tempo's stale duration.
    static let seriesIdleTime = Duration.seconds(15 * 60)
    /// One half of a call waits so long for the other. SDKs send every 5 s.
    static let callWait = Duration.seconds(10)
    /// Halves that wait at once, at some 200 bytes each, gaps included. At 5 s of delay enough for 6 500 calls a second
    /// whose two sides come apart; Tempo keeps 10 000.
    static let callsWaiting = 32_768
    /// Batches that wait to be counted, of 16 MiB each at most: one for each thread that takes some, and a few more.
    static let batchesUncounted = 8
}

/// What an analysis of many traces may cost. Whoever asks is told what was left out.
package struct TraceSampleLimits: Hashable, Sendable {
    /// Traces read in full, on each side of a comparison. Each costs a store a millisecond or two; a thousand tell what
    /// ten thousand would.
    package var maxTraces = 1_000
    /// Spans read in all: the time that the analysis itself takes, some microseconds each.
    package var maxSpans = 500_000
    /// Spans of one trace; larger ones are left out, since all of it is in memory at once.
    package var maxSpansPerTrace = 200_000
    /// Summaries looked at to find the slowest: ten to twenty pages of a search.
    package var maxSummaries = 20_000
    /// For all of it. Askers give up after 30 s.
    package var time = Duration.seconds(15)
    /// Parts of the time range from which traces are taken alike, if there are too many to read all: a fault of ten
    /// minutes then shows in an hour of any traffic.
    package var slices = 12

    package init() {}
}
