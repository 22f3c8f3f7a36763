// SPDX-License-Identifier: Apache-2.0
// What questions may cost: how many at once, how long, and how much of an answer may wait for its reader.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct QuestionsTests {
    // MARK: How many

    @Test func oneQuestionTooManyIsAnswered429AndProbesAreNot() async throws {
        let store = PonderingStore(.waitsAtTheGate)
        try await RunningCollector.run(store: store, configure: { $0.limits.maxQuestions = 1 }) { collector in
            async let first = collector.get("/sonde/v1/services")
            await store.gate.arrivals(1)
            for path in ["/sonde/v1/services", "/sonde/v1/stats", "/api/traces?service=a"] {
                let refused = try #require(try await collector.get(path))
                #expect(refused.status == 429)
                #expect(refused["retry-after"] == "1")
                #expect(refused.text.contains("1 questions are being answered"))
            }
            for path in ["/health/ready", "/metrics"] {
                let reply = try await collector.get(path)
                #expect(reply?.status == 200)
            }
            let metrics = try #require(try await collector.get("/metrics"))
            #expect(metrics.text.contains("sonde_questions_in_progress 1\n"))
            #expect(metrics.text.contains("sonde_questions_refused_total{reason=\"too_many\"} 3\n"))
            await store.gate.open()
            #expect(try await first?.status == 200)
            let next = try await collector.get("/sonde/v1/services")
            #expect(next?.status == 200)
        }
    }

    @Test func telemetryIsTakenWhileQuestionsHaveNoPlace() async throws {
        let store = PonderingStore(.waitsAtTheGate)
        try await RunningCollector.run(store: store, configure: { $0.limits.maxQuestions = 1 }) { collector in
            async let first = collector.get("/sonde/v1/services")
            await store.gate.arrivals(1)
            let reply = try await collector.post(OTLPEncoder.traces([.sample(1)]))
            #expect(reply?.status == 200)
            await store.gate.open()
            _ = try await first
        }
    }

    @Test func questionsThatNeverBecomeWholeTakeNoPlace() async throws {
        let store = PonderingStore(.waitsAtTheGate)
        try await RunningCollector.run(store: store, configure: { $0.limits.maxQuestions = 1 }) { collector in
            try await RawConnection.open(port: collector.queryPort) { unfinished in
                try await unfinished.send(
                    "GET /sonde/v1/services HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n"
                        + "expect: 100-continue\r\n\r\n")
                // So its head has been looked at.
                #expect(try await unfinished.response()?.status == 100)
                async let other = collector.get("/sonde/v1/services")
                await store.gate.arrivals(1)
                // Its turn comes when it is whole, and then there is no place.
                try await unfinished.send("x")
                #expect(try await unfinished.response()?.status == 429)
                await store.gate.open()
                #expect(try await other?.status == 200)
            }
        }
    }

    // MARK: How long

    @Test func aQuestionThatTakesTooLongIsAnsweredAndHungUpOnAlthoughTheStoreGoesOn() async throws {
        let store = PonderingStore(.waitsAtTheGate)
        try await RunningCollector.run(
            store: store,
            configure: {
                $0.limits.questionTime = .milliseconds(50)
                $0.limits.maxQuestions = 1
            }
        ) { collector in
            try await RawConnection.open(port: collector.queryPort) { connection in
                try await connection.send("GET /sonde/v1/services HTTP/1.1\r\nhost: localhost\r\n\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 503)
                #expect(reply.text.contains(#""code":"timed_out""#))
                #expect(reply["connection"] == "close")
                #expect(try await connection.isClosed())
            }
            // The store is still at it, so its place is taken. (One whose time was over before it was begun has none.)
            try await eventually { try await collector.get("/sonde/v1/services")?.status == 429 }
            await store.gate.open()
            try await eventually { try await collector.get("/sonde/v1/services")?.status == 200 }
        }
    }

    @Test func aStoreThatListensHearsThatNobodyWaitsAnyMore() async throws {
        let store = PonderingStore(.listensForCancellation)
        try await RunningCollector.run(store: store, configure: { $0.limits.questionTime = .milliseconds(50) }) {
            // Again where its time was over before the store had heard of it.
            while !store.wasCancelled {
                let reply = try await $0.get("/sonde/v1/services")
                #expect(reply?.status == 503)
            }
        }
    }

    @Test(arguments: [true, false])
    func aQuestionWhoseAskerHangsUpIsGivenUp(politely: Bool) async throws {
        let store = PonderingStore(.listensForCancellation)
        try await RunningCollector.run(store: store) { collector in
            // Again where it was given up before the store had heard of it.
            while !store.wasCancelled {
                try await RawConnection.open(port: collector.queryPort) { connection in
                    try await connection.send("GET /sonde/v1/services HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    try await questions(1, in: collector)
                    guard politely else { return }
                    try await connection.finishSending()
                    #expect(try await connection.isClosed())
                }
                try await questions(0, in: collector)
            }
        }
    }

    private func questions(_ count: Int, in collector: RunningCollector) async throws {
        try await eventually {
            try await collector.get("/metrics")?.text.contains("sonde_questions_in_progress \(count)\n") ?? false
        }
    }

    // MARK: How much

    @Test func anAnswerThatNobodyReadsKeepsOthersFromPilingUp() async throws {
        let text = String(repeating: "x", count: 1 << 20)
        let spans = (1...24).map { SpanRecord.sample($0, attributes: [Attribute("text", .string(text))]) }
        let request = "GET /sonde/v1/traces/\(TraceID.sample(1).hex)?format=otlp HTTP/1.1\r\nhost: localhost\r\n\r\n"
        let store = MemoryStore()
        for span in spans { try await store.accept(OTLPDecoder.traces(OTLPEncoder.traces([span])).batch) }
        try await RunningCollector.run(store: store, configure: { $0.limits.answerBytes = 1 << 20 }) { collector in
            try await RawConnection.open(port: collector.queryPort) { reader in
                try await reader.send(request)
                try await eventually {
                    try await collector.get("/metrics")?.text.contains("sonde_answers_waiting_bytes 1048576\n")
                        ?? false
                }
                let refused = try #require(try await collector.get("/sonde/v1/traces/\(TraceID.sample(1).hex)"))
                #expect(refused.status == 503)
                #expect(refused["retry-after"] == "1")
                let small = try await collector.get("/sonde/v1/services")
                #expect(small?.status == 200)
                // The one that was there first gets all of it.
                let whole = try #require(try await reader.response())
                #expect(whole.body.count > 24 << 20)
            }
            try await eventually {
                try await collector.get("/sonde/v1/traces/\(TraceID.sample(1).hex)?format=otlp")?.status == 200
            }
        }
    }

    /// Looks until it is so; the suite's time limit ends a wait in vain.
    private func eventually(_ holds: () async throws -> Bool) async throws {
        while try await !holds() { try Task.checkCancellation() }
    }
}
