// SPDX-License-Identifier: Apache-2.0
// One line of the exposition, or one histogram's lines: what all kinds of series have in common.

import SondeWire
import Synchronization

/// A metric's name with one set of labels, and the value behind it.
///
/// Handles that services hold are these objects: measuring goes straight to the number.
@usableFromInline
// Sendable although not final: subclasses hold constants and atomics only.
class MetricSeries: @unchecked Sendable {
    /// `name{label="value"} ` or `name `: what stands before the value.
    let text: PaddedText
    private let storedNameLength: UInt32
    /// Whether a label value in ``text`` is written with backslashes.
    let hasEscapes: Bool
    let faults: MeasurementFaults
    let exemplars: ExemplarKeeper

    init(place: SeriesPlace, faults: MeasurementFaults, keepsExemplars: Bool = false) {
        text = PaddedText(place.bytes)
        storedNameLength = UInt32(place.nameLength)
        hasEscapes = place.bytes.contains(UInt8(ascii: "\\"))
        self.faults = faults
        exemplars = ExemplarKeeper(isOn: keepsExemplars)
    }

    deinit { text.deallocate() }

    /// Appends the samples of this series.
    func write(to sink: inout PrometheusSink, format: PrometheusFormat) {}

    /// What a push or a protobuf page shows.
    var point: MetricPoint { .number(.nan, exemplar: nil) }

    /// Bytes of the name in ``text``.
    @inline(__always)
    final var nameLength: Int { Int(storedNameLength) }

    /// `name` alone.
    final var name: String { String(decoding: bytes[0..<nameLength], as: UTF8.self) }

    /// The labels as they stand between braces, escaped.
    final var labels: UnsafeBufferPointer<UInt8> {
        let bytes = bytes
        guard bytes.count > nameLength + 1 else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(rebasing: bytes[(nameLength + 1)..<(bytes.count - 2)])
    }

    final var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: text.start, count: text.count) }

    /// Ascending by labels, byte by byte.
    static func isBefore(_ a: MetricSeries, _ b: MetricSeries) -> Bool {
        let one = a.labels
        let other = b.labels
        for index in 0..<min(one.count, other.count) where one[index] != other[index] {
            return one[index] < other[index]
        }
        return one.count < other.count
    }
}

/// What a new series is called: `name{label="value"} ` or `name `, in memory that somebody else owns.
struct SeriesPlace {
    var bytes: UnsafeBufferPointer<UInt8>
    var nameLength: Int
}

/// Counts what could not be measured. Shared by all series of a registry.
final class MeasurementFaults: Sendable {
    private let ignored = Atomic<UInt64>(0)
    private let conflicts = Atomic<UInt64>(0)
    private let overflows = Atomic<UInt64>(0)

    func countIgnored() { ignored.wrappingAdd(1, ordering: .relaxed) }
    func countConflict() { conflicts.wrappingAdd(1, ordering: .relaxed) }
    func countOverflow() { overflows.wrappingAdd(1, ordering: .relaxed) }

    var ignoredCount: UInt64 { ignored.load(ordering: .relaxed) }
    var conflictCount: UInt64 { conflicts.load(ordering: .relaxed) }
    var overflowCount: UInt64 { overflows.load(ordering: .relaxed) }
}

/// A value that is read anew at each scrape.
final class ReadSeries: MetricSeries, @unchecked Sendable {
    private let read: @Sendable () -> Double

    init(place: SeriesPlace, faults: MeasurementFaults, read: @escaping @Sendable () -> Double) {
        self.read = read
        super.init(place: place, faults: faults)
    }

    override func write(to sink: inout PrometheusSink, format: PrometheusFormat) {
        sink.append(padded: text.start, text.count)
        sink.append(read())
        sink.append(byte: UInt8(ascii: "\n"))
    }

    override var point: MetricPoint { .number(read(), exemplar: nil) }
}
