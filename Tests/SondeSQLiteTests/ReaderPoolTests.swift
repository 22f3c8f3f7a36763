// SPDX-License-Identifier: Apache-2.0
// Questions that are given up: the work stops, and the connection answers the next one.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite(.timeLimit(.minutes(10))) struct ReaderPoolTests {
    private let givenUp = ReadError.failed("the question was given up before its answer was found")

    /// Every kind of question that looks into blocks.
    enum Question: CaseIterable, Sendable {
        case search, trace, prefix, logs

        func ask(_ file: BlockFile) throws(ReadError) {
            switch self {
            case .search: _ = try TraceSearch.run(TraceQuery(), in: file)
            case .trace: _ = try file.trace(.sample(1))
            case .prefix:
                guard let prefix = TraceIDPrefix("5a5a") else { return }
                _ = try file.traceIDs(withPrefix: prefix, limit: 9)
            case .logs: _ = try LogSearch.run(LogQuery(), in: file)
            }
        }
    }

    @Test(arguments: Question.allCases, [false, true])
    func aQuestionGivenUpWhileItIsWorkedOnStopsAndFreesItsConnection(question: Question, isCached: Bool) async throws {
        try await withStore { store in
            try await store.accept(codec.spanBatch([.sample(1), .sample(2)]))
            try await store.accept(codec.logBatch([.sample("hello")]))
            let pool = store.reader.pool
            if isCached { try await pool.read { file throws(ReadError) in try question.ask(file) } }
            for _ in 0..<2 * Limits.readers {
                let task = Task { [givenUp] in
                    _ = await #expect(throws: givenUp) {
                        try await pool.read { file throws(ReadError) in
                            // The worker is at it by now, in a transaction.
                            withUnsafeCurrentTask { $0?.cancel() }
                            try question.ask(file)
                        }
                    }
                }
                await task.value
            }
            for _ in 0..<2 * Limits.readers {
                #expect(try await store.trace(.sample(1))?.spans.count == 2)
            }
        }
    }
}
