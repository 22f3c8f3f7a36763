// SPDX-License-Identifier: Apache-2.0
// The running exporter: one worker a signal over one HTTP client, and an end that comes in time whatever the collector
// does.

#if OTLPExport
    import AsyncHTTPClient
    import NIOCore
    import ServiceLifecycle

    struct ExportService {
        let telemetry: Telemetry
        let queues: [ExportQueue]

        /// Exports until the service group stops gracefully or the task is cancelled, then sends what is left until the
        /// deadline. Work runs in a task of its own so that a cancelled service still gets its time to flush.
        func run() async {
            let client = HTTPClient(
                eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup),
                configuration: .exporting(timeout: telemetry.configuration.exportTimeout))
            let stop = Pulse()
            let workers = queues.map { worker(for: $0, client: client, stop: stop) }
            let work = Task {
                await withTaskGroup(of: Void.self) { group in
                    for worker in workers {
                        group.addTask {
                            var worker = worker
                            await worker.run()
                        }
                    }
                }
            }
            try? await gracefulShutdown()
            stop.finish()
            for queue in queues { queue.pulse.finish() }
            let deadline = Task { [telemetry] in
                try? await Task.sleep(for: telemetry.configuration.stopDeadline)
                work.cancel()
            }
            await work.value
            deadline.cancel()
            for queue in queues { queue.drop(queue.close(), .stopped) }
            try? await client.shutdown()
        }

        private func worker(for queue: ExportQueue, client: HTTPClient, stop: Pulse) -> ExportWorker {
            let configuration = telemetry.configuration
            let sender = OTLPSender(
                client: client, signal: queue.signal, url: configuration.url(of: queue.signal),
                headers: configuration.headers(of: queue.signal),
                compression: configuration.compression(of: queue.signal),
                timeout: configuration.timeout(of: queue.signal))
            return ExportWorker(
                queue: queue, delay: configuration.delay(of: queue.signal), resource: telemetry.resource, stop: stop,
                metrics: telemetry.metrics,
                logger: telemetry.localLogger(label: "sonde.export"), sleep: { try await Task.sleep(for: $0) },
                send: { await sender.send($0) })
        }
    }

    extension TelemetryConfiguration {
        fileprivate func delay(of signal: ExportSignal) -> Duration {
            switch signal {
            case .traces: traceExportDelay
            case .logs: logExportDelay
            }
        }

        /// Where a signal is sent: its own endpoint as it is, else the base with the signal's path.
        func url(of signal: ExportSignal) -> String {
            switch signal {
            case .traces: tracesEndpoint ?? EndpointURL.joined(endpoint, signal.path)
            case .logs: logsEndpoint ?? EndpointURL.joined(endpoint, signal.path)
            }
        }
    }

    extension HTTPClient.Configuration {
        /// No spans of its own, and no redirects: a redirected POST would lose its body.
        fileprivate static func exporting(timeout: Duration) -> HTTPClient.Configuration {
            var configuration = untraced
            // A request's own deadline ends with the head of the answer; this one ends a body that stalls.
            configuration.timeout.read = TimeAmount(timeout)
            configuration.redirectConfiguration = .disallow
            return configuration
        }
    }
#endif
