// SPDX-License-Identifier: Apache-2.0
// Exemplars: one recent measurement a bucket with the span in which it was made, so that a point on a dashboard leads to
// a trace. Looking up the current span costs more than measuring; it is done only where a scraper asked for exemplars,
// once a bucket between two scrapes.

import SondeModel
import SondeWire
import Synchronization
import Tracing

/// The exemplars of one series.
struct ExemplarKeeper: ~Copyable, Sendable {
    private static let off = UInt32.max

    /// 0 when nothing is wanted; else measurements until the next one that looks for a span.
    private let countdown: Atomic<UInt32>
    /// Whether scrapers may ask for exemplars at all.
    private let isOn: Bool
    /// An ``ExemplarShelf``, retained; 0 until the first exemplar.
    private let shelf = Atomic<UInt>(0)

    init(isOn: Bool) {
        self.isOn = isOn
        countdown = Atomic(0)
    }

    deinit { Self.shelf(shelf.load(ordering: .acquiring))?.release() }

    /// Whether the measurement at hand should be offered.
    @inline(__always)
    var isWanted: Bool { countdown.load(ordering: .relaxed) != 0 }

    /// Keeps the measurement if it was made in a sampled span and its bucket has no exemplar since the last scrape.
    func offer(_ value: Double, bucket: Int) {
        let left = countdown.load(ordering: .relaxed)
        guard left == 1 else {
            if left > 1 { countdown.store(left - 1, ordering: .relaxed) }
            return
        }
        if let shelf = Self.shelf(shelf.load(ordering: .acquiring)),
            shelf._withUnsafeGuaranteedRef({ $0.isFresh(bucket) })
        {
            return
        }
        guard let span = ServiceContext.current?.trace, span.isSampled else {
            return countdown.store(Limits.exemplarPatience, ordering: .relaxed)
        }
        let exemplar = MetricExemplar(
            traceID: span.traceID, spanID: span.spanID, value: value,
            nanoseconds: DefaultTracerClock.now.nanosecondsSinceEpoch)
        place(exemplar, bucket: bucket)
    }

    private func place(_ exemplar: MetricExemplar, bucket: Int) {
        if shelf.load(ordering: .acquiring) == 0 {
            let fresh = Unmanaged.passRetained(ExemplarShelf())
            let bits = UInt(bitPattern: fresh.toOpaque())
            if !shelf.compareExchange(expected: 0, desired: bits, ordering: .acquiringAndReleasing).exchanged {
                fresh.release()
            }
        }
        Self.shelf(shelf.load(ordering: .acquiring))?._withUnsafeGuaranteedRef { $0.put(exemplar, bucket: bucket) }
    }

    /// Asks for exemplars newer than this moment. Scrapers that show exemplars do so at each scrape.
    func refresh() {
        guard isOn else { return }
        countdown.store(1, ordering: .relaxed)
        Self.shelf(shelf.load(ordering: .acquiring))?._withUnsafeGuaranteedRef { $0.age() }
    }

    func newest(bucket: Int) -> MetricExemplar? {
        Self.shelf(shelf.load(ordering: .acquiring))?._withUnsafeGuaranteedRef { $0[bucket] }
    }

    /// All exemplars with their buckets.
    var all: [(bucket: Int, exemplar: MetricExemplar)] {
        Self.shelf(shelf.load(ordering: .acquiring))?._withUnsafeGuaranteedRef { $0.all } ?? []
    }

    @inline(__always)
    private static func shelf(_ bits: UInt) -> Unmanaged<ExemplarShelf>? {
        UnsafeRawPointer(bitPattern: bits).map { Unmanaged.fromOpaque($0) }
    }
}

/// Exemplars by bucket. Buckets from 64 on share the places of the lower ones: it is about having one, not all.
final class ExemplarShelf: Sendable {
    private let fresh = Atomic<UInt64>(0)
    private let places = Mutex<[Int: MetricExemplar]>([:])

    func isFresh(_ bucket: Int) -> Bool { fresh.load(ordering: .relaxed) & (1 << UInt64(bucket & 63)) != 0 }

    func put(_ exemplar: MetricExemplar, bucket: Int) {
        fresh.bitwiseOr(1 << UInt64(bucket & 63), ordering: .relaxed)
        places.withLock { places in
            places = bucket < 64 ? places : places.filter { $0.key & 63 != bucket & 63 }
            places[bucket] = exemplar
        }
    }

    func age() { fresh.store(0, ordering: .relaxed) }

    subscript(bucket: Int) -> MetricExemplar? { places.withLock { $0[bucket] } }

    var all: [(bucket: Int, exemplar: MetricExemplar)] {
        places.withLock { $0.map { (bucket: $0.key, exemplar: $0.value) }.sorted { $0.bucket < $1.bucket } }
    }
}

extension PrometheusSink {
    /// ` # {trace_id="…",span_id="…"} value seconds`
    mutating func append(_ exemplar: MetricExemplar) {
        append(" # {trace_id=\"")
        append(hex: exemplar.traceID.high)
        append(hex: exemplar.traceID.low)
        append("\",span_id=\"")
        append(hex: exemplar.spanID.value)
        append("\"} ")
        append(exemplar.value)
        append(byte: UInt8(ascii: " "))
        // Milliseconds are what Prometheus keeps.
        append(secondsOf: exemplar.nanoseconds / 1_000_000 * 1_000_000)
    }

    private mutating func append(hex value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
            append(byte: digit < 10 ? digit + 0x30 : digit - 10 + 0x61)
        }
    }
}
