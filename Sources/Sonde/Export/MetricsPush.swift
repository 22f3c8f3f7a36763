// SPDX-License-Identifier: Apache-2.0
// Metrics sent to a collector at an interval, for those who do not scrape. What counts is cumulative: a push that fails
// loses nothing but a point in time.
//
// https://opentelemetry.io/docs/specs/otel/metrics/sdk/#periodic-exporting-metricreader

#if OTLPExport
    import CoreMetrics
    import Logging
    import SondeModel
    import SondeWire
    import Tracing

    /// The sender of a registry's metrics. Runs in one task.
    struct MetricsPush {
        let registry: MetricsRegistry
        let resource: Resource
        let interval: Duration
        /// Ends the waits when the service stops.
        let stop: Pulse
        let logger: Logger
        let sleep: @Sendable (Duration) async throws -> Void
        let send: @Sendable ([UInt8]) async -> SendOutcome
        private let pushed: MetricsRegistry.Counter
        private let failed: MetricsRegistry.Counter
        private let retries: MetricsRegistry.Counter
        private let rejected: MetricsRegistry.Counter
        private var generator = SystemRandomNumberGenerator()
        private var lastWarning: ContinuousClock.Instant?

        init(
            registry: MetricsRegistry, resource: Resource, interval: Duration, stop: Pulse, logger: Logger,
            sleep: @escaping @Sendable (Duration) async throws -> Void,
            send: @escaping @Sendable ([UInt8]) async -> SendOutcome
        ) {
            self.registry = registry
            self.resource = resource
            self.interval = interval
            self.stop = stop
            self.logger = logger
            self.sleep = sleep
            self.send = send
            pushed = registry.counter(MetricName.pushes.name, help: MetricName.pushes.help)
            failed = registry.counter(MetricName.failedPushes.name, help: MetricName.failedPushes.help)
            let signal = ("signal", ExportSignal.metrics.rawValue)
            retries = registry.counter(MetricName.retries.name, labels: [signal])
            rejected = registry.counter(
                MetricName.dropped.name, labels: [signal, ("reason", DropReason.partiallyRejected.rawValue)])
        }

        /// Pushes at each interval until `stop` is finished or the task is cancelled, and once more at the end.
        mutating func run() async {
            var isLast = false
            while !isLast {
                await stop.wait(atMost: interval, sleep: sleep)
                // Asked before: what is counted while a push is under way is for the one after it.
                isLast = stop.isFinished || Task.isCancelled
                await push()
            }
        }

        /// Sends what there is, and tries again within the interval: each time with what has been counted until then.
        private mutating func push() async {
            var policy = RetryPolicy()
            policy.total = min(policy.total, interval)
            while true {
                switch await send(body()) {
                case .accepted(let rejected, let message): return accepted(rejected: rejected, message: message)
                case .refused(let reason): return fail(reason)
                case .failed(let reason, let retryAfter):
                    guard await pause(retryAfter, &policy) else { return fail(reason) }
                case .unreachable(let reason):
                    guard await pause(nil, &policy) else { return fail(reason) }
                }
                retries.increment()
            }
        }

        /// Waits for the next attempt; false if there is to be none. A service that stops has no time for one.
        private mutating func pause(_ retryAfter: Duration?, _ policy: inout RetryPolicy) async -> Bool {
            guard !stop.isFinished, !Task.isCancelled,
                let wait = policy.nextWait(retryAfter: retryAfter, using: &generator)
            else { return false }
            await stop.wait(atMost: wait, sleep: sleep)
            return !Task.isCancelled
        }

        private mutating func accepted(rejected: Int, message: String) {
            pushed.increment()
            self.rejected.increment(by: rejected)
            guard rejected > 0 || !message.isEmpty else { return }
            warn("the collector refused a part of the metrics", ["rejected": "\(rejected)", "reason": "\(message)"])
        }

        private mutating func fail(_ reason: String) {
            failed.increment()
            warn("metrics could not be exported; the next push holds them again", ["reason": "\(reason)"])
        }

        /// Everything but `target_info`, which is the resource.
        func body() -> [UInt8] {
            let times = OTLPEncoder.MetricTimes(
                start: registry.startNanoseconds, now: DefaultTracerClock.now.nanosecondsSinceEpoch)
            var metrics = ProtobufWriter(reservingCapacity: 16_384)
            for family in registry.points() where family.name != MetricName.target.name && !family.series.isEmpty {
                OTLPEncoder.metric(family, times: times, into: &metrics)
            }
            let scope = InstrumentationScope(name: "sonde", version: LibraryVersion.text)
            return OTLPEncoder.envelope(resource: resource, parts: [(scope: scope, encodedEntries: metrics.bytes)])
        }

        private mutating func warn(_ message: Logger.Message, _ metadata: Logger.Metadata) {
            let now = ContinuousClock.now
            if let lastWarning, now - lastWarning < .seconds(Limits.exportWarningSeconds) { return }
            lastWarning = now
            logger.warning(message, metadata: metadata)
        }
    }
#endif
