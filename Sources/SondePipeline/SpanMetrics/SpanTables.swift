// SPDX-License-Identifier: Apache-2.0
// The tables that spans are counted in, and how long what they hold is kept.

import SondeModel

struct SpanTables {
    private var names: NameTable
    private var resources: ResourceTable
    private var series: SeriesTable
    private var graph: CallGraph
    /// When idle rows are looked for again: a table that is full asks for every batch.
    private var nextLook: ContinuousClock.Instant

    init(_ configuration: SpanMetricsConfiguration, now: ContinuousClock.Instant) {
        let dimensions = DimensionReader(configuration.dimensions)
        // A series has one name, an edge two.
        names = NameTable(services: configuration.maxSeries, peers: 2 * PipelineLimits.callSeries, now: now)
        resources = ResourceTable(dimensions: dimensions)
        series = SeriesTable(dimensions: dimensions, maxSeries: configuration.maxSeries, now: now)
        graph = CallGraph(now: now)
        nextLook = now
    }

    mutating func count(_ batch: SpanBatch, _ now: ContinuousClock.Instant) {
        graph.giveUp(before: now, &names)
        if names.isFull || resources.isFull || series.isFull || graph.isFull { dropIdle(now) }
        batch.bytes.withUnsafeBufferPointer { bytes in
            batch.entries.withUnsafeBufferPointer { spans in
                guard let base = bytes.baseAddress, let first = spans.baseAddress else { return }
                count(first, spans.count, batch.resources, base, now)
            }
        }
    }

    /// Spans whose halves of calls are looked for together: what they touch is a few kilobytes.
    private static let spansAtOnce = 32

    private mutating func count(
        _ spans: UnsafePointer<SpanEntry>, _ count: Int, _ entries: [ResourceEntry], _ base: UnsafePointer<UInt8>,
        _ now: ContinuousClock.Instant
    ) {
        var index = UInt32.max
        var resource = KnownResource(service: NameTable.rest, dimensions: [])
        for place in 0..<count {
            let span = spans + place
            if place % Self.spansAtOnce == 0 { graph.approach(span, min(Self.spansAtOnce, count - place)) }
            // Without an end it lasted no time, and it will come again.
            guard span.pointee.end != .zero else { continue }
            if span.pointee.resource != index {
                index = span.pointee.resource
                resource = resources.see(entries[Int(index)], base, &names, now)
            }
            series.record(span, of: resource, base, names, now)
            graph.record(span, of: resource.service, base, &names, now)
        }
    }

    mutating func snapshot(_ now: ContinuousClock.Instant) -> SpanMetricsSnapshot {
        graph.giveUp(before: now, &names)
        dropIdle(now)
        return SpanMetricsSnapshot(
            spans: series.snapshot(), edges: graph.snapshot(names), targets: resources.snapshot(),
            unpaired: graph.unpairedSnapshot(names), droppedHalves: graph.droppedHalves,
            overflowedSpans: series.overflowed, overflowedCalls: graph.overflowed)
    }

    /// Forgets what nothing was added to for a while: names last, since all others hold their numbers, and whoever uses
    /// a row uses its names.
    private mutating func dropIdle(_ now: ContinuousClock.Instant) {
        guard now >= nextLook else { return }
        nextLook = now + .seconds(1)
        let moment = now - PipelineLimits.seriesIdleTime
        series.dropIdle(since: moment)
        graph.dropIdle(since: moment)
        resources.dropIdle(since: moment)
        names.dropIdle(since: moment)
    }
}

extension SpanExemplar {
    init(of span: UnsafePointer<SpanEntry>) {
        self.init(
            traceID: span.pointee.traceID, spanID: span.pointee.spanID,
            duration: span.pointee.start.nanoseconds(until: span.pointee.end), time: span.pointee.end)
    }
}
