// SPDX-License-Identifier: Apache-2.0
// What is found over many traces, in the native API.
//
//   findings  {findings:[finding…], sample}
//   finding = {kind, severity, title, service, operation, evidence:{name: number or text…}, sampleTraceId, command}
//   errors    {errors:[{id, service, operation, type, message, sampleMessage, stackTop, count, traceCount,
//              failedTraceCount, firstSeen, lastSeen, sampleTraceId, sampleSpanId}], omitted, sample}
//   repeats   {repeats:[{callerService, callerOperation, service, operation, statement, nPlusOne, count, maxCount,
//              traceCount, totalNanos, traceShare, sampleTraceId}], sample}
//   sample  = {used, spans, matched:{value, exact}, earliest, latest, partial}

package import SondeModel

extension NativeJSON {
    package static func findings(_ findings: [Finding], sample: TraceSample) -> [UInt8] {
        object { json in
            json.key("findings")
            json.array(findings) { $0.finding($1) }
            json.sample(sample)
        }
    }

    /// `omitted` counts failures that were not told apart because there were too many.
    package static func errors(_ errors: [ErrorFingerprint], omitted: Int, sample: TraceSample) -> [UInt8] {
        object { json in
            json.key("errors")
            json.array(errors) { $0.fingerprint($1) }
            json.member("omitted", omitted)
            json.sample(sample)
        }
    }

    package static func repeats(_ repeats: [RepetitionReport], sample: TraceSample) -> [UInt8] {
        object { json in
            json.key("repeats")
            json.array(repeats) { $0.repetition($1) }
            json.sample(sample)
        }
    }
}

extension JSONWriter {
    mutating func finding(_ finding: Finding) {
        beginObject()
        member("kind", finding.kind.rawValue)
        member("severity", finding.severity.rawValue)
        member("title", finding.title)
        member("service", finding.service)
        member("operation", finding.operation)
        key("evidence")
        beginObject()
        for evidence in finding.evidence { self.evidence(evidence) }
        endObject()
        key("sampleTraceId")
        if let trace = finding.sampleTrace { id(trace) } else { null() }
        member("command", finding.command)
        endObject()
    }

    private mutating func evidence(_ evidence: Finding.Evidence) {
        switch evidence.value {
        case .count(let count): member(evidence.name, count)
        case .nanoseconds(let nanoseconds): member(evidence.name, nanoseconds)
        case .share(let share): member(evidence.name, share: share)
        case .text(let text): member(evidence.name, text)
        }
    }

    fileprivate mutating func fingerprint(_ error: ErrorFingerprint) {
        beginObject()
        member("id", error.id)
        member("service", error.signature.service)
        member("operation", error.signature.operation)
        member("type", error.signature.type)
        member("message", error.signature.message)
        member("sampleMessage", error.sampleMessage)
        member("stackTop", error.stackTop)
        member("count", error.count)
        member("traceCount", error.traceCount)
        member("failedTraceCount", error.failedTraceCount)
        member("firstSeen", error.firstSeen)
        member("lastSeen", error.lastSeen)
        key("sampleTraceId")
        id(error.sampleTrace)
        key("sampleSpanId")
        id(error.sampleSpan)
        endObject()
    }

    fileprivate mutating func repetition(_ repeated: RepetitionReport) {
        beginObject()
        member("callerService", repeated.callerService)
        member("callerOperation", repeated.callerOperation)
        member("service", repeated.service)
        member("operation", repeated.operation)
        member("statement", repeated.statement)
        member("nPlusOne", repeated.isNPlusOne)
        member("count", repeated.count)
        member("maxCount", repeated.maxCount)
        member("traceCount", repeated.traceCount)
        member("totalNanos", repeated.totalNanos)
        member("traceShare", share: repeated.traceShare)
        key("sampleTraceId")
        id(repeated.sampleTrace)
        endObject()
    }

    /// Which traces the answer rests on; `partial` says why not all, null if all.
    mutating func sample(_ sample: TraceSample) {
        key("sample")
        beginObject()
        member("used", sample.used)
        member("spans", sample.spans)
        key("matched")
        beginObject()
        member("value", sample.matched.value)
        member("exact", sample.matched.isExact)
        endObject()
        key("earliest")
        if let earliest = sample.earliest { moment(earliest) } else { null() }
        key("latest")
        if let latest = sample.latest { moment(latest) } else { null() }
        key("partial")
        if let reason = sample.partialReason { string(reason) } else { null() }
        endObject()
    }
}
