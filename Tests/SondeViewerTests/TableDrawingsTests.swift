// SPDX-License-Identifier: Apache-2.0
// Lists of traces, services, operations and logs, and what a store holds.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import SondeViewer
import Testing

@Suite("Tables")
struct TableDrawingsTests {
    static let widths = [36, 50, 80, 120, 200]

    private var page: TracePage {
        var traces = [Trace.checkout, .halfArrived, .hostile].compactMap { TraceSummary($0) }
        // Ids as they are in life: random from the first digit on.
        for index in traces.indices {
            traces[index].traceID.high = 0x5b8e_fff7_9803_8103 &* UInt64(index + 1)
        }
        return TracePage(
            traces: traces,
            next: TraceCursor(start: .sampleEpoch, traceID: .sample(1)), total: Total(12_345, isExact: true))
    }

    @Test(arguments: widths)
    func tracesLookAsAgreed(width: Int) throws {
        let drawing = TraceListDrawing(page, on: Canvas(width: width, zone: zone))
        let footer = try #require(drawing.footer())
        try expect(drawing.lines() + [footer], is: "traces-\(width).txt", within: width)
    }

    @Test func idsOfSixtyFourBitsAreToldApartByTheirOwnDigits() {
        var page = page
        for index in page.traces.indices {
            page.traces[index].traceID = TraceID(high: 0, low: 0xca5a_9f83_717d_d3d9 &* UInt64(index + 1))
        }
        func last(_ width: Int) -> [String?] {
            TraceListDrawing(page, on: Canvas(width: width, zone: zone)).lines().map {
                $0.text.split(separator: " ").last.map(String.init)
            }
        }
        #expect(last(80) == ["trace"] + page.traces.map { String($0.traceID.hex.dropFirst(16).prefix(8)) })
        #expect(last(200) == ["trace"] + page.traces.map(\.traceID.hex))
    }

    @Test func aLowerBoundSaysThatItIsOne() throws {
        var page = page
        page.total.isExact = false
        let footer = TraceListDrawing(page, on: Canvas(width: 80, zone: zone)).footer()
        #expect(footer?.text == "3 of at least 12 345 traces · ? = incomplete")
    }

    @Test func aWholeListNeedsNoFooter() throws {
        let summary = try #require(TraceSummary(.checkout))
        let page = TracePage(traces: [summary], next: nil, total: Total(1, isExact: true))
        #expect(TraceListDrawing(page, on: Canvas(width: 80, zone: zone)).footer() == nil)
    }

    @Test func startsNameTheirOffsetsWhereTheyDiffer() throws {
        let summary = try #require(TraceSummary(.checkout))
        let page = TracePage(traces: [summary], next: nil, total: Total(1, isExact: true))
        #expect(TraceListDrawing(page, on: Canvas(width: 80, zone: .utc)).lines()[0].text.hasPrefix("start (UTC)"))
    }

    @Test(arguments: widths)
    func servicesLookAsAgreed(width: Int) throws {
        let services = [
            ServiceSummary(name: "gateway", spanCount: 123_456, errorCount: 0),
            ServiceSummary(name: "payments", spanCount: 1_000_000, errorCount: 1),
            ServiceSummary(name: "注文サービス", spanCount: 40, errorCount: 40),
            ServiceSummary(
                name: "a-service-with-quite-a-long-name-as-kubernetes-makes-them", spanCount: 3, errorCount: 1),
        ]
        try expect(
            ServicesDrawing(services, on: Canvas(width: width, zone: zone)).lines(), is: "services-\(width).txt",
            within: width)
    }

    @Test(arguments: widths)
    func operationsLookAsAgreed(width: Int) throws {
        let operations = [
            OperationSummary(name: "", kind: .unspecified), OperationSummary(name: "GET /orders/{id}", kind: .server),
            OperationSummary(name: "SELECT * FROM orders WHERE customer = ? AND state IN (?, ?, ?)", kind: .client),
        ]
        try expect(
            OperationsDrawing(operations, on: Canvas(width: width, zone: zone)).lines(), is: "operations-\(width).txt",
            within: width)
    }

    @Test(arguments: widths)
    func logsLookAsAgreed(width: Int) throws {
        var event = LogRecord.sample("", ms: 86_400_000, service: "mail")
        event.body = .empty
        event.eventName = "mail.sent"
        event.severityNumber = 0
        event.severityText = "Verbose"
        let logs: [LogRecord] = [
            .sample(
                "order received", service: "orders", level: .info, trace: 1,
                attributes: [Attribute("code.line.number", .int(7)), Attribute("order.id", .int(42))]),
            .sample("cache miss", ms: 3, service: "inventory", level: .debug),
            .sample(
                "payment declined by the bank after the second attempt, because the account has insufficient funds",
                ms: 60,
                service: "payments", level: .warn, trace: 1,
                attributes: [Attribute("card", .string("**** 4242")), Attribute("amount", .double(12.5))]),
            .sample(
                "crashed: \u{1B}[31m\n  at Pay.charge\n  at Pay.run\n", ms: 61, service: "payments", level: .error,
                trace: 1),
            event,
        ]
        try expect(
            LogDrawing(logs, on: Canvas(width: width, zone: zone)).lines(), is: "logs-\(width).txt", within: width)
    }

    @Test func aLongStackTraceIsCutAndSaysSo() {
        let log = LogRecord.sample((0..<100).map { "frame \($0)" }.joined(separator: "\n"))
        let lines = LogDrawing([log], on: Canvas(width: 80, zone: zone)).lines()
        #expect(lines.count == 42)
        #expect(lines.last?.text.hasSuffix("… and 60 lines more") == true)
    }

    @Test(arguments: widths)
    func statisticsLookAsAgreed(width: Int) throws {
        var statistics = StoreStatistics()
        statistics.spans = 1_234_567
        statistics.unmergedSpans = 4_096
        statistics.traces = 50_000
        statistics.bytes = 48_000_000
        statistics.blocks = 151
        statistics.services = 18
        statistics.oldest = .sampleEpoch
        statistics.newest = .sample(ms: 86_400_000)
        try expect(
            StatisticsDrawing(statistics, on: Canvas(width: width, zone: zone)).lines(), is: "stats-\(width).txt",
            within: width)
    }

    @Test func anEmptyStoreHasNothingToTell() throws {
        try expect(
            StatisticsDrawing(StoreStatistics(), on: Canvas(width: 80, zone: zone)).lines(), is: "stats-empty.txt",
            within: 80)
    }

    private func expect(_ lines: [StyledText], is name: String, within width: Int) throws {
        for line in lines { #expect(line.width <= width, "\(line.text)") }
        try Golden().expect(text(lines), is: name)
    }
}
