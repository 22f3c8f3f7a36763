// SPDX-License-Identifier: Apache-2.0
// Story: the collector is killed in the middle of its work, and every span that a sender was told is stored is there
// when it starts again.

import Foundation
import SondeModel
import SondeTestKit
import SondeWire
import Synchronization
import Testing

@Suite("kill -9")
struct KillTests {
    /// Spans of one trace, sent as one body.
    private static let spansPerTrace = 40
    private static let senders = 4
    /// Acknowledged bodies after which the collector is killed: enough for commits of several senders to overlap.
    private static let bodiesBeforeTheKill = 150

    @Test func everyAcknowledgedSpanIsThereAfterARestart() async throws {
        let scratch = try ScratchFolder("kill")
        let collector = try await RunningCollector(in: scratch)
        let acknowledged = await load(collector)
        #expect(acknowledged.count >= Self.bodiesBeforeTheKill)

        let restarted = try await RunningCollector(in: scratch)
        for trace in acknowledged {
            let url = "\(restarted.queryURL)/sonde/v1/traces/\(TraceID.sample(trace).hex)"
            let tree = try await HTTPProbe.json(TreeAnswer.self, from: url)
            #expect(tree.trace.spanTotal == Self.spansPerTrace, "trace \(trace)")
        }
        let stats = try await HTTPProbe.json(StatsAnswer.self, from: "\(restarted.queryURL)/sonde/v1/stats")
        // A body that was committed but not answered may be there as well, one a sender at most.
        let lost = acknowledged.count * Self.spansPerTrace - stats.spans
        #expect((-Self.senders * Self.spansPerTrace...0).contains(lost))
        #expect(stats.spans % Self.spansPerTrace == 0, "half a body was kept")
        #expect(try await restarted.stop() == 0)
    }

    /// Sends one trace after the other over several connections, kills the collector while they are at it, and returns
    /// the traces that were acknowledged.
    private func load(_ collector: RunningCollector) async -> [UInt64] {
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<Self.senders {
                group.addTask {
                    var trace = UInt64(sender) + 1
                    while await Self.send(trace, to: collector) {
                        if tally.add(trace) == Self.bodiesBeforeTheKill { collector.kill() }
                        trace += UInt64(Self.senders)
                    }
                }
            }
        }
        return tally.traces
    }

    /// Whether the collector said that it has stored the trace.
    private static func send(_ trace: UInt64, to collector: RunningCollector) async -> Bool {
        let spans = (1...UInt64(spansPerTrace)).map { SpanRecord.sample(trace: trace, $0, parent: $0 - 1) }
        let answer = try? await HTTPProbe.send(
            "POST", collector.otlpURL + "/v1/traces", headers: [("Content-Type", "application/x-protobuf")],
            body: OTLPEncoder.traces(spans))
        return answer?.status == 200
    }
}

/// The traces that were acknowledged, in order.
private final class Tally: Sendable {
    private let acknowledged = Mutex<[UInt64]>([])

    var traces: [UInt64] { acknowledged.withLock { $0 } }

    /// Notes one more and returns how many there are.
    func add(_ trace: UInt64) -> Int {
        acknowledged.withLock { traces in
            traces.append(trace)
            return traces.count
        }
    }
}

struct TreeAnswer: Decodable {
    struct Trace: Decodable {
        let id: String
        let complete: Bool
        let spanTotal: Int
    }

    let trace: Trace
}

struct StatsAnswer: Decodable {
    let spans: Int
    let logs: Int
    let traces: Int
}
