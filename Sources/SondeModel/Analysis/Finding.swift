// SPDX-License-Identifier: Apache-2.0
// What `doctor` finds in the traces of the last hour: a sentence, the numbers behind it, and where to look.

package struct Finding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Failures that begin in one place.
        case errors
        /// Requests that are answered with a refusal nearly every time.
        case refusals
        case timeouts
        case retryStorm
        /// One operation takes most of the time that its callers wait.
        case slowOperation
        case nPlusOne
        case serialCalls
        /// An attribute value tells the slow traces from the rest.
        case slowOutliers
        case incompleteTraces
        case clockSkew
    }

    /// How much it matters to those who wait for answers.
    package enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
        /// Worth knowing.
        case info
        /// Costs time or hides something.
        case warning
        /// Requests fail or wait long.
        case critical

        package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

        private var rank: Int {
            switch self {
            case .info: 0
            case .warning: 1
            case .critical: 2
            }
        }
    }

    /// A number or word that the title rests on.
    package struct Evidence: Hashable, Sendable {
        package enum Value: Hashable, Sendable {
            case count(Int)
            case nanoseconds(UInt64)
            /// 0 to 1.
            case share(Double)
            case text(String)
        }

        /// camelCase, as it stands in JSON.
        package var name: String
        package var value: Value

        package init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    package var kind: Kind
    package var severity: Severity
    /// One sentence with the culprit's name and the decisive number.
    package var title: String
    /// Where the cause is.
    package var service: String
    package var operation: String
    package var evidence: [Evidence]
    /// A trace that shows it.
    package var sampleTrace: TraceID?
    /// What to type to see it, as in `sonde trace 4bf9… --critical`.
    package var command: String

    package init(
        kind: Kind, severity: Severity, title: String, service: String, operation: String, evidence: [Evidence],
        sampleTrace: TraceID?, command: String
    ) {
        self.kind = kind
        self.severity = severity
        self.title = title
        self.service = service
        self.operation = operation
        self.evidence = evidence
        self.sampleTrace = sampleTrace
        self.command = command
    }
}
