// SPDX-License-Identifier: Apache-2.0

#if OTLPExport
    import Logging
    import SondeModel
    import SondeSight
    import SondeWire
    import Synchronization
    import Testing

    @testable import Sonde

    struct MetricsPushTests {
        private let registry = MetricsRegistry(includesProcessMetrics: false)
        private let stop = Pulse()

        private func push(_ send: @escaping @Sendable ([UInt8]) async -> SendOutcome) -> MetricsPush {
            MetricsPush(
                registry: registry, resource: Resource(), interval: .seconds(3_600), stop: stop,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                sleep: { try await Task.sleep(for: $0) }, send: send)
        }

        @Test func whatFailedForAMomentIsSentAgainWithTheCountsOfThen() async {
            let answers = Mutex<[SendOutcome]>([
                .failed("HTTP 503", retryAfter: .seconds(7)), .unreachable("refused"),
                .accepted(rejected: 2, message: "too many"),
            ])
            let waits = Mutex<[Duration]>([])
            let bodies = Mutex<[[UInt8]]>([])
            let stop = stop
            let orders = registry.counter("orders")
            var push = MetricsPush(
                registry: registry, resource: Resource(), interval: .seconds(3_600), stop: stop,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                sleep: { wait in waits.withLock { $0.append(wait) } },
                send: { body in
                    bodies.withLock { $0.append(body) }
                    orders.increment()
                    let (answer, isLast) = answers.withLock { answers in
                        (answers.isEmpty ? .refused("over") : answers.removeFirst(), answers.isEmpty)
                    }
                    if isLast { stop.finish() }
                    return answer
                })
            await push.run()
            #expect(waits.withLock { $0.prefix(2) } == [.seconds(3_600), .seconds(7)])
            // The last one is what was counted while the service was told to stop.
            #expect(bodies.withLock { Set($0).count } == 4)
            #expect(registry.lines("sonde_export_metric_pushes") == ["sonde_export_metric_pushes_total 1"])
            #expect(registry.lines("sonde_export_failed_metric") == ["sonde_export_failed_metric_pushes_total 1"])
            #expect(
                registry.lines("sonde_export_retries_total") == ["sonde_export_retries_total{signal=\"metrics\"} 2"])
            #expect(
                registry.lines("sonde_export_dropped_total") == [
                    "sonde_export_dropped_total{reason=\"partially_rejected\",signal=\"metrics\"} 2"
                ])
        }

        @Test func anOutageLongerThanTheIntervalIsGivenUpUntilTheNextPush() async {
            let attempts = Mutex(0)
            let stop = stop
            var push = MetricsPush(
                registry: registry, resource: Resource(), interval: .seconds(5), stop: stop,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, sleep: { _ in },
                send: { _ in
                    let count = attempts.withLock { count in
                        count += 1
                        return count
                    }
                    if count == 20 { stop.finish() }
                    return .unreachable("refused")
                })
            await push.run()
            #expect(registry.lines("sonde_export_failed_metric") != ["sonde_export_failed_metric_pushes_total 1"])
            #expect(attempts.withLock { $0 } == 21)
        }

        @Test func countsPushesThatFailAndThoseThatDoNot() async {
            let answers = Mutex<[SendOutcome]>([
                .refused("HTTP 401"), .refused("HTTP 400"),
                .accepted(rejected: 3, message: "not stored"), .accepted(rejected: 0, message: ""),
            ])
            let stop = stop
            var push = push { _ in
                let (answer, isLast) = answers.withLock { answers in
                    (answers.removeFirst(), answers.count == 1)
                }
                if isLast { stop.finish() } else { stop.signal() }
                return answer
            }
            stop.signal()
            await push.run()
            #expect(registry.lines("sonde_export_metric_pushes") == ["sonde_export_metric_pushes_total 2"])
            #expect(registry.lines("sonde_export_failed_metric") == ["sonde_export_failed_metric_pushes_total 2"])
        }

        @Test func pushesOnceMoreWhenTheServiceStops() async {
            let bodies = Mutex<[[UInt8]]>([])
            stop.finish()
            var push = push { body in
                bodies.withLock { $0.append(body) }
                return .accepted(rejected: 0, message: "")
            }
            await push.run()
            #expect(bodies.withLock { $0.count } == 1)
        }

        @Test func theBodyNamesMetricsAsTheServiceDoes() {
            registry.counter("orders.created", help: "Orders.").increment(by: 3)
            registry.timer("wait", buckets: .exponential()).record(.milliseconds(20))
            registry.setInfo("target_info", help: "Who.", labels: [("a", "b")])
            let body = push { _ in .refused("") }.body()
            let text = String(decoding: body, as: UTF8.self)
            #expect(text.contains("orders.created"))
            #expect(!text.contains("orders_created_total"))
            #expect(!text.contains("target_info"))
        }
    }
#endif
