// SPDX-License-Identifier: Apache-2.0
// Failures where they begin, and among them calls that were given up after a time.

import SondeModel

struct FailureDetector: Sendable {
    private var errors = ErrorCollector()
    /// Traces in which each operation occurs, to know of how many a failure is.
    private var occurrences: [Place: Int] = [:]
    /// Durations of the failing spans of each failure, for timeouts.
    private var durations: [ErrorSignature: [UInt64]] = [:]

    mutating func add(_ origins: [ErrorOrigin], _ columns: TraceColumns) {
        errors.add(origins, of: columns.trace)
        for place in Set(columns.operations.map { Place(service: $0.service, operation: Shape.name($0.name)) }) {
            if occurrences[place] != nil || occurrences.count < DoctorLimits.maxPlaces {
                occurrences[place, default: 0] += 1
            }
        }
        for origin in origins where durations[origin.signature]?.count ?? 0 < Self.maxDurations {
            if durations[origin.signature] != nil || durations.count < DoctorLimits.maxPlaces {
                durations[origin.signature, default: []].append(columns.duration(origin.span))
            }
        }
    }

    /// Durations kept of one failure: enough for a median.
    private static let maxDurations = 200

    func findings() -> [Finding] { errors.sorted().compactMap(finding) }

    private func finding(_ failure: ErrorFingerprint) -> Finding? {
        let place = Place(service: failure.signature.service, operation: failure.signature.operation)
        let total = max(occurrences[place] ?? 0, failure.traceCount)
        let certain = Rate.lowerBound(failure.traceCount, of: total)
        let reaches = failure.failedTraceCount > 0
        let least = reaches ? DoctorLimits.minFailureRate : DoctorLimits.minCopedRate
        guard certain >= least, failure.traceCount > 1 || reaches, reaches || !Self.isRefusal(failure) else {
            return nil
        }
        let share = Double(failure.traceCount) / Double(max(1, total))
        let severity: Finding.Severity =
            !reaches ? .info : share >= DoctorLimits.criticalFailureRate ? .critical : .warning
        let isTimeout = Self.isTimeout(failure)
        return Finding(
            kind: isTimeout ? .timeouts : .errors, severity: severity,
            title: title(failure, place, of: total, isTimeout: isTimeout), service: place.service,
            operation: place.operation, evidence: evidence(failure, of: total), sampleTrace: failure.sampleTrace,
            command: Wording.command(trace: failure.sampleTrace))
    }

    private func title(_ failure: ErrorFingerprint, _ place: Place, of total: Int, isTimeout: Bool) -> String {
        let count = "in \(failure.traceCount) of \(Wording.count(total, "trace"))"
        var account = failure.signature.type
        if !failure.sampleMessage.isEmpty {
            account += (account.isEmpty ? "" : ": ") + Wording.cut(failure.sampleMessage)
        }
        let said = account.isEmpty ? "" : " with \(account)"
        let reach =
            failure.failedTraceCount > 0
            ? ", and \(failure.failedTraceCount) of them failed as a whole" : "; callers coped"
        guard isTimeout else { return "\(place.text) fails \(count)\(said)\(reach)" }
        let after = Quantile.nearestRank(0.5, ofSorted: (durations[failure.signature] ?? []).sorted())
        return "\(place.text) times out after \(Wording.duration(after)) \(count)\(said)\(reach)"
    }

    /// What the failure did not tell is left out.
    private func evidence(_ failure: ErrorFingerprint, of total: Int) -> [Finding.Evidence] {
        let evidence: [Finding.Evidence] = [
            .init("type", .text(failure.signature.type)), .init("message", .text(failure.sampleMessage)),
            .init("stackTop", .text(failure.stackTop)), .init("failures", .count(failure.count)),
            .init("failingTraces", .count(failure.traceCount)), .init("traces", .count(total)),
            .init("failedRequests", .count(failure.failedTraceCount)),
            .init("share", .share(Double(failure.traceCount) / Double(max(1, total)))),
        ]
        return evidence.filter { $0.value != .text("") }
    }

    /// Whether a client was told no (its span is in error by convention) and its caller went on: an answer, not a failure.
    private static func isRefusal(_ failure: ErrorFingerprint) -> Bool {
        let type = failure.signature.type
        let code = type.hasPrefix("HTTP ") ? type.dropFirst("HTTP ".count) : type[...]
        return Int(code).map { (400..<500).contains($0) && $0 != 408 && $0 != 429 } ?? false
    }

    /// Whether the failure is that nobody answered in time, by its name, its message or its status.
    private static func isTimeout(_ failure: ErrorFingerprint) -> Bool {
        let type = failure.signature.type.lowercased()
        if ["http 504", "http 408", "504", "408", "grpc 4", "deadline_exceeded"].contains(type) { return true }
        let text = type + " " + failure.sampleMessage.lowercased()
        return ["timeout", "timed out", "time-out", "deadline exceeded", "deadlineexceeded"].contains {
            text.contains($0)
        }
    }
}
