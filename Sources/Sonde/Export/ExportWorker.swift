// SPDX-License-Identifier: Apache-2.0
// Empties one queue: waits until a batch is full or old enough, sends it, and tries again what may be tried again.

#if OTLPExport
    import CoreMetrics
    import Logging
    import NIOCore
    import SondeModel
    import SondeWire

    /// The sender of one signal's batches. Runs in one task.
    struct ExportWorker {
        let queue: ExportQueue
        let delay: Duration
        let resource: Resource
        let send: @Sendable (ByteBuffer) async -> SendOutcome
        let sleep: @Sendable (Duration) async throws -> Void
        let logger: Logger
        /// Ends the waits when the service stops.
        let stop: Pulse
        /// Whether one attempt is enough once the service stops, if nobody listens: for commands, which people wait for.
        let givesUpUnreachable: Bool
        private var isGivenUp = false
        private let exported: Counter
        private let retries: Counter
        private var generator = SystemRandomNumberGenerator()
        private var lastWarning: ContinuousClock.Instant?

        init(
            queue: ExportQueue, delay: Duration, resource: Resource, stop: Pulse, metrics: any MetricsFactory,
            logger: Logger, givesUpUnreachable: Bool = false,
            sleep: @escaping @Sendable (Duration) async throws -> Void,
            send: @escaping @Sendable (ByteBuffer) async -> SendOutcome
        ) {
            self.queue = queue
            self.delay = delay
            self.resource = resource
            self.stop = stop
            self.logger = logger
            self.givesUpUnreachable = givesUpUnreachable
            self.sleep = sleep
            self.send = send
            let labels = [("signal", queue.signal.rawValue)]
            exported = Counter(label: MetricName.exported.name, dimensions: labels, factory: metrics)
            retries = Counter(label: MetricName.retries.name, dimensions: labels, factory: metrics)
        }

        /// Sends until the queue's pulse is finished and nothing is left, or the task is cancelled.
        mutating func run() async {
            while !queue.pulse.isFinished, !Task.isCancelled {
                await queue.pulse.wait(atMost: delay, sleep: sleep)
                await sendAll()
            }
            await sendAll()
        }

        private mutating func sendAll() async {
            while !Task.isCancelled, !isGivenUp, var batch = queue.takeBatch() {
                let body = encode(batch)
                queue.recycle(&batch)
                await send(body, of: batch)
                queue.release(batch)
            }
        }

        /// - Parameter batch: What `body` was made of, without its bytes.
        private mutating func send(_ body: ByteBuffer, of batch: EncodedBatch) async {
            var policy = RetryPolicy()
            while true {
                switch await send(body) {
                case .accepted(let rejected, let message): return accepted(batch, rejected: rejected, message: message)
                case .refused(let reason): return drop(batch, .rejected, reason)
                case .unreachable(let reason):
                    guard !givesUpUnreachable || !stop.isFinished else {
                        isGivenUp = true
                        return drop(batch, .stopped, reason)
                    }
                    guard await isWorthRetrying(batch, reason, nil, &policy) else { return }
                case .failed(let reason, let retryAfter):
                    guard await isWorthRetrying(batch, reason, retryAfter, &policy) else { return }
                }
            }
        }

        /// Waits for the next attempt; drops the batch if there is to be none.
        private mutating func isWorthRetrying(
            _ batch: EncodedBatch, _ reason: String, _ retryAfter: Duration?, _ policy: inout RetryPolicy
        ) async -> Bool {
            let wait = Task.isCancelled ? nil : policy.nextWait(retryAfter: retryAfter, using: &generator)
            if let wait { await pause(wait) }
            if Task.isCancelled {
                drop(batch, .stopped, reason)
            } else if wait == nil {
                drop(batch, .retriesExhausted, reason)
            } else {
                retries.increment()
                return true
            }
            return false
        }

        /// Waits, but not longer than it takes to learn that the service stops; then short waits use what time is left.
        private func pause(_ wait: Duration) async {
            if stop.isFinished {
                try? await sleep(min(wait, .milliseconds(250)))
            } else {
                await stop.wait(atMost: wait, sleep: sleep)
            }
        }

        private mutating func accepted(_ batch: EncodedBatch, rejected: Int, message: String) {
            let rejected = min(rejected, batch.count)
            exported.increment(by: batch.count - rejected)
            queue.drop(rejected, .partiallyRejected)
            guard rejected > 0 || !message.isEmpty else { return }
            warn(
                "the collector refused a part of what was exported",
                ["rejected": "\(rejected)", "reason": "\(message)"])
        }

        private mutating func drop(_ batch: EncodedBatch, _ reason: DropReason, _ cause: String) {
            queue.drop(batch.count, reason)
            warn(
                "telemetry was dropped because it could not be exported",
                ["dropped": "\(batch.count)", "reason": "\(reason.rawValue)", "cause": "\(cause)"])
        }

        private mutating func warn(_ message: Logger.Message, _ metadata: Logger.Metadata) {
            let now = ContinuousClock.now
            if let lastWarning, now - lastWarning < .seconds(Limits.exportWarningSeconds) { return }
            lastWarning = now
            logger.warning(
                message, metadata: metadata.merging(["signal": "\(queue.signal.rawValue)"]) { old, _ in old })
        }

        /// The body of a request: the one copy of the entries between the queue and the socket.
        private func encode(_ batch: EncodedBatch) -> ByteBuffer {
            let around = OTLPEncoder.envelope(
                resource: resource,
                parts: batch.parts.map { part in
                    let scope =
                        part.scope.isEmpty
                        ? InstrumentationScope(name: "sonde", version: LibraryVersion.text)
                        : InstrumentationScope(name: part.scope)
                    return (scope: scope, entryBytes: part.bytes.count)
                })
            var body = ByteBufferAllocator().buffer(capacity: around.reduce(batch.byteCount) { $0 + $1.count })
            for (head, part) in zip(around, batch.parts) {
                body.writeBytes(head)
                body.writeBytes(part.bytes)
            }
            body.writeBytes(around.last ?? [])
            return body
        }
    }
#endif
