// SPDX-License-Identifier: Apache-2.0
// `/metrics` for Prometheus and `/health/…` for whoever runs the service.

import HTTPTypes
public import Hummingbird
import NIOCore
public import Sonde
import SondeWire

extension RouterMethods {
    /// Adds `GET /metrics`, `/health/live`, `/health/ready` and `/health/startup`.
    @discardableResult
    public func addTelemetryRoutes(_ telemetry: Telemetry, health: HealthChecks = HealthChecks()) -> Self {
        addTelemetryRoutes(metrics: telemetry.metrics, health: health)
    }

    /// The same for a registry that belongs to no `Telemetry`.
    @discardableResult
    public func addTelemetryRoutes(metrics: MetricsRegistry, health: HealthChecks = HealthChecks()) -> Self {
        get("/metrics") { request, _ in Response(metrics, for: request.headers) }
        get("/health/live") { _, _ in await Response(health, health.live) }
        get("/health/ready") { _, _ in await Response(health, health.ready) }
        get("/health/startup") { _, _ in await Response(health, health.startup) }
        return self
    }
}

extension Response {
    /// The exposition that a scraper prefers, compressed if it takes that.
    fileprivate init(_ metrics: MetricsRegistry, for request: HTTPFields) {
        let (accept, encodings) = (request[values: .accept], request[values: .acceptEncoding])
        let page = metrics.exposition(
            accept: accept.isEmpty ? nil : accept.joined(separator: ","),
            acceptEncoding: encodings.joined(separator: ","))
        var headers: HTTPFields = [.contentType: page.contentType, .vary: "Accept, Accept-Encoding"]
        headers[.contentEncoding] = page.contentEncoding
        self.init(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: page.body)))
    }

    /// 200 if all checks pass, else 503; `{"status":"ok","checks":[{"name":"database","status":"ok"}]}`.
    fileprivate init(_ health: HealthChecks, _ checks: [NamedCheck]) async {
        let outcomes = await health.outcomes(of: checks)
        let isHealthy = outcomes.allSatisfy { $0.error == nil }
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string(isHealthy ? "ok" : "failing")
        json.key("checks")
        json.beginArray()
        for outcome in outcomes { json.check(outcome) }
        json.endArray()
        json.endObject()
        json.newline()
        self.init(
            status: isHealthy ? .ok : .serviceUnavailable,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }
}

extension JSONWriter {
    fileprivate mutating func check(_ outcome: HealthChecks.Outcome) {
        beginObject()
        key("name")
        string(outcome.name)
        key("status")
        string(outcome.error == nil ? "ok" : "failing")
        if let error = outcome.error {
            key("error")
            string(error)
        }
        endObject()
    }
}
