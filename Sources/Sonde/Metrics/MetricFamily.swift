// SPDX-License-Identifier: Apache-2.0
// All series of one metric name: found without a lock, changed and sorted under the registry's.

import SondeWire
import Synchronization

/// A family: one name, one kind, many label sets.
final class MetricFamily: @unchecked Sendable {
    // Sendable although variables are inside: they are touched under the registry's lock only.

    let name: String
    let kind: PrometheusText.Kind
    /// The label that the service used, for the help text of a metric that nobody described.
    let source: String
    /// Label sets it may have.
    let limit: Int
    let table = SharedTable<MetricSeries>()
    /// The series of what is beyond the limit; 0 until then. ``members`` keeps it.
    let overflow = Atomic<UInt>(0)
    /// Whether new label sets go there.
    let isFull = Atomic(false)

    /// Whether handles of our own lead here: then it stays when its last series goes.
    var isPinned = false
    /// The shapes that lead here.
    var shapes: [MetricShape] = []
    /// Sorted by labels up to ``sortedCount``, then as they came.
    private var members: ContiguousArray<MetricSeries> = []
    private var sortedCount = 0
    /// Members that were taken out and are kept until ``forgetRemoved(_:)``.
    private var removed: Set<ObjectIdentifier> = []

    init(name: String, kind: PrometheusText.Kind, source: String, limit: Int) {
        self.name = name
        self.kind = kind
        self.source = source
        self.limit = limit
    }

    /// The series of these labels; for series beyond the limit the one that stands for all of them. MUST be called
    /// inside of ``ReadSections`` or under the lock.
    @inline(__always)
    func find(_ shape: MetricShape, _ values: some LabelValues) -> MetricSeries? {
        guard shape.isPlain else { return nil }
        return table.find(shape.hash(values)) { shape.matches($0, values) }
    }

    /// What stands for the series that have no place, if there are such.
    var overflowing: MetricSeries? {
        UnsafeRawPointer(bitPattern: overflow.load(ordering: .acquiring)).map {
            Unmanaged<MetricSeries>.fromOpaque($0).takeUnretainedValue()
        }
    }

    // MARK: Under the lock

    /// Series that count against the limit.
    var count: Int { table.count - (overflow.load(ordering: .relaxed) == 0 ? 0 : 1) }

    func insert(_ series: MetricSeries, hash: UInt64, retired: inout RetiredObjects) {
        table.insert(series, hash: hash, retired: &retired)
        members.append(series)
    }

    /// Makes `series` the one that stands for all beyond the limit.
    func insertOverflow(_ series: MetricSeries, retired: inout RetiredObjects) {
        insert(series, hash: Self.hash([("otel_metric_overflow", "true")]), retired: &retired)
        overflow.store(UInt(bitPattern: Unmanaged.passUnretained(series).toOpaque()), ordering: .releasing)
    }

    /// Takes a series out; false if it is not in it, or stands for others.
    func remove(_ series: MetricSeries, retired: inout RetiredObjects) -> Bool {
        let hash = Self.hash(LabelBytes.pairs(series.labels))
        guard table.find(hash, where: { $0 === series }) != nil, overflowing !== series else { return false }
        table.remove(series, hash: hash)
        isFull.store(false, ordering: .relaxed)
        removed.insert(ObjectIdentifier(series))
        if removed.count > Limits.forgottenSeries, removed.count * 2 > members.count { forgetRemoved(&retired) }
        return true
    }

    /// All series, sorted by labels.
    func sorted(retired: inout RetiredObjects) -> ContiguousArray<MetricSeries> {
        forgetRemoved(&retired)
        sort()
        return members
    }

    /// Sorts what came since the last time and merges it with what was sorted then.
    private func sort() {
        guard sortedCount < members.count else { return }
        let fresh = members[sortedCount...].sorted(by: MetricSeries.isBefore)
        guard sortedCount > 0 else {
            members = ContiguousArray(fresh)
            return sortedCount = members.count
        }
        var merged: ContiguousArray<MetricSeries> = []
        merged.reserveCapacity(members.count)
        var next = fresh.startIndex
        for series in members[..<sortedCount] {
            while next < fresh.endIndex, MetricSeries.isBefore(fresh[next], series) {
                merged.append(fresh[next])
                next += 1
            }
            merged.append(series)
        }
        merged.append(contentsOf: fresh[next...])
        members = merged
        sortedCount = merged.count
    }

    /// Taking one out of an array moves all behind it: it is done once for many, at a scrape or when half are gone.
    private func forgetRemoved(_ retired: inout RetiredObjects) {
        guard !removed.isEmpty else { return }
        var left: ContiguousArray<MetricSeries> = []
        left.reserveCapacity(members.count - removed.count)
        var sortedLeft = 0
        for (place, series) in members.enumerated() {
            if removed.contains(ObjectIdentifier(series)) {
                retired.retire(series)
            } else {
                left.append(series)
                if place < sortedCount { sortedLeft += 1 }
            }
        }
        members = left
        sortedCount = sortedLeft
        removed = []
    }

    /// What ``MetricShape/hash(_:)`` gives for these labels.
    static func hash(_ pairs: [(name: String, value: String)]) -> UInt64 {
        pairs.reduce(LabelHash.seed) { hash, pair in
            let name = LabelHash.of(pair.name, seed: LabelHash.seed)
            return LabelHash.joined(hash, name, LabelHash.of(pair.value, seed: name))
        }
    }

    /// Names that this family's samples and its OpenMetrics header use. No other family may use any of them.
    var reservedNames: [String] {
        switch kind {
        case .counter, .info: [name, PrometheusText.familyName(name, kind: kind, format: .openMetrics)]
        case .histogram: [name, name + "_bucket", name + "_count", name + "_sum"]
        case .gauge: [name]
        }
    }

    /// The names of its samples.
    var sampleNames: [String] {
        kind == .histogram ? ["_bucket", "_count", "_sum"].map { name + $0 } : [name]
    }

    /// A sample that OpenMetrics lets it have and Sonde does not write. No other family may have a sample of this name:
    /// "The name of a MetricFamily MUST NOT result in a potential clash for sample metric names".
    var createdName: String? {
        switch kind {
        case .counter, .histogram: PrometheusText.familyName(name, kind: kind, format: .openMetrics) + "_created"
        case .gauge, .info: nil
        }
    }

    /// What to say about a metric that nobody described.
    var defaultHelp: String { "The \(kind.rawValue) \(source)." }
}
