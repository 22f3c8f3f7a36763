// SPDX-License-Identifier: Apache-2.0

#if OTLPExport
    import Logging
    import SondeModel
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

        @Test func countsPushesThatFailAndThoseThatDoNot() async {
            let answers = Mutex<[SendOutcome]>([
                .failed("no route", retryAfter: nil), .refused("HTTP 400"),
                .accepted(rejected: 3, message: "not stored"), .accepted(rejected: 0, message: ""),
            ])
            let stop = stop
            var push = push { _ in
                let (answer, isLast) = answers.withLock { answers in
                    (answers.removeFirst(), answers.isEmpty)
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
