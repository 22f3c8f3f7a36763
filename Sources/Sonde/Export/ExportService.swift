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
        /// Whether stopping ends at once if nobody listens at the endpoint.
        var givesUpUnreachable = false

        /// Exports until the service group stops gracefully or the task is cancelled, then sends what is left until the
        /// deadline. Work runs in a task of its own so that a cancelled service still gets its time to flush.
        func run() async {
            let client = HTTPClient(
                eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup),
                configuration: .exporting(timeout: telemetry.configuration.exportTimeout))
            let stop = Pulse()
            let finished = Pulse()
            let loops = telemetry.metrics.observeEventLoops(of: HTTPClient.defaultEventLoopGroup)
            defer { loops.stop() }
            let work = Task {
                await export(over: client, until: stop)
                finished.finish()
            }
            try? await gracefulShutdown()
            telemetry.tracer.core.reportOpenSpans(at: SpanClock.now(), all: true)
            stop.finish()
            for queue in queues { queue.pulse.finish() }
            // In a task of its own again: this one may be cancelled, and would not wait at all.
            await Task {
                await finished.wait(
                    atMost: telemetry.configuration.stopDeadline, sleep: { try await Task.sleep(for: $0) })
                work.cancel()
                await finished.wait(atMost: Limits.stopGrace, sleep: { try await Task.sleep(for: $0) })
                for queue in queues { queue.drop(queue.close(), .stopped) }
                await close(client)
            }.value
        }

        private func export(over client: HTTPClient, until stop: Pulse) async {
            await withTaskGroup(of: Void.self) { group in
                for queue in queues {
                    group.addTask {
                        var worker = worker(for: queue, client: client, stop: stop)
                        await worker.run()
                    }
                }
                group.addTask { await watchOpenSpans(until: stop) }
                group.addTask {
                    var push = push(client: client, stop: stop)
                    await push?.run()
                }
            }
        }

        /// Reports spans that stay open, within a quarter of the configured age.
        private func watchOpenSpans(until stop: Pulse) async {
            guard let age = telemetry.tracer.core.openSpans?.age else { return }
            let step = Duration.nanoseconds(Int64(min(max(age / 4, 20_000_000), 5_000_000_000)))
            while !stop.isFinished, !Task.isCancelled {
                await stop.wait(atMost: step, sleep: { try await Task.sleep(for: $0) })
                telemetry.tracer.core.reportOpenSpans(at: SpanClock.now())
            }
        }

        /// Closes the connections; one that hangs is left to the end of the process.
        private func close(_ client: HTTPClient) async {
            let closed = Pulse()
            Task {
                try? await client.shutdown()
                closed.finish()
            }
            await closed.wait(atMost: Limits.stopGrace, sleep: { try await Task.sleep(for: $0) })
        }

        private func push(client: HTTPClient, stop: Pulse) -> MetricsPush? {
            let configuration = telemetry.configuration
            guard configuration.exportsMetrics, !configuration.isDisabled else { return nil }
            let sender = OTLPSender(
                client: client, signal: .metrics, url: configuration.url(of: .metrics),
                headers: configuration.headers(of: .metrics), compression: configuration.compression(of: .metrics),
                timeout: configuration.timeout(of: .metrics))
            return MetricsPush(
                registry: telemetry.metrics, resource: telemetry.resource, interval: configuration.metricExportInterval,
                stop: stop, logger: telemetry.localLogger(label: "sonde.export"),
                sleep: { try await Task.sleep(for: $0) }, send: { await sender.send(ByteBuffer(bytes: $0)) })
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
                logger: telemetry.localLogger(label: "sonde.export"), givesUpUnreachable: givesUpUnreachable,
                sleep: { try await Task.sleep(for: $0) }, send: { await sender.send($0) })
        }
    }

    extension TelemetryConfiguration {
        fileprivate func delay(of signal: ExportSignal) -> Duration {
            switch signal {
            case .traces: traceExportDelay
            case .logs: logExportDelay
            case .metrics: metricExportInterval
            }
        }

        /// Where a signal is sent: its own endpoint as it is, else the base with the signal's path.
        func url(of signal: ExportSignal) -> String {
            switch signal {
            case .traces: tracesEndpoint ?? EndpointURL.joined(endpoint, signal.path)
            case .logs: logsEndpoint ?? EndpointURL.joined(endpoint, signal.path)
            case .metrics: metricsEndpoint ?? EndpointURL.joined(endpoint, signal.path)
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
            // The worker tries again by itself, and has to know why.
            configuration.connectionPool.retryConnectionEstablishment = false
            return configuration
        }
    }
#endif
