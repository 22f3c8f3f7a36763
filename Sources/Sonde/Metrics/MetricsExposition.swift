// SPDX-License-Identifier: Apache-2.0
// A scrape: what stands in the registry, sorted by name and labels, in the format that the scraper wants.

package import SondeWire
import Synchronization

/// A page of metrics, ready to be answered.
public struct MetricsPage: Hashable, Sendable {
    /// For the `Content-Type` header.
    public var contentType: String
    /// For the `Content-Encoding` header; nil if the body is as it is.
    public var contentEncoding: String?
    /// The page itself, compressed if ``contentEncoding`` says so.
    public var body: [UInt8]
}

extension MetricsRegistry {
    /// Everything in the registry, for the answer to `GET /metrics`.
    ///
    /// - Parameter accept: The request's `Accept` header. Prometheus protobuf, OpenMetrics 1.0.0 or Prometheus text
    ///   0.0.4, whichever is preferred there; text if none is. The same state gives the same bytes.
    public func exposition(accept: String?) -> (contentType: String, body: [UInt8]) {
        let format = PrometheusFormat.preferred(accept: accept)
        return (format.contentType, exposition(format))
    }

    /// The same, compressed if the request's `Accept-Encoding` header takes gzip. Answer with `Vary: Accept,
    /// Accept-Encoding`.
    public func exposition(accept: String?, acceptEncoding: String?) -> MetricsPage {
        exposition(accept: accept, acceptEncoding: acceptEncoding, appending: [])
    }

    /// The same, with families after those of the registry that are kept elsewhere. Their names must not occur here.
    package func exposition(
        accept: String?, acceptEncoding: String?, appending more: [MetricFamilyPoints]
    ) -> MetricsPage {
        let format = PrometheusFormat.preferred(accept: accept)
        let body = exposition(format, appending: more)
        guard PrometheusFormat.acceptsGzip(acceptEncoding) else {
            return MetricsPage(contentType: format.contentType, contentEncoding: nil, body: body)
        }
        return MetricsPage(contentType: format.contentType, contentEncoding: "gzip", body: Gzip.compress(body))
    }

    /// The same without a copy: `body` is valid until `answer` returns. A registry keeps the memory for the next scrape,
    /// which then allocates nothing.
    public func withExposition<Result>(
        accept: String?, _ answer: (_ contentType: String, _ body: UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        let format = PrometheusFormat.preferred(accept: accept)
        guard format != .protobuf else {
            return try protobufExposition().withUnsafeBytes { try answer(format.contentType, $0) }
        }
        let buffer = pages.take()
        defer { pages.give(back: buffer) }
        write(format, to: &buffer.sink)
        if format.isOpenMetrics { buffer.sink.append("# EOF\n") }
        return try answer(format.contentType, UnsafeRawBufferPointer(buffer.sink.bytes))
    }

    func exposition(_ format: PrometheusFormat, appending more: [MetricFamilyPoints] = []) -> [UInt8] {
        guard format != .protobuf else { return protobufExposition(appending: more) }
        let buffer = pages.take()
        defer { pages.give(back: buffer) }
        write(format, to: &buffer.sink)
        var text = PrometheusText(format: format, following: Array(buffer.sink.bytes))
        for family in more { text.append(family) }
        return text.finish()
    }

    private func write(_ format: PrometheusFormat, to sink: inout PrometheusSink) {
        for page in plan().pages {
            sink.append(format.isOpenMetrics ? page.openMetricsHeader : page.textHeader)
            page.series.withUnsafeBufferPointer { series in
                for series in series {
                    series.write(to: &sink, format: format)
                    if format.isOpenMetrics { series.exemplars.refresh() }
                }
            }
        }
    }

    private func protobufExposition(appending more: [MetricFamilyPoints] = []) -> [UInt8] {
        var protobuf = PrometheusProtobuf()
        for family in points() + more { protobuf.append(family) }
        return protobuf.bytes
    }

    /// Everything as numbers. Exemplars that are newer than this moment are wanted after it.
    func points() -> [MetricFamilyPoints] {
        plan().pages.map { page in
            MetricFamilyPoints(
                name: page.family.name, label: page.family.source, kind: page.family.kind, help: page.help,
                unit: page.unit, isSum: (page.series.first as? CounterSeries)?.isMonotonic == false,
                series: page.series.map { series in
                    defer { series.exemplars.refresh() }
                    return (LabelBytes.pairs(series.labels), series.point)
                })
        }
    }

    /// The families by name, each with its series by labels. Values are read afterwards, outside the lock.
    private func plan() -> ScrapePlan {
        let (plan, _) = state.withLock { state in
            let current = currentPlan(&state)
            return (current, state.retired.takeUnread())
        }
        return plan
    }

    private func currentPlan(_ state: inout State) -> ScrapePlan {
        if let plan = state.plan { return plan }
        let plan = ScrapePlan(
            pages: state.families.values.sorted { $0.name < $1.name }.map { family in
                let description =
                    state.descriptions[family.name]
                    ?? state.descriptions[PrometheusText.metricName(family.source)]
                return ScrapePlan.Page(
                    family, series: family.sorted(retired: &state.retired), help: description?.help,
                    unit: description?.unit)
            })
        state.plan = plan
        return plan
    }
}

/// What a scrape shows, in order. Kept from one to the next while no series comes or goes.
final class ScrapePlan: Sendable {
    struct Page: Sendable {
        var family: MetricFamily
        var help: String
        var unit: String?
        var textHeader: [UInt8]
        var openMetricsHeader: [UInt8]
        var series: ContiguousArray<MetricSeries>

        init(_ family: MetricFamily, series: ContiguousArray<MetricSeries>, help: String?, unit: String?) {
            self.family = family
            self.help = help ?? family.defaultHelp
            self.unit = unit ?? (family.name.hasSuffix("_seconds") ? "seconds" : nil)
            textHeader = PrometheusText.header(
                family.name, kind: family.kind, help: self.help, unit: self.unit, format: .text)
            openMetricsHeader = PrometheusText.header(
                family.name, kind: family.kind, help: self.help, unit: self.unit, format: .openMetrics)
            self.series = series
        }
    }

    let pages: [Page]

    init(pages: [Page]) { self.pages = pages }
}

/// The memory of the last scrape, for the next one.
final class ScrapeBuffers: Sendable {
    private let spare = Mutex<ScrapeBuffer?>(nil)

    /// An empty one. Scrapes at the same time each get their own.
    func take() -> ScrapeBuffer {
        spare.withLock { spare in
            defer { spare = nil }
            return spare
        } ?? ScrapeBuffer()
    }

    /// Keeps it; the one who took it has no more use for it.
    func give(back buffer: ScrapeBuffer) {
        buffer.sink.removeAll()
        spare.withLock { $0 = buffer }
    }
}

/// A sink that can be passed on.
final class ScrapeBuffer: @unchecked Sendable {
    // Sendable although it is plain memory: whoever took it from ``ScrapeBuffers`` is the only one who has it.
    var sink = PrometheusSink()
}
