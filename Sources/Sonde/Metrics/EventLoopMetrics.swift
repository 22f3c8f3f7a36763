// SPDX-License-Identifier: Apache-2.0
// How late event loops are: a loop that is kept busy by one handler serves nobody else meanwhile.

#if OTLPExport || HTTPClient
    public import NIOCore
    import Synchronization

    extension MetricsRegistry {
        /// Measures how late the event loops of a group run what is due, as `nio_event_loop_lag_seconds`: a timer on each
        /// loop, once per `interval`. `Telemetry.run` does it for the group that is shared by default.
        ///
        /// It ends with the loops, or when what is returned is stopped.
        @discardableResult
        public func observeEventLoops(
            of group: any EventLoopGroup, every interval: Duration = .seconds(1)
        ) -> EventLoopObservation {
            let lag = timer(
                MetricName.eventLoopLag.name, help: MetricName.eventLoopLag.help,
                buckets: .explicit(Limits.eventLoopLagBounds))
            let interval = TimeAmount(interval)
            let tasks = group.makeIterator().prefix(Limits.watchedEventLoops).map { loop in
                let clock = LoopClock(interval: interval)
                return loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
                    lag.record(nanoseconds: clock.lagNow())
                }
            }
            return EventLoopObservation(tasks: tasks)
        }
    }

    /// When a loop's timer was due.
    private final class LoopClock: Sendable {
        private let due: Atomic<UInt64>
        private let interval: TimeAmount

        init(interval: TimeAmount) {
            due = Atomic((NIODeadline.now() + interval).uptimeNanoseconds)
            self.interval = interval
        }

        /// How late it is now; the next time is counted from here.
        func lagNow() -> Int64 {
            let now = NIODeadline.now()
            let lag = now - .uptimeNanoseconds(due.load(ordering: .relaxed))
            due.store((now + interval).uptimeNanoseconds, ordering: .relaxed)
            return max(0, lag.nanoseconds)
        }
    }

    /// A measurement of event loops that goes on.
    public struct EventLoopObservation: Sendable {
        let tasks: [RepeatedTask]

        /// Ends it.
        public func stop() {
            for task in tasks { task.cancel() }
        }
    }
#endif
