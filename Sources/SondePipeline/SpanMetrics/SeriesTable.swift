// SPDX-License-Identifier: Apache-2.0
// Rates, errors and durations of spans by their labels. A span finds its row by one lookup of bytes:
//
//   key = text(service) kind status text(name) text(value)*      values: of the configured dimensions, in their order
//   text = length (2 bytes) bytes
//
// The key with the name as it came leads to a row as well as the key with the name templated, so that templating is paid
// once a name and not once a span. Everything in a key is cut: a span costs the same whatever its sender wrote.

import SondeModel

struct SeriesTable {
    private let dimensions: [[UInt8]]
    private let dimensionNames: [String]
    private let maxSeries: Int
    /// Row 0 is for what is too much.
    private var labels: [SpanSeries.Labels?] = [nil]
    private var durations = HistogramTable(
        firstBound: PipelineLimits.firstSpanBound, boundCount: PipelineLimits.spanBounds)
    private var bytes: [UInt64] = [0]
    private var book = RowBook()
    private var rows: [[UInt8]: Int] = [:]
    /// Keys in `rows` whose name is not templated.
    private var aliasCount = 0
    private var key: [UInt8] = []
    /// How the keys of the resource at hand begin, and what it says of the dimensions.
    private var prefix: [UInt8] = []
    private var resourceValues: [[UInt8]] = []
    private var values: [[UInt8]] = []
    private(set) var overflowed: UInt64 = 0

    init(_ configuration: SpanMetricsConfiguration) {
        dimensions = configuration.dimensions.map { Array($0.utf8) }
        dimensionNames = configuration.dimensions
        maxSeries = configuration.maxSeries
        durations.clear(book.take(.now))
    }

    /// Called when spans of another resource follow: what it says is read once.
    mutating func begin(_ resource: BatchResource, _ base: UnsafePointer<UInt8>) {
        prefix.removeAll(keepingCapacity: true)
        Self.append(resource.service.utf8, to: &prefix)
        guard !dimensions.isEmpty else { return }
        values = Array(repeating: [], count: dimensions.count)
        fill(AttributeCursor(base: base, range: resource.body, field: 1), base)
        resourceValues = values
    }

    /// Counts a span of the resource at hand.
    mutating func record(
        _ span: SpanEntry, of resource: BatchResource, _ base: UnsafePointer<UInt8>, _ now: ContinuousClock.Instant
    ) {
        let name = UnsafeBufferPointer(
            start: base + span.name.lowerBound, count: min(Int(span.name.count), PipelineLimits.spanNameBytes))
        makeKey(span, name, base)
        let row = rows[key] ?? templatedRow(span, name, resource, now)
        if row == 0 { overflowed &+= 1 }
        durations.add(span.start.nanoseconds(until: span.end), to: row, span)
        bytes[row] &+= UInt64(span.body.count)
        book.use(row, now)
    }

    // MARK: Keys

    private mutating func makeKey(
        _ span: SpanEntry, _ name: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>
    ) {
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: prefix)
        key.append(span.kind.rawValue)
        key.append(span.status.rawValue)
        Self.append(name, to: &key)
        guard !dimensions.isEmpty else { return }
        values = resourceValues
        fill(AttributeCursor(base: base, range: span.attributes, field: 9), base)
        for value in values { Self.append(value, to: &key) }
    }

    private static func append(_ text: some Collection<UInt8>, to key: inout [UInt8]) {
        key.append(UInt8(truncatingIfNeeded: text.count >> 8))
        key.append(UInt8(truncatingIfNeeded: text.count))
        key.append(contentsOf: text)
    }

    /// What cannot be read was refused by the decoder already; the label is then absent.
    private mutating func fill(_ cursor: consuming AttributeCursor, _ base: UnsafePointer<UInt8>) {
        var cursor = cursor
        while (try? cursor.next()) == true {
            let found = UnsafeBufferPointer(start: base + cursor.key.lowerBound, count: Int(cursor.key.count))
            for (place, key) in dimensions.enumerated() where key.elementsEqual(found) {
                let value = try? ProtobufReader.value(base: base, range: cursor.value)
                values[place] = SpanNameTemplate.cut(Array((value?.text ?? "").utf8))
            }
        }
    }

    // MARK: Rows

    /// The row under the templated name, in text that is valid: what Prometheus would take for the same is the same. The
    /// key at hand then leads there too.
    private mutating func templatedRow(
        _ span: SpanEntry, _ name: UnsafeBufferPointer<UInt8>, _ resource: BatchResource,
        _ now: ContinuousClock.Instant
    ) -> Int {
        let alias = key
        let found = SpanSeries.Labels(
            service: resource.service, name: String(decoding: SpanNameTemplate.bytes(of: name), as: UTF8.self),
            kind: span.kind, status: span.status, dimensions: dimensionTexts())
        key = key(of: found)
        let row = rows[key] ?? newRow(found, now)
        if key != alias || row == 0 { remember(alias, row) }
        return row
    }

    private func dimensionTexts() -> [String: String] {
        var texts: [String: String] = [:]
        for (name, value) in zip(dimensionNames, values) where !value.isEmpty {
            texts[name] = String(decoding: value, as: UTF8.self)
        }
        return texts
    }

    private func key(of labels: SpanSeries.Labels) -> [UInt8] {
        var key: [UInt8] = []
        Self.append(labels.service.utf8, to: &key)
        key.append(labels.kind.rawValue)
        key.append(labels.status.rawValue)
        Self.append(labels.name.utf8, to: &key)
        for name in dimensionNames { Self.append((labels.dimensions[name] ?? "").utf8, to: &key) }
        return key
    }

    private mutating func newRow(_ found: SpanSeries.Labels, _ now: ContinuousClock.Instant) -> Int {
        if book.usedCount > maxSeries { dropIdle(now) }
        guard book.usedCount <= maxSeries else { return 0 }
        let row = book.take(now)
        if row == labels.count {
            labels.append(nil)
            bytes.append(0)
        }
        labels[row] = found
        bytes[row] = 0
        durations.clear(row)
        rows[key] = row
        return row
    }

    /// Names that differ in an id each would fill the table: it is emptied of them now and then.
    private mutating func remember(_ alias: [UInt8], _ row: Int) {
        if aliasCount == PipelineLimits.spanNamesRemembered { forgetAliases() }
        rows[alias] = row
        aliasCount += 1
    }

    private mutating func forgetAliases() {
        rows.removeAll(keepingCapacity: true)
        for (row, labels) in labels.enumerated() {
            if let labels { rows[key(of: labels)] = row }
        }
        aliasCount = 0
    }

    /// Forgets series that nothing was added to for a while, as Prometheus does with what it no longer scrapes.
    mutating func dropIdle(_ now: ContinuousClock.Instant) {
        book.use(0, now)
        let idle = book.giveBackIdle(now)
        guard !idle.isEmpty else { return }
        for row in idle { labels[row] = nil }
        forgetAliases()
    }

    // MARK: Showing

    func snapshot() -> [SpanSeries] {
        labels.indices.filter { labels[$0] != nil || ($0 == 0 && overflowed > 0) }
            .map { SpanSeries(labels: labels[$0], durations: durations.snapshot($0), bytes: bytes[$0]) }
    }
}
