// SPDX-License-Identifier: Apache-2.0
// Calls, errors and durations by service or operation, counted by number; names come at the end.

import SondeModel
import SondeStorage

struct ActivityCount {
    private struct Series {
        var key: ActivitySeriesTally.Key
        var whole: ActivityTally
        /// Where the step that was counted last has its tally: neighbours mostly share it.
        var lastStep = UInt64.max
        var lastPoint = 0
    }

    private struct StepKey: Hashable {
        var series: Int
        var step: UInt64
    }

    /// A span whose name lies with it, since the dictionary had no place for it.
    private struct Unnamed {
        var row: ActivityRow
        var selfTime: UInt64
    }

    private let file: BlockFile
    private let query: ActivityQuery
    private let operations: ActivityOperations
    /// By global operation id, which of `series` it is counted in.
    private var seriesOf: [Int32]
    private static let isNotAsked: Int32 = -1
    private static let isNotKnown: Int32 = -2
    private static let isUnnamed: Int32 = -3

    private var series: [Series] = []
    private var places: [ActivitySeriesTally.Key: Int32] = [:]
    private var points: [ActivityTally] = []
    private var pointOf: [StepKey: Int] = [:]
    private var unnamed: [Unnamed] = []
    private let start: UInt64
    private let end: UInt64?

    /// - Parameter keeping: spans of traces in several blocks that are kept at most.
    static func run(
        _ query: ActivityQuery, in file: BlockFile, keeping limit: Int = Limits.activityRowsWaiting
    ) throws(ReadError) -> [ActivitySeries] {
        try query.check()
        var count = ActivityCount(query, file)
        return try count.run(keeping: limit)
    }

    private init(_ query: ActivityQuery, _ file: BlockFile) {
        self.query = query
        self.file = file
        operations = ActivityOperations(file.catalog.names)
        seriesOf = Array(repeating: Self.isNotKnown, count: operations.count)
        start = query.start?.nanoseconds ?? 0
        end = query.end?.nanoseconds
        let services = Set(query.services)
        for (place, operation) in file.catalog.names.operations.enumerated() {
            let isAsked =
                (services.isEmpty || services.contains(file.catalog.names.service(operation.service)))
                && (query.kinds.isEmpty || query.kinds.contains(operation.kind))
            if !isAsked { seriesOf[place + 1] = Self.isNotAsked }
        }
    }

    private mutating func run(keeping limit: Int) throws(ReadError) -> [ActivitySeries] {
        let names = file.catalog.names
        let services = Set(query.services.flatMap { names.serviceIDs($0) })
        let blocks = file.catalog.blocks.indices.filter { place in
            let block = file.catalog.blocks[place]
            guard block.mayHoldStart(from: start, before: end) else { return false }
            return query.services.isEmpty || block.zones.contains { services.contains($0.service) }
        }
        var walk = ActivityWalk(file, operations, blocks: blocks, wantsParents: query.wantsSelfTime, keeping: limit)
        try walk.run { trace throws(ReadError) in try count(&trace) }
        try countUnnamed()
        return try answer()
    }

    private mutating func count(_ trace: inout ActivityTrace) throws(ReadError) {
        if query.wantsSelfTime { trace.findSelfTimes() }
        for (index, row) in trace.rows.enumerated() {
            var place = seriesOf[Int(row.operation)]
            guard place != Self.isNotAsked, row.start >= start, end.map({ row.start < $0 }) ?? true else { continue }
            let selfTime = query.wantsSelfTime ? trace.selfTimes[index] : 0
            if place < 0 {
                place = try series(ofOperation: row.operation)
                guard place >= 0 else {
                    unnamed.append(Unnamed(row: row, selfTime: selfTime))
                    if unnamed.count >= Limits.activityCallsWaiting { try countUnnamed() }
                    continue
                }
            }
            try count(row, selfTime, in: Int(place))
        }
    }

    @inline(__always)
    private mutating func count(_ row: ActivityRow, _ selfTime: UInt64, in place: Int) throws(ReadError) {
        series[place].whole.add(isError: row.isError, duration: row.knownDuration, selfTime: selfTime)
        guard let length = query.step else { return }
        let step = (row.start - start) / length
        if series[place].lastStep != step {
            series[place].lastStep = step
            series[place].lastPoint = try point(StepKey(series: place, step: step))
        }
        points[series[place].lastPoint].add(
            isError: row.isError, duration: row.knownDuration, selfTime: selfTime)
    }

    // MARK: Series and steps

    /// The series that spans of an operation are counted in; less than zero if that hangs on each span's own name.
    private mutating func series(ofOperation id: Int32) throws(ReadError) -> Int32 {
        guard let operation = file.catalog.names.operation(Int(id)) else { return Self.isNotAsked }
        if operation.name.isEmpty, query.grouping != .service {
            seriesOf[Int(id)] = Self.isUnnamed
            return Self.isUnnamed
        }
        let place = try series(key(operation, operation.name))
        seriesOf[Int(id)] = place
        return place
    }

    private func key(_ operation: StoredNames.Operation, _ name: String) -> ActivitySeriesTally.Key {
        ActivitySeriesTally.Key(
            query, service: file.catalog.names.service(operation.service), operation: name, kind: operation.kind)
    }

    private mutating func series(_ key: ActivitySeriesTally.Key) throws(ReadError) -> Int32 {
        if let known = places[key] { return known }
        try checkRoom()
        let place = Int32(truncatingIfNeeded: series.count)
        places[key] = place
        series.append(Series(key: key, whole: ActivityTally(keepsQuantiles: !query.quantiles.isEmpty)))
        return place
    }

    private mutating func point(_ key: StepKey) throws(ReadError) -> Int {
        if let known = pointOf[key] { return known }
        try checkRoom()
        pointOf[key] = points.count
        points.append(ActivityTally(keepsQuantiles: !query.quantiles.isEmpty))
        return points.count - 1
    }

    private func checkRoom() throws(ReadError) {
        guard series.count + points.count < ActivityQuery.maxPoints else { throw ActivityQuery.tooManyPoints() }
    }

    private func answer() throws(ReadError) -> [ActivitySeries] {
        var tally = ActivitySeriesTally(query)
        for series in series { try tally.add(series.whole, of: series.key) }
        for (key, point) in pointOf {
            let step = Timestamp(nanoseconds: start + key.step * (query.step ?? 0))
            try tally.add(points[point], of: series[key.series].key, step: step)
        }
        return tally.sorted()
    }

    // MARK: Names that lie with their spans

    private mutating func countUnnamed() throws(ReadError) {
        unnamed.sort { ($0.row.place, $0.row.row) < ($1.row.place, $1.row.row) }
        var next = 0
        while next < unnamed.count {
            let place = unnamed[next].row.place
            let end = unnamed[next...].firstIndex { $0.row.place != place } ?? unnamed.count
            try countUnnamed(next..<end, in: file.catalog.blocks[Int(place)])
            next = end
        }
        unnamed.removeAll(keepingCapacity: true)
    }

    private mutating func countUnnamed(_ range: Range<Int>, in block: SpanBlockInfo) throws(ReadError) {
        let meta = try file.meta(.cold, block.id)
        let key = meta.keys.firstIndex { $0.pseudo == PseudoKey.name }
        var names = Array(repeating: "", count: range.count)
        if let key {
            try file.pick(unnamed[range].map(\.row.row), keys: [key], in: block) { index, values throws(ReadError) in
                guard let found = values.places.first else { return }
                names[index] = values.withValue(found.key, found.place) { $0.plainText } ?? ""
            }
        }
        for (index, name) in zip(range, names) {
            let span = unnamed[index]
            guard let operation = file.catalog.names.operation(Int(span.row.operation)) else { continue }
            try count(span.row, span.selfTime, in: Int(try series(self.key(operation, name))))
        }
    }
}

extension SpanBlockInfo {
    /// Whether a span of the block may start in the range.
    func mayHoldStart(from start: UInt64, before end: UInt64?) -> Bool {
        lastStart >= start && (end.map { self.start < $0 } ?? true)
    }
}
