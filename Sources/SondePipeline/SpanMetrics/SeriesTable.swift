// SPDX-License-Identifier: Apache-2.0
// Rates, errors and durations of spans by their labels. A span finds its row by one lookup of bytes:
//
//   tag = service, by its number · kind · status
//   key = name · with configured dimensions: text(name) text(value)*, text = length (2 bytes) bytes
//
// The key with the name as it came leads to a row as well as the key with the name templated, so that templating is paid
// once a name and not once a span. Everything in a key is cut: a span costs the same whatever its sender wrote.

import SondeModel

struct SeriesTable {
    /// The row for what is too much.
    private static let rest = 0

    private struct Row {
        /// The name of its service by number.
        var service: Int
        var labels: SpanSeries.Labels?
        var bytes: UInt64 = 0
    }

    private let dimensions: DimensionReader
    private let maxSeries: Int
    private var rows = [Row(service: NameTable.rest)]
    private var durations = HistogramTable(
        firstBound: PipelineLimits.firstSpanBound, boundCount: PipelineLimits.spanBounds)
    private var book = RowBook()
    private var numbers = ByteNumbers()
    /// Keys in `numbers` whose name is not templated.
    private var aliasCount = 0
    private var key: [UInt8] = []
    private(set) var overflowed: UInt64 = 0

    init(dimensions: DimensionReader, maxSeries: Int, now: ContinuousClock.Instant) {
        self.dimensions = dimensions
        self.maxSeries = maxSeries
        durations.clear(book.take(now))
    }

    var isFull: Bool { book.usedCount > maxSeries }

    /// Counts a span.
    mutating func record(
        _ span: UnsafePointer<SpanEntry>, of resource: KnownResource, _ base: UnsafePointer<UInt8>,
        _ names: borrowing NameTable, _ now: ContinuousClock.Instant
    ) {
        let row = row(of: span, resource, base, names, now)
        if row == Self.rest { overflowed &+= 1 }
        durations.add(SpanExemplar(of: span), to: row)
        rows[row].bytes &+= UInt64(span.pointee.body.count)
        book.use(row, now)
    }

    // MARK: Keys

    private mutating func row(
        of span: UnsafePointer<SpanEntry>, _ resource: KnownResource, _ base: UnsafePointer<UInt8>,
        _ names: borrowing NameTable, _ now: ContinuousClock.Instant
    ) -> Int {
        guard resource.service != NameTable.rest else { return Self.rest }
        let name = UnsafeBufferPointer(
            start: base + span.pointee.name.lowerBound,
            count: min(Int(span.pointee.name.count), PipelineLimits.spanNameBytes))
        let tag = Self.tag(resource.service, span.pointee.kind, span.pointee.status)
        if dimensions.isEmpty {
            return numbers.number(of: name, tag: tag)
                ?? templatedRow(span, name, Array(name), [], resource.service, names, now)
        }
        var values = resource.dimensions
        dimensions.fill(&values, AttributeCursor(base: base, range: span.pointee.attributes, field: 9), base)
        key.removeAll(keepingCapacity: true)
        append(name)
        for value in values { value.withUnsafeBufferPointer { append($0) } }
        return numbers.number(of: key, tag: tag)
            ?? templatedRow(span, name, key, values, resource.service, names, now)
    }

    private static func tag(_ service: Int, _ kind: SpanKind, _ status: StatusCode) -> UInt64 {
        UInt64(truncatingIfNeeded: service) << 16 | UInt64(kind.rawValue) << 8 | UInt64(status.rawValue)
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        key.append(UInt8(truncatingIfNeeded: text.count >> 8))
        key.append(UInt8(truncatingIfNeeded: text.count))
        key.append(contentsOf: text)
    }

    // MARK: Rows

    /// The row under the templated name, in text that is valid: what Prometheus would take for the same is the same. The
    /// key of the name as it came then leads there too.
    private mutating func templatedRow(
        _ span: UnsafePointer<SpanEntry>, _ name: UnsafeBufferPointer<UInt8>, _ alias: [UInt8], _ values: [[UInt8]],
        _ service: Int, _ names: borrowing NameTable, _ now: ContinuousClock.Instant
    ) -> Int {
        let found = SpanSeries.Labels(
            service: names[service] ?? Resource.unknownService,
            name: String(decoding: SpanNameTemplate.bytes(of: name), as: UTF8.self), kind: span.pointee.kind,
            status: span.pointee.status, dimensions: texts(values))
        makeKey(found)
        let tag = Self.tag(service, found.kind, found.status)
        let row = numbers.number(of: key, tag: tag) ?? newRow(service, found, now)
        if key != alias, row != Self.rest { remember(alias, tag, row) }
        return row
    }

    private func texts(_ values: [[UInt8]]) -> [String: String] {
        var texts: [String: String] = [:]
        for (name, value) in zip(dimensions.names, values) where !value.isEmpty {
            texts[name] = String(decoding: value, as: UTF8.self)
        }
        return texts
    }

    private mutating func makeKey(_ labels: SpanSeries.Labels) {
        key.removeAll(keepingCapacity: true)
        guard !dimensions.isEmpty else { return key.append(contentsOf: labels.name.utf8) }
        for text in [labels.name] + dimensions.names.map({ labels.dimensions[$0] ?? "" }) {
            var text = text
            text.withUTF8 { append($0) }
        }
    }

    private mutating func newRow(_ service: Int, _ found: SpanSeries.Labels, _ now: ContinuousClock.Instant) -> Int {
        guard !isFull else { return Self.rest }
        let row = book.take(now)
        if row == rows.count { rows.append(Row(service: service)) }
        rows[row] = Row(service: service, labels: found)
        durations.clear(row)
        numbers.add(key, tag: Self.tag(service, found.kind, found.status), row)
        return row
    }

    /// Names that differ in an id each would fill the table: it is emptied of them now and then.
    private mutating func remember(_ alias: [UInt8], _ tag: UInt64, _ row: Int) {
        if aliasCount == PipelineLimits.spanNamesRemembered { forgetAliases() }
        numbers.add(alias, tag: tag, row)
        aliasCount += 1
    }

    private mutating func forgetAliases() {
        numbers.removeAll()
        aliasCount = 0
        for (number, row) in rows.enumerated() {
            guard let labels = row.labels else { continue }
            makeKey(labels)
            numbers.add(key, tag: Self.tag(row.service, labels.kind, labels.status), number)
        }
    }

    /// Forgets series that nothing was added to since `moment`, as Prometheus does with what it no longer scrapes.
    mutating func dropIdle(since moment: ContinuousClock.Instant) {
        let idle = book.giveBackIdle(since: moment, except: Self.rest)
        guard !idle.isEmpty else { return }
        for row in idle { rows[row].labels = nil }
        forgetAliases()
    }

    // MARK: Showing

    func snapshot() -> [SpanSeries] {
        rows.indices.filter { rows[$0].labels != nil || ($0 == Self.rest && overflowed > 0) }
            .map { SpanSeries(labels: rows[$0].labels, durations: durations.snapshot($0), bytes: rows[$0].bytes) }
    }
}
