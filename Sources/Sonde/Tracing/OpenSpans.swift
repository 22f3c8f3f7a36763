// SPDX-License-Identifier: Apache-2.0
// Spans that have begun and not ended, so that one that stays open for long is seen before it ends, or never does.

import SondeModel
import Synchronization

/// A bounded table of open spans. A span leaves it when it ends or has been reported, so that a span that is forgotten
/// is not kept alive for good.
final class OpenSpans: Sendable {
    private struct Stripe {
        var spans: [SondeSpan?] = []
        var free: [Int] = []
    }

    /// Nanoseconds after which a span is reported.
    let age: UInt64
    /// Spans of the lean API, which can't be asked how they stand.
    let lean = OpenLeanSpans()
    private let first = Mutex(Stripe())
    private let second = Mutex(Stripe())
    private let untracked = Atomic<UInt64>(0)

    init(reportedAfter age: Duration) { self.age = age.wholeNanoseconds }

    /// Spans that found no room and are not watched.
    var untrackedCount: UInt64 { untracked.load(ordering: .relaxed) + lean.untrackedCount }

    /// Where the span is from now on; nil if the table is full.
    func add(_ span: SondeSpan) -> Int? {
        let place: Int? = withStripe(of: span) { stripe in
            if let place = stripe.free.popLast() {
                stripe.spans[place] = span
                return place
            }
            guard stripe.spans.count < Limits.openSpansPerStripe else { return nil }
            stripe.spans.append(span)
            return stripe.spans.count - 1
        }
        if place == nil { untracked.wrappingAdd(1, ordering: .relaxed) }
        return place
    }

    /// Nothing happens if the span is no longer there.
    func remove(_ span: SondeSpan, at place: Int) {
        withStripe(of: span) { stripe in
            guard stripe.spans[place] === span else { return }
            stripe.spans[place] = nil
            stripe.free.append(place)
        }
    }

    /// Takes out the spans that began at `start` or before.
    func take(startedUntil start: UInt64) -> [SondeSpan] {
        [first.withLock { Self.take(from: &$0, start) }, second.withLock { Self.take(from: &$0, start) }].flatMap(
            \.self)
    }

    private static func take(from stripe: inout Stripe, _ start: UInt64) -> [SondeSpan] {
        var old: [SondeSpan] = []
        for place in stripe.spans.indices {
            guard let span = stripe.spans[place], span.start <= start else { continue }
            stripe.spans[place] = nil
            stripe.free.append(place)
            old.append(span)
        }
        return old
    }

    private func withStripe<Result: Sendable>(
        of span: SondeSpan, _ body: (inout sending Stripe) -> sending Result
    ) -> Result {
        span.trace.spanID.value & 1 == 0 ? first.withLock(body) : second.withLock(body)
    }
}

extension TracerCore {
    /// Queues every span that has been open for longer than the configured age, or all that are open, as unfinished.
    func reportOpenSpans(at now: UInt64, all: Bool = false) {
        guard let openSpans else { return }
        let start = all ? UInt64.max : now > openSpans.age ? now - openSpans.age : 0
        for span in openSpans.take(startedUntil: start) { span.reportUnfinished() }
        if let queue { openSpans.lean.report(startedUntil: start, to: queue) }
    }
}
