// SPDX-License-Identifier: Apache-2.0
// The store under load until it is killed: three senders, upkeep as always, and settling in between so that every phase
// comes by often.

import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeStorage
import SondeWire

struct TortureChild {
    /// Batches sent as fast as they are taken.
    private static let burst = 200

    private let folder: String
    private let phase: StorePhase?
    private let seed: UInt64
    private let first: Int
    private let prunes: Bool
    private let isRelaxed: Bool
    private let maxBytes: Int

    init(_ words: inout Words) throws {
        guard let folder = words.text("folder") else { throw BrokenPromise(description: "child needs --folder") }
        self.folder = folder
        phase = words.text("phase").flatMap(StorePhase.init)
        seed = UInt64(words.number("seed", 1))
        first = words.number("first", 1)
        prunes = words.text("prunes") == "yes"
        isRelaxed = words.text("durability") == "relaxed"
        maxBytes = words.number("max-bytes", 600_000)
    }

    func run() async throws {
        var dice = Dice(state: seed)
        var configuration = SQLiteStoreConfiguration(directory: folder)
        configuration.durability = isRelaxed ? .relaxed : .full
        if prunes { configuration.retention.maxBytes = maxBytes }
        if let phase {
            configuration.observer = PhaseKiller(
                phase, fraction: Double.random(in: 0...1, using: &dice), skipping: Int.random(in: 1...3, using: &dice),
                say: Self.say)
        }
        let quiet = Logger(label: "torture") { _ in SwiftLogNoOpLogHandler() }
        let store = try await SQLiteStore.open(configuration, logger: quiet)
        Self.say("open")
        let next = BatchNumbers(from: first)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            for sender in 0..<3 {
                let seed = dice.next() &+ UInt64(sender)
                group.addTask { try await send(to: store, next, seed) }
            }
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: .milliseconds(60))
                    await store.settle()
                }
            }
            try await group.waitForAll()
        }
    }

    private func send(to store: SQLiteStore, _ next: BatchNumbers, _ seed: UInt64) async throws {
        var dice = Dice(state: seed)
        var acknowledged: [Int] = []
        while !Task.isCancelled {
            let batch = next.take()
            // A file that grows without end would be slow to look at; a trickle keeps upkeep at work.
            if batch - first > Self.burst { try await Task.sleep(for: .milliseconds(10)) }
            Self.say("try spans \(batch)")
            guard try await accept(batch, store) else { continue }
            Self.say("ack spans \(batch)")
            Self.say("try logs \(batch)")
            if try await acceptLogs(batch, store) { Self.say("ack logs \(batch)") }
            acknowledged.append(batch)
            if batch % TortureLoad.resendEvery == 0 { _ = try await accept(batch, store) }
            if batch % TortureLoad.echoEvery == 0, !prunes {
                _ = try await accept(
                    acknowledged[Int.random(in: max(0, acknowledged.count - 50)..<acknowledged.count, using: &dice)],
                    store)
            }
            guard batch % TortureLoad.pinEvery == 0 else { continue }
            if try await store.pin(TortureLoad.traceID(batch, 0), note: "batch \(batch)") != nil {
                Self.say("pin trace \(batch)")
            }
        }
    }

    /// False if the store asks for patience.
    private func accept(_ batch: Int, _ store: SQLiteStore) async throws -> Bool {
        let decoded = try OTLPDecoder.traces(TortureLoad.body(batch)).batch
        return try await isTaken { () async throws(SinkError) in try await store.accept(decoded) }
    }

    private func acceptLogs(_ batch: Int, _ store: SQLiteStore) async throws -> Bool {
        let decoded = try OTLPDecoder.logs(TortureLoad.logBody(batch)).batch
        return try await isTaken { () async throws(SinkError) in try await store.accept(decoded) }
    }

    private func isTaken(_ send: () async throws(SinkError) -> Void) async throws -> Bool {
        do throws(SinkError) {
            try await send()
            return true
        } catch {
            guard case .busy = error else { throw error }
            return false
        }
    }

    /// One line, in one write: what was written before a kill has been said.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }
}
