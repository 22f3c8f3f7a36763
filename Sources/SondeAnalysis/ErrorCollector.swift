// SPDX-License-Identifier: Apache-2.0
// Failures across many traces, one row a signature.

package import SondeModel

package struct ErrorCollector: Sendable {
    private var fingerprints: [ErrorSignature: ErrorFingerprint] = [:]
    /// Origins that were not kept because there were too many different ones.
    package private(set) var omitted = 0
    package private(set) var traceCount = 0
    /// Traces whose main root failed.
    package private(set) var failedTraceCount = 0

    package init() {}

    package mutating func add(_ trace: Trace) { add(TraceColumns(trace)) }

    mutating func add(_ columns: TraceColumns) { add(ErrorOrigins.find(in: columns), of: columns.trace) }

    mutating func add(_ origins: [ErrorOrigin], of trace: Trace) {
        traceCount += 1
        if let root = trace.mainRoot, trace.spans[root].isError { failedTraceCount += 1 }
        var seen: Set<ErrorSignature> = []
        for origin in origins {
            let signature = origin.signature
            guard fingerprints[signature] != nil || fingerprints.count < Limits.maxFingerprints else {
                omitted += 1
                continue
            }
            let isFirstInTrace = seen.insert(signature).inserted
            fingerprints[signature, default: ErrorFingerprint()].count(
                origin, of: trace, isFirstInTrace: isFirstInTrace)
        }
    }

    /// The most frequent first, then the latest seen.
    package func sorted() -> [ErrorFingerprint] {
        fingerprints.values.sorted { a, b in
            if a.traceCount != b.traceCount { return a.traceCount > b.traceCount }
            if a.lastSeen != b.lastSeen { return a.lastSeen > b.lastSeen }
            return a.id < b.id
        }
    }
}

extension ErrorFingerprint {
    fileprivate mutating func count(_ origin: ErrorOrigin, of trace: Trace, isFirstInTrace: Bool) {
        let span = trace.spans[origin.span]
        // A span that has not ended failed no later than it began.
        let moment = max(span.start, span.end)
        if count == 0 {
            signature = origin.signature
            firstSeen = moment
        }
        count += 1
        if isFirstInTrace { traceCount += 1 }
        if isFirstInTrace, origin.reachesRoot { failedTraceCount += 1 }
        firstSeen = min(firstSeen, moment)
        guard moment >= lastSeen else { return }
        lastSeen = moment
        sampleTrace = trace.id
        sampleSpan = span.spanID
        sampleMessage = origin.message
        stackTop = origin.stackTop
    }
}
