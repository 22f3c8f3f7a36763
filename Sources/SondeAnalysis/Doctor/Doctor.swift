// SPDX-License-Identifier: Apache-2.0
// The doctor: goes over the traces of a while and names what is wrong with those who made them. Traces are seen one at a
// time and let go; only tallies and a small digest of each stay. On healthy traffic it is silent: every detector speaks
// only above thresholds that stand, with their reasons, in DoctorLimits.swift.

package import SondeModel

package struct Doctor: Sendable {
    /// The moment of the examination; what arrived just before it may still be incomplete.
    let now: Timestamp
    private var requests = RequestLog()
    private var failures = FailureDetector()
    private var slowness = SlowOperationDetector()
    private var repeats = RepetitionDetector()
    private var serial = SerialCallDetector()
    private var retries = RetryDetector()
    private var gaps = IncompletenessDetector()
    private var clocks = ClockDetector()
    /// Nil where there are too few requests to compare.
    private var ledger: AttributeLedger?

    package init(now: Timestamp) { self.init(now: now, ledger: AttributeLedger()) }

    private init(now: Timestamp, ledger: AttributeLedger?) {
        self.now = now
        self.ledger = ledger
    }

    /// What is wrong with the makers of these traces.
    package static func findings(in traces: [Trace], now: Timestamp) -> [Finding] {
        var doctor = Doctor(now: now)
        for trace in traces { doctor.add(trace) }
        return doctor.findings()
    }

    /// The analysis of a single trace, and what it alone shows to be wrong.
    package static func examine(_ trace: Trace, now: Timestamp) -> (report: TraceReport, findings: [Finding]) {
        let columns = TraceColumns(trace)
        let report = TraceAnalysis.report(on: columns)
        var doctor = Doctor(now: now, ledger: nil)
        doctor.add(columns, report)
        return (report, doctor.findings())
    }

    /// Looks at one trace. A trace without spans says nothing.
    package mutating func add(_ trace: Trace) {
        let columns = TraceColumns(trace)
        add(columns, TraceAnalysis.report(on: columns))
    }

    private mutating func add(_ columns: TraceColumns, _ report: TraceReport) {
        guard let root = columns.mainRoot else { return }
        let request = requests.add(columns, root: root)
        failures.add(report.errorOrigins, columns)
        slowness.add(report, columns, request: request)
        repeats.add(report.repeats, columns)
        serial.add(report.serialRuns, columns, request: request)
        retries.add(report.retries, columns)
        gaps.add(columns, now: now)
        clocks.add(columns)
        ledger?.add(columns)
    }

    /// Everything found, the most severe first, then in the order of ``Finding/Kind``.
    package func findings() -> [Finding] {
        let all =
            failures.findings() + requests.refusals() + retries.findings() + slowness.findings(requests)
            + repeats.findings() + serial.findings(requests) + (ledger.map(requests.outliers) ?? [])
            + gaps.findings(requests)
            + clocks.findings()
        let order = Dictionary(uniqueKeysWithValues: Finding.Kind.allCases.enumerated().map { ($1, $0) })
        let ranked = all.enumerated().sorted { a, b in
            if a.element.severity != b.element.severity { return a.element.severity > b.element.severity }
            let (kindA, kindB) = (order[a.element.kind] ?? 0, order[b.element.kind] ?? 0)
            return kindA != kindB ? kindA < kindB : a.offset < b.offset
        }
        return ranked.prefix(DoctorLimits.maxFindings).map(\.element)
    }
}

/// A service and a name, the unit in which the doctor counts.
struct Place: Hashable, Comparable, Sendable {
    var service: String
    /// With ids and numbers collapsed.
    var operation: String

    init(service: String, operation: String) {
        self.service = service
        self.operation = operation
    }

    init(_ span: Int, _ columns: TraceColumns) {
        let operation = columns.operations[columns.operationOf[span]]
        self.init(service: operation.service, operation: Shape.name(operation.name))
    }

    static func < (a: Place, b: Place) -> Bool { (a.service, a.operation) < (b.service, b.operation) }

    var text: String { service + " " + operation }
}
