// SPDX-License-Identifier: Apache-2.0
// How one place in a service's code names a metric: the label and the names of the dimensions, as written there. What
// they become on /metrics is worked out once; after that only the values are looked at.

import SondeWire

/// What a metric is made as.
enum MetricInstrument: UInt8, Sendable {
    case counter, upDownCounter, gauge, histogram, timer, info

    var kind: PrometheusText.Kind {
        switch self {
        case .counter: .counter
        case .upDownCounter, .gauge: .gauge
        case .histogram, .timer: .histogram
        case .info: .info
        }
    }

    /// What the name must end in.
    var suffix: String {
        switch self {
        case .counter: "_total"
        case .timer: "_seconds"
        case .info: "_info"
        case .upDownCounter, .gauge, .histogram: ""
        }
    }
}

/// A label, the names of its dimensions, and what they become.
final class MetricShape: @unchecked Sendable {
    // Sendable although a pointer is inside: it never changes, nor does what it leads to.

    /// A label that is shown.
    struct Column {
        /// Which of the given values it shows.
        var source: Int
        /// `name="`
        var opening: PaddedText
        var nameHash: UInt64
    }

    let instrument: MetricInstrument
    let label: String
    let names: [String]
    /// Nil where a view drops the metric.
    let family: MetricFamily?
    /// Sorted by name.
    let columns: UnsafeBufferPointer<Column>
    /// Whether each column shows one value. If not, names became the same and values must be joined.
    let isPlain: Bool
    private let memory: UnsafeMutablePointer<Column>
    private let seed = LabelHash.seed

    /// - Parameter hidden: Label names that a view drops, as they would be printed.
    init(
        _ instrument: MetricInstrument, label: String, names: [String], family: MetricFamily?,
        isHidden: (String) -> Bool
    ) {
        self.instrument = instrument
        self.label = label
        self.names = names
        self.family = family
        let reserved = instrument.kind == .histogram ? "le" : nil
        let shown = names.enumerated().map { (PrometheusText.labelName($1, reserved: reserved), $0) }
            .filter { !isHidden($0.0) }.sorted { $0.0 < $1.0 }
        isPlain = Set(shown.map(\.0)).count == shown.count
        memory = .allocate(capacity: max(1, shown.count))
        for (place, (name, source)) in shown.enumerated() {
            (memory + place).initialize(
                to: Column(
                    source: source, opening: PaddedText(name + "=\""),
                    nameHash: LabelHash.of(name, seed: LabelHash.seed)))
        }
        columns = UnsafeBufferPointer(start: memory, count: shown.count)
    }

    deinit {
        for column in columns { column.opening.deallocate() }
        memory.deallocate()
    }

    /// The printed name of a column.
    func name(of column: Column) -> String {
        String(
            decoding: UnsafeBufferPointer(start: column.opening.start, count: column.opening.count - 2), as: UTF8.self)
    }

    // MARK: Being found

    static func hash(_ instrument: MetricInstrument, _ label: String, _ names: some LabelNames) -> UInt64 {
        var hash = LabelHash.of(label, seed: LabelHash.seed &+ UInt64(instrument.rawValue))
        for index in 0..<names.count {
            hash = LabelHash.joined(hash, LabelHash.of(names[name: index], seed: hash), UInt64(index))
        }
        return hash
    }

    @inline(__always)
    func matches(_ instrument: MetricInstrument, _ label: String, _ names: some LabelNames) -> Bool {
        guard self.instrument == instrument, self.names.count == names.count, self.label == label else { return false }
        for index in 0..<names.count where self.names[index] != names[name: index] { return false }
        return true
    }

    // MARK: Finding series

    /// The hash of the labels that these values make. The same labels have the same hash, whatever shape they come from.
    @inline(__always)
    func hash(_ values: some LabelValues) -> UInt64 {
        var hash = seed
        for column in columns {
            let value = values[column.source]
            if value.isEmpty { continue }
            hash = LabelHash.joined(hash, column.nameHash, LabelHash.of(value, seed: column.nameHash))
        }
        return hash
    }

    /// Whether `series` has exactly the labels that these values make.
    @inline(__always)
    func matches(_ series: MetricSeries, _ values: some LabelValues) -> Bool {
        guard !series.hasEscapes else { return matchesEscaped(series, values) }
        let text = series.text
        var place = series.nameLength
        var separator = UInt8(ascii: "{")
        for column in columns {
            let value = values[column.source]
            if value.isEmpty { continue }
            let opening = column.opening.count
            guard place &+ 1 &+ opening < text.count, text.start[place] == separator,
                LabelBytes.areEqual(text.start + place + 1, column.opening.start, opening)
            else { return false }
            place &+= 1 &+ opening
            let length = value.utf8.withContiguousStorageIfAvailable { bytes -> Int in
                guard place &+ bytes.count < text.count, let start = bytes.baseAddress,
                    text.start[place &+ bytes.count] == UInt8(ascii: "\""),
                    LabelBytes.areEqual(text.start + place, start, bytes.count)
                else { return -1 }
                return bytes.count
            }
            guard let length else { return matchesEscaped(series, values) }
            guard length > 0 else { return false }
            place &+= length &+ 1
            separator = UInt8(ascii: ",")
        }
        let tail = separator == UInt8(ascii: "{") ? 1 : 2
        return place &+ tail == text.count
    }

    // MARK: Finding series by values as bytes

    /// The same hash as that of the values as Strings.
    @inline(__always)
    func hash(_ slices: LabelSlices) -> UInt64 {
        var hash = seed
        for column in columns {
            let value = slices[column.source]
            if value.isEmpty { continue }
            hash = LabelHash.joined(hash, column.nameHash, LabelHash.of(value, seed: column.nameHash))
        }
        return hash
    }

    /// Whether `series` has exactly the labels that these values make. Not asked for where values are escaped.
    @inline(__always)
    func matches(_ series: MetricSeries, _ slices: LabelSlices) -> Bool {
        guard !series.hasEscapes else { return false }
        let text = series.text
        var place = series.nameLength
        var separator = UInt8(ascii: "{")
        for column in columns {
            let value = slices[column.source]
            guard let start = value.baseAddress, value.count > 0 else { continue }
            let opening = column.opening.count
            let end = place &+ 1 &+ opening &+ value.count
            guard end < text.count, text.start[place] == separator, text.start[end] == UInt8(ascii: "\""),
                LabelBytes.areEqual(text.start + place + 1, column.opening.start, opening),
                LabelBytes.areEqual(text.start + place + 1 + opening, start, value.count)
            else { return false }
            place = end &+ 1
            separator = UInt8(ascii: ",")
        }
        return place &+ (separator == UInt8(ascii: "{") ? 1 : 2) == text.count
    }

    private func matchesEscaped(_ series: MetricSeries, _ values: some LabelValues) -> Bool {
        var bytes: [UInt8] = []
        appendLabels(values, to: &bytes)
        return series.bytes.dropFirst(series.nameLength).elementsEqual(bytes)
    }

    /// `{a="1",b="2"} `, or a blank where there are no labels.
    func appendLabels(_ values: some LabelValues, to bytes: inout [UInt8]) {
        var separator = UInt8(ascii: "{")
        for column in columns {
            let value = values[column.source]
            if value.isEmpty { continue }
            bytes.append(separator)
            bytes.append(contentsOf: UnsafeBufferPointer(start: column.opening.start, count: column.opening.count))
            PrometheusText.appendEscaped(value, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
            separator = UInt8(ascii: ",")
        }
        if separator == UInt8(ascii: ",") { bytes.append(UInt8(ascii: "}")) }
        bytes.append(UInt8(ascii: " "))
    }
}

/// Names of dimensions as they are given.
protocol LabelNames {
    var count: Int { get }
    subscript(name index: Int) -> String { get }
}

extension PairValues: LabelNames {
    @inline(__always)
    var count: Int { pairs.count }

    @inline(__always)
    subscript(name index: Int) -> String { pairs[index].0 }
}

extension ListValues: LabelNames {
    var count: Int { list.count }
    subscript(name index: Int) -> String { list[index] }
}
