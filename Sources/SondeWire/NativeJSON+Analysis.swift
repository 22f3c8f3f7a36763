// SPDX-License-Identifier: Apache-2.0
// What the analysis of one trace says, in the native API. Spans are named by their ids.
//
//   {trace:{id, complete, spanTotal, start, durationNanos},
//    criticalPath:{durationNanos, segments:[{spanId, service, operation, start, durationNanos, share, adjusted}],
//                  segmentsOmitted},
//    operations:[{service, operation, kind, count, errorCount, totalNanos, selfNanos, minNanos, maxNanos, p50Nanos,
//                 p95Nanos, criticalNanos, criticalShare, longestSpanId}],
//    repeats:[{parentSpanId, service, operation, kind, statement, count, errorCount, totalNanos, elapsedNanos, serial,
//              nPlusOne, firstSpanId}],
//    serialRuns:[{parentSpanId, elapsedNanos, savedNanos, writes,
//                 steps:[{service, operation, count, durationNanos, firstSpanId}]}],
//    retries:[{parentSpanId, service, operation, kind, attempts, failures, succeeded, elapsedNanos, waitedNanos, backoff,
//              firstSpanId}],
//    errors:[{spanId, service, operation, type, message, stackTop, reachesRoot, explains:[spanId…]}],
//    adjustments:[{spanId, adjustmentNanos}], adjustmentsOmitted,
//    findings:[finding…]}

package import SondeModel

extension NativeJSON {
    /// The analysis of `trace`; `findings` are what the doctor says about it alone.
    package static func analysis(_ trace: Trace, _ report: TraceReport, findings: [Finding]) -> [UInt8] {
        object { json in
            let writer = ReportWriter(trace: trace, report: report)
            writer.writeTrace(to: &json)
            writer.writePath(to: &json)
            json.key("operations")
            json.array(report.operations) { writer.write($1, to: &$0) }
            json.key("repeats")
            json.array(report.repeats) { writer.write($1, to: &$0) }
            json.key("serialRuns")
            json.array(report.serialRuns) { writer.write($1, to: &$0) }
            json.key("retries")
            json.array(report.retries) { writer.write($1, to: &$0) }
            json.key("errors")
            json.array(report.errorOrigins) { writer.write($1, to: &$0) }
            writer.writeAdjustments(to: &json)
            json.key("findings")
            json.array(findings) { $0.finding($1) }
        }
    }
}

private struct ReportWriter {
    let trace: Trace
    let report: TraceReport

    func writeTrace(to json: inout JSONWriter) {
        json.key("trace")
        json.beginObject()
        json.key("id")
        json.id(trace.id)
        json.member("complete", trace.isComplete)
        json.member("spanTotal", trace.spans.count)
        json.member("start", trace.start)
        json.member("durationNanos", trace.durationNanoseconds)
        json.endObject()
    }

    func writePath(to json: inout JSONWriter) {
        json.key("criticalPath")
        json.beginObject()
        json.member("durationNanos", report.pathNanos)
        json.key("segments")
        json.array(Array(report.criticalPath.prefix(Limits.maxAnalysisRows))) { json, segment in
            json.beginObject()
            writeSpan("spanId", segment.span, to: &json)
            json.member("service", trace.spans[segment.span].resource.serviceName)
            json.member("operation", trace.spans[segment.span].name)
            json.member("start", segment.start)
            json.member("durationNanos", segment.durationNanoseconds)
            let whole = Double(report.pathNanos)
            json.member("share", share: whole == 0 ? 0 : Double(segment.durationNanoseconds) / whole)
            json.member("adjusted", report.annotations[segment.span].adjustmentNanos != 0)
            json.endObject()
        }
        json.member("segmentsOmitted", max(0, report.criticalPath.count - Limits.maxAnalysisRows))
        json.endObject()
    }

    func write(_ row: OperationReport, to json: inout JSONWriter) {
        json.beginObject()
        json.member("service", row.service)
        json.member("operation", row.operation)
        json.member("kind", row.kind.name)
        json.member("count", row.count)
        json.member("errorCount", row.errorCount)
        json.member("totalNanos", row.totalNanos)
        json.member("selfNanos", row.selfNanos)
        json.member("minNanos", row.minNanos)
        json.member("maxNanos", row.maxNanos)
        json.member("p50Nanos", row.p50Nanos)
        json.member("p95Nanos", row.p95Nanos)
        json.member("criticalNanos", row.criticalNanos)
        json.member("criticalShare", share: row.criticalShare)
        writeSpan("longestSpanId", row.longestSpan, to: &json)
        json.endObject()
    }

    func write(_ repeated: RepeatReport, to json: inout JSONWriter) {
        json.beginObject()
        writeSpan("parentSpanId", repeated.parent, to: &json)
        json.member("service", repeated.service)
        json.member("operation", repeated.operation)
        json.member("kind", repeated.kind.name)
        json.member("statement", repeated.statement)
        json.member("count", repeated.count)
        json.member("errorCount", repeated.errorCount)
        json.member("totalNanos", repeated.totalNanos)
        json.member("elapsedNanos", repeated.elapsedNanos)
        json.member("serial", repeated.isSerial)
        json.member("nPlusOne", repeated.isNPlusOne)
        writeSpan("firstSpanId", repeated.firstSpan, to: &json)
        json.endObject()
    }

    func write(_ run: SerialRunReport, to json: inout JSONWriter) {
        json.beginObject()
        writeSpan("parentSpanId", run.parent, to: &json)
        json.member("elapsedNanos", run.elapsedNanos)
        json.member("savedNanos", run.savedNanos)
        json.member("writes", run.hasWrites)
        json.key("steps")
        json.array(run.steps) { json, step in
            json.beginObject()
            json.member("service", step.service)
            json.member("operation", step.operation)
            json.member("count", step.count)
            json.member("durationNanos", step.durationNanos)
            writeSpan("firstSpanId", step.firstSpan, to: &json)
            json.endObject()
        }
        json.endObject()
    }

    func write(_ retry: RetryReport, to json: inout JSONWriter) {
        json.beginObject()
        writeSpan("parentSpanId", retry.parent, to: &json)
        json.member("service", retry.service)
        json.member("operation", retry.operation)
        json.member("kind", retry.kind.name)
        json.member("attempts", retry.attempts)
        json.member("failures", retry.failures)
        json.member("succeeded", retry.succeeded)
        json.member("elapsedNanos", retry.elapsedNanos)
        json.member("waitedNanos", retry.waitedNanos)
        json.member("backoff", retry.backoff.rawValue)
        writeSpan("firstSpanId", retry.firstSpan, to: &json)
        json.endObject()
    }

    func write(_ origin: ErrorOrigin, to json: inout JSONWriter) {
        json.beginObject()
        writeSpan("spanId", origin.span, to: &json)
        json.member("service", origin.signature.service)
        json.member("operation", trace.spans[origin.span].name)
        json.member("type", origin.signature.type)
        json.member("message", origin.message)
        json.member("stackTop", origin.stackTop)
        json.member("reachesRoot", origin.reachesRoot)
        json.key("explains")
        json.array(origin.chain) { $0.id(trace.spans[$1].spanID) }
        json.endObject()
    }

    func writeAdjustments(to json: inout JSONWriter) {
        json.key("adjustments")
        json.beginArray()
        let adjusted = report.annotations.indices.filter { report.annotations[$0].adjustmentNanos != 0 }
        for span in adjusted.prefix(Limits.maxAnalysisRows) {
            json.beginObject()
            writeSpan("spanId", span, to: &json)
            json.member("adjustmentNanos", report.annotations[span].adjustmentNanos)
            json.endObject()
        }
        json.endArray()
        json.member("adjustmentsOmitted", max(0, adjusted.count - Limits.maxAnalysisRows))
    }

    private func writeSpan(_ name: String, _ span: Int?, to json: inout JSONWriter) {
        json.key(name)
        if let span { json.id(trace.spans[span].spanID) } else { json.null() }
    }
}

extension JSONWriter {
    /// A part of a whole, with four digits behind the point: more would be noise.
    mutating func member(_ name: String, share: Double) {
        key(name)
        double((share * 10_000).rounded() / 10_000)
    }
}
