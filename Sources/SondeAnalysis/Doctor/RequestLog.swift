// SPDX-License-Identifier: Apache-2.0
// A small digest of every trace, by the operation it begins with: what kinds of requests there are, how long they take,
// and which are refused.

import SondeModel

struct RequestLog: Sendable {
    struct Request: Sendable {
        /// Its place in the order in which traces were seen.
        var index: Int
        var traceID: TraceID
        var start: Timestamp
        var durationNanos: UInt64
        /// Nil unless the answer was a refusal.
        var refusal: Refusal?
    }

    /// An answer that says no without being a failure.
    struct Refusal: Hashable, Sendable {
        var status: Int
        /// Where the reason was given, and the reason: an event with its attributes. Empty if nobody gave one.
        var service = ""
        var operation = ""
        var reason = ""
    }

    private(set) var byPlace: [Place: [Request]] = [:]
    private(set) var count = 0

    /// Notes a trace; returns the kind of request that it is.
    mutating func add(_ columns: TraceColumns, root: Int) -> Place {
        let place = Place(root, columns)
        let request = Request(
            index: count, traceID: columns.trace.id, start: columns.trace.spans[root].start,
            durationNanos: columns.duration(root), refusal: Self.refusal(columns, root: root))
        count += 1
        if byPlace[place] != nil || byPlace.count < DoctorLimits.maxPlaces {
            byPlace[place, default: []].append(request)
        }
        return place
    }

    func count(of place: Place) -> Int { byPlace[place]?.count ?? 0 }

    // MARK: Refusals

    private static func refusal(_ columns: TraceColumns, root: Int) -> Refusal? {
        let span = columns.trace.spans[root]
        guard !span.isError, (400..<500).contains(span.httpStatus) else { return nil }
        var refusal = Refusal(status: span.httpStatus)
        // The deepest event that says something is the nearest to the decision.
        var depth = -1
        for index in 0..<columns.count where columns.trace.depths[index] > depth {
            guard let event = columns.trace.spans[index].events.last(where: { !$0.attributes.isEmpty }) else {
                continue
            }
            depth = columns.trace.depths[index]
            let place = Place(index, columns)
            refusal.service = place.service
            refusal.operation = place.operation
            refusal.reason = reason(event)
        }
        return refusal
    }

    private static func reason(_ event: SpanEvent) -> String {
        let facts = event.attributes.prefix(3).map { "\($0.key)=\(Shape.message($0.value.text))" }
        return Wording.cut(event.name + " " + facts.joined(separator: " "))
    }

    /// Kinds of requests that are, or for a while were, refused nearly every time for one reason.
    func refusals() -> [Finding] {
        byPlace.sorted { $0.key < $1.key }.flatMap { place, requests in
            let ordered = requests.sorted { $0.start < $1.start }
            var places: [Refusal: [Int]] = [:]
            for (offset, request) in ordered.enumerated() {
                if let refusal = request.refusal { places[refusal, default: []].append(offset) }
            }
            return places.sorted { $0.value[0] < $1.value[0] }.compactMap { refusal, offsets in
                finding(refusal, at: offsets, among: ordered, place)
            }
        }
    }

    private func finding(_ refusal: Refusal, at offsets: [Int], among requests: [Request], _ place: Place) -> Finding? {
        guard let first = offsets.first, let last = offsets.last else { return nil }
        let isEveryday = [401, 404, 405].contains(refusal.status)
        let least = isEveryday ? DoctorLimits.minEverydayRefusals : DoctorLimits.minRefusals
        let among = last - first + 1
        guard offsets.count >= least, Double(offsets.count) >= DoctorLimits.refusalShare * Double(among) else {
            return nil
        }
        let sample = requests[last].traceID
        var title =
            "\(place.text) was refused with \(refusal.status) in \(offsets.count) of "
            + "\(Wording.count(among, "request")) in a row"
        if !refusal.reason.isEmpty { title += ": \(refusal.service) \(refusal.operation) says \(refusal.reason)" }
        return Finding(
            kind: .refusals, severity: isEveryday ? .info : .critical, title: title,
            service: refusal.service.isEmpty ? place.service : refusal.service,
            operation: refusal.service.isEmpty ? place.operation : refusal.operation,
            evidence: [
                .init("status", .count(refusal.status)), .init("reason", .text(refusal.reason)),
                .init("refused", .count(offsets.count)), .init("requests", .count(among)),
                .init("requestsInAll", .count(requests.count)),
            ],
            sampleTrace: sample, command: Wording.command(trace: sample))
    }

    // MARK: Outliers

    /// Kinds of requests of which some are much slower than the others, if an attribute value tells which.
    func outliers(_ ledger: AttributeLedger) -> [Finding] {
        byPlace.sorted { $0.key < $1.key }.compactMap { place, requests in
            guard requests.count >= DoctorLimits.minOutlierRequests else { return nil }
            let durations = requests.map(\.durationNanos).sorted()
            let median = Quantile.nearestRank(0.5, ofSorted: durations)
            let multiple = UInt64(exactly: (Double(median) * DoctorLimits.outlierFactor).rounded(.down)) ?? .max
            let bound = max(multiple, median.addingClamped(DoctorLimits.outlierNanos))
            let slow = requests.filter { $0.durationNanos >= bound }
            guard slow.count >= DoctorLimits.minOutliers,
                Double(slow.count) <= DoctorLimits.maxOutlierShare * Double(requests.count)
            else { return nil }
            let rest = requests.filter { $0.durationNanos < bound }
            let separation = ledger.separations(a: rest.map(\.index), b: slow.map(\.index), limit: 1)
                .first { $0.shareB > $0.shareA && $0.certainDifference >= DoctorLimits.minSeparation }
            return separation.map { finding($0, place, slow: slow, rest: rest, median: median) }
        }
    }

    private func finding(
        _ separation: AttributeSeparation, _ place: Place, slow: [Request], rest: [Request], median: UInt64
    ) -> Finding {
        let durations = slow.map(\.durationNanos).sorted()
        let usual = Quantile.nearestRank(0.5, ofSorted: durations)
        let sample = slow.max { $0.durationNanos < $1.durationNanos }?.traceID
        let value = "\(separation.key)=\(Wording.cut(separation.value))"
        return Finding(
            kind: .slowOutliers, severity: .warning,
            title:
                "\(place.text) takes \(Wording.duration(usual)) instead of \(Wording.duration(median)) where \(value): "
                + "in \(Wording.percent(separation.shareB)) of the slow requests and \(Wording.percent(separation.shareA)) of the rest",
            service: separation.service,
            operation: separation.operation.isEmpty ? place.operation : separation.operation,
            evidence: [
                .init("attribute", .text(separation.key)), .init("value", .text(separation.value)),
                .init("slowRequests", .count(slow.count)), .init("slowWithValue", .count(separation.countB)),
                .init("otherRequests", .count(rest.count)), .init("othersWithValue", .count(separation.countA)),
                .init("slowMedianNanos", .nanoseconds(usual)), .init("medianNanos", .nanoseconds(median)),
            ],
            sampleTrace: sample, command: sample.map { Wording.command(trace: $0, "--critical") } ?? "")
    }
}
