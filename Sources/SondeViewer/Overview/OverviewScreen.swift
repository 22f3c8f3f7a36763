// SPDX-License-Identifier: Apache-2.0
// The first screen: how all services are, and what the doctor finds. Services stand above, findings below; one selection
// goes through both.

import SondeModel
package import SondeStorage
package import SondeTerminal

package struct OverviewScreen: ViewerScreen {
    package static let name = "overview"
    package static let keys: [KeyBinding] =
        [
            .init(
                "open", ["enter", "right", "l"], hint: "open",
                "Go to the traces of the service, or to the finding's trace"),
            .init("errors", ["e"], hint: "errors", "Go to the failing traces of the service, or of all on a finding"),
            .init("next-finding", ["n"], hint: "finding", "Select the next finding"),
            .init("previous-finding", ["N"], "Select the finding before"),
            .init("sort", ["s"], hint: "sort", "Sort services by name, rate, errors or p95"),
            .init("all-spans", ["a"], "Count all spans, or requests only (kinds server and consumer)"),
            ViewerKeys.timeRange, ViewerKeys.refresh,
        ] + ViewerKeys.lists

    enum Order: String, CaseIterable, Sendable { case name, rate, errors, p95 }

    private(set) var services: [ActivitySeries]?
    /// The stretch of time that the services' figures are about.
    private(set) var window = ActivityWindow(ActivityQuery(), now: .zero)
    private(set) var findings: [Finding]?
    private(set) var sample = TraceSample()
    private(set) var order = Order.name
    private(set) var countsAllSpans = false
    private(set) var list = ListState()
    /// Why an answer is missing.
    private(set) var complaint: String?

    package init() {}

    package var title: StyledText { StyledText("Overview") }
    package var place: Destination { .overview }

    package func shellCommand(_ context: ScreenContext) -> String? {
        selectedFinding == nil ? "sonde top" + flags(context) : "sonde doctor" + flags(context)
    }

    private func flags(_ context: ScreenContext) -> String { context.range.flags }

    // MARK: Questions

    package mutating func opened(_ context: ScreenContext) -> [ScreenEffect] { askAll(context) }

    package mutating func rangeChanged(_ context: ScreenContext) -> [ScreenEffect] {
        services = nil
        findings = nil
        complaint = nil
        // What was to be asked again belongs to the range before.
        return [.withdraw(slot: "live"), .withdraw(slot: "doctor")] + askAll(context)
    }

    private func askAll(_ context: ScreenContext) -> [ScreenEffect] {
        if context.range == .all { return [.ask(.statistics), .ask(.findings(TraceQuery()))] }
        var query = TraceQuery()
        (query.start, query.end) = context.range.bounds(now: context.now)
        return [askActivity(context), .ask(.findings(query))]
    }

    private func askActivity(_ context: ScreenContext) -> ScreenEffect {
        let (start, end) = context.range.bounds(now: context.now)
        return askActivity(from: start ?? .zero, to: end ?? context.now, isOpen: end == nil)
    }

    /// Steps begin at multiples of their length, so that the picture doesn't flicker as time goes on.
    private func askActivity(from start: Timestamp, to end: Timestamp, isOpen: Bool) -> ScreenEffect {
        let step = max(1, start.nanoseconds(until: end) / UInt64(Limits.overviewSteps))
        var query = ActivityQuery()
        query.start = Timestamp(nanoseconds: start.nanoseconds - start.nanoseconds % step)
        query.end = isOpen ? nil : end
        query.step = step
        query.grouping = .service
        query.quantiles = [0.5, 0.95, 0.99]
        if !countsAllSpans { query.kinds = [.server, .consumer] }
        return .ask(.activity(query))
    }

    package mutating func receive(
        _ answer: Result<Answer, ReadError>, for request: Request, _ context: ScreenContext
    ) -> [ScreenEffect] {
        switch (answer, request) {
        case (.success(.activity(let series)), .activity(let query)):
            take(series, query, context)
            return context.range.isLive ? [.wake(slot: "live", after: Limits.overviewInterval)] : []
        case (.success(.findings(let found, let sample)), _):
            (findings, self.sample) = (found, sample)
            layOut(context)
            return context.range.isLive ? [.wake(slot: "doctor", after: Limits.doctorInterval)] : []
        case (.success(.statistics(let statistics)), _):
            guard let oldest = statistics.oldest, let newest = statistics.newest else {
                services = []
                return []
            }
            let end = Timestamp(nanoseconds: newest.nanoseconds &+ 1)
            return [askActivity(from: oldest, to: end, isOpen: false)]
        case (.failure(let error), .findings):
            findings = findings ?? []
            sample.partialReason = error.reason
            if context.range.isLive { return [.wake(slot: "doctor", after: Limits.doctorInterval)] }
        case (.failure(let error), _):
            complaint = error.reason
            if context.range.isLive { return [.wake(slot: "live", after: Limits.overviewInterval)] }
        default: break
        }
        return []
    }

    package mutating func woken(_ slot: String, _ context: ScreenContext) -> [ScreenEffect] {
        guard context.range.isLive else { return [] }
        guard slot == "doctor" else { return [askActivity(context)] }
        var query = TraceQuery()
        (query.start, query.end) = context.range.bounds(now: context.now)
        return [.ask(.findings(query))]
    }

    private mutating func take(_ series: [ActivitySeries], _ query: ActivityQuery, _ context: ScreenContext) {
        let selected = selectedService?.service
        window = ActivityWindow(query, now: context.now)
        services = sorted(series)
        complaint = nil
        layOut(context)
        if let selected, let place = services?.firstIndex(where: { $0.service == selected }) { list.select(place) }
    }

    private func sorted(_ series: [ActivitySeries]) -> [ActivitySeries] {
        func weight(_ series: ActivitySeries) -> Double {
            switch order {
            case .name: 0
            case .rate: Double(series.counts.calls)
            case .errors: Double(series.counts.errors) / Double(max(1, series.counts.calls))
            case .p95: Double(series.counts.durations.quantile(0.95) ?? 0)
            }
        }
        return series.sorted { a, b in
            let (x, y) = (weight(a), weight(b))
            return x != y ? x > y : a.service < b.service
        }
    }

    // MARK: The selection

    var selectedService: ActivitySeries? {
        guard let services, services.indices.contains(list.selection) else { return nil }
        return services[list.selection]
    }

    var selectedFinding: Finding? {
        let place = list.selection - (services?.count ?? 0)
        guard let findings, findings.indices.contains(place) else { return nil }
        return findings[place]
    }

    private mutating func layOut(_ context: ScreenContext) {
        list.update(count: (services?.count ?? 0) + (findings?.count ?? 0), visible: max(1, context.body.rows - 3))
    }

    // MARK: Actions

    package mutating func perform(
        _ action: ActionName, argument: String, _ context: ScreenContext
    ) -> [ScreenEffect] {
        layOut(context)
        if list.perform(action) { return [] }
        switch action {
        case "open": return open()
        case "errors": return [.open(.traces(failing))]
        case "next-finding": step(by: 1)
        case "previous-finding": step(by: -1)
        case "sort":
            order = Order.allCases[(Order.allCases.firstIndex(of: order).map { $0 + 1 } ?? 0) % Order.allCases.count]
            if let services { self.services = sorted(services) }
        case "all-spans":
            countsAllSpans.toggle()
            return askAll(context)
        case "refresh": return askAll(context)
        case "export": return services.map { [.export(.activity($0))] } ?? []
        default: break
        }
        return []
    }

    private func open() -> [ScreenEffect] {
        if let service = selectedService {
            var query = TraceQuery()
            query.service = service.service
            return [.open(.traces(query))]
        }
        guard let finding = selectedFinding else { return [] }
        if let trace = finding.sampleTrace { return [.open(.trace(trace))] }
        var query = TraceQuery()
        if !finding.service.isEmpty { query.service = finding.service }
        if !finding.operation.isEmpty { query.operation = finding.operation }
        return [.open(.traces(query))]
    }

    private var failing: TraceQuery {
        var query = TraceQuery()
        query.service = selectedService?.service
        query.status = .error
        return query
    }

    private mutating func step(by direction: Int) {
        guard let count = findings?.count, count > 0 else { return }
        let first = services?.count ?? 0
        let place = list.selection - first
        list.select(first + (place < 0 ? (direction > 0 ? 0 : count - 1) : (place + direction + count) % count))
    }

    package mutating func receive(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        layOut(context)
        guard case .mouse(let press) = input else { return [] }
        switch press.action {
        case .wheelDown: list.move(by: 1)
        case .wheelUp: list.move(by: -1)
        case .press:
            guard let row = OverviewPicture(self, context).row(at: press.row) else { return [] }
            if row == list.selection { return open() }
            list.select(row)
        default: break
        }
        return []
    }

    package func view(_ frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        OverviewPicture(self, context).draw(on: &frame)
    }
}

/// A stretch of time in steps.
struct ActivityWindow: Hashable, Sendable {
    let start: Timestamp
    let step: UInt64
    let count: Int
    let seconds: Double

    init(_ query: ActivityQuery, now: Timestamp) {
        start = query.start ?? .zero
        step = max(1, query.step ?? 1)
        let length = start.nanoseconds(until: query.end ?? now)
        // One step more than asked for: the beginning was moved back to a whole step.
        count = Int(min(length / step + 1, UInt64(Limits.overviewSteps) + 2))
        seconds = Double(length) / 1e9
    }

    func place(_ moment: Timestamp) -> Int { min(count - 1, Int(clamping: start.nanoseconds(until: moment) / step)) }
}

extension TimeRange {
    /// Whether it moves with the clock.
    var isLive: Bool { if case .last = self { true } else { false } }
}
