// SPDX-License-Identifier: Apache-2.0
// How long calls take, by whom was called and what came of it.

#if HTTPClient
    import CoreMetrics
    import Synchronization

    /// The timers of one client, kept by label so that a call does not register them anew.
    final class ClientMetrics: Sendable {
        struct Key: Hashable {
            var method: String
            var host: String?
            var port: Int?
            var status: Int?
            var version: String?
            var errorType: String?

            init(_ call: ClientCall, status: Int?, version: String?, errorType: String?) {
                method = call.method
                host = call.url.host
                port = call.url.port
                self.status = status
                self.version = version
                self.errorType = errorType
            }

            var labels: [(String, String)] {
                var labels = [("http.request.method", method)]
                if let host { labels.append(("server.address", host)) }
                if let port { labels.append(("server.port", "\(port)")) }
                if let status { labels.append(("http.response.status_code", "\(status)")) }
                if let version { labels.append(("network.protocol.version", version)) }
                if let errorType { labels.append(("error.type", errorType)) }
                return labels
            }
        }

        private let telemetry: Telemetry?
        private let timers = Mutex<[Key: Timer]>([:])

        init(_ telemetry: Telemetry?) { self.telemetry = telemetry }

        func record(_ key: Key, since start: ContinuousClock.Instant) {
            let nanoseconds = (ContinuousClock.now - start).nanoseconds
            timer(key).recordNanoseconds(nanoseconds)
        }

        private func timer(_ key: Key) -> Timer {
            timers.withLock { timers in
                if let known = timers[key] { return known }
                let made = Timer(
                    label: "http.client.request.duration", dimensions: key.labels,
                    factory: telemetry?.metrics ?? MetricsSystem.factory)
                if timers.count < Limits.keptTimers { timers[key] = made }
                return made
            }
        }
    }
#endif
