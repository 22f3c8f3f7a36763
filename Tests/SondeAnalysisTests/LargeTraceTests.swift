// SPDX-License-Identifier: Apache-2.0
// The largest traces that are analysed, in the three shapes that hurt: one chain, one parent of all, and a bush.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeAnalysis

@Suite("Large traces")
struct LargeTraceTests {
    enum Form: CaseIterable, Sendable { case chain, fan, bush }

    /// Deep enough to overflow any stack; a release build does five times as many in under a second.
    private static let size: UInt64 = 20_000

    private func trace(_ form: Form) -> Trace {
        let statement = [Attribute("db.query.text", .string("SELECT a, b FROM item WHERE id = 42 AND name = 'x'"))]
        let spans = (1...Self.size as ClosedRange<UInt64>).map { id in
            let parent: UInt64 =
                switch form {
                case .chain: id - 1
                case .fan: id == 1 ? 0 : 1
                case .bush: id / 8
                }
            return SpanRecord.sample(
                id, parent: parent, service: "s\(id % 7)", name: "op \(id % 50)", kind: .client,
                start: form == .fan ? Int64(id) : 0, duration: form == .fan && id > 1 ? 1 : Int64(1_000_000 - id),
                status: SpanStatus(code: id % 10 == 0 ? .error : .unset), attributes: statement)
        }
        return Trace(id: .sample(1), assembling: spans)
    }

    @Test(arguments: Form.allCases)
    func everythingIsWorkedOut(form: Form) {
        let trace = trace(form)
        let (report, findings) = Doctor.examine(trace, now: trace.end)
        #expect(report.annotations.count == trace.spans.count)
        #expect(report.operations.reduce(0) { $0 + $1.count } == trace.spans.count)
        #expect(!report.errorOrigins.isEmpty && !findings.isEmpty)
        #expect(TraceComparison.difference(from: trace, to: trace).positions.allSatisfy { $0.change == .same })
        #expect(FoldedStacks.text(of: trace).utf8.count <= Limits.maxFoldedBytes)
    }
}
