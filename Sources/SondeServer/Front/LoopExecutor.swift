// SPDX-License-Identifier: Apache-2.0
// Where a connection's task runs: on the event loop that reads its bytes. Waking another thread for each request and
// another for each answer costs more than decoding a body of usual size.

import NIOCore

/// Runs tasks on an event loop.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Does `work` where the task runs if it is quick, else where it keeps no connection waiting.
func perform<Result>(isQuick: Bool, _ work: () async -> Result) async -> Result {
    if isQuick { return await work() }
    return await withTaskExecutorPreference(globalConcurrentExecutor) { await work() }
}

extension Request {
    /// Whether the answer is found without keeping the event loop from its other connections for long: telemetry of usual
    /// size, since the store's work is done elsewhere. Questions are not quick: their answers are made where they are asked.
    var isQuick: Bool {
        guard match.route.intake.signal != nil else { return false }
        // Reading JSON costs ten times what reading protobuf does.
        let type = header("content-type")
        let isText = type != ContentType.protobuf && type?.contains("json") ?? true
        let limit = isText ? ServerLimits.quickTextBytes : ServerLimits.quickBodyBytes
        return QuickBody.isQuick(body, isCompressed: header("content-encoding") != nil, limit: limit)
    }
}

enum QuickBody {
    /// A gzip body says at its end how long it is inflated (RFC 1952, section 2.3.1); one that lies about it can keep its
    /// loop for as long as the limit of inflation lets it, and only if it is short itself.
    static func isQuick(_ body: [UInt8], isCompressed: Bool, limit: Int) -> Bool {
        guard isCompressed else { return body.count <= limit }
        guard body.count >= 4, body.count <= limit / 4 else { return false }
        let inflated = body.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        return inflated <= limit
    }
}
