// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Sonde
@testable import SondeHummingbird

struct TelemetryRoutesTests {
    struct Away: Error, CustomStringConvertible { var description: String { "database is away" } }

    private func get(
        _ path: String, accept: String? = nil, health: HealthChecks = HealthChecks()
    ) async throws -> (status: UInt, type: String?, body: String) {
        let router = Router()
        router.addTelemetryRoutes(metrics: MetricsRegistry(), health: health)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try await withServer(router, logger: logger) { port in
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
            if let accept { request.headers.add(name: "accept", value: accept) }
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            let body = String(buffer: try await response.body.collect(upTo: 1 << 20))
            return (response.status.code, response.headers.first(name: "content-type"), body)
        }
    }

    @Test func aFailingCheckIs503AndSaysWhy() async throws {
        var health = HealthChecks()
        health.addReadiness("cache") {}
        health.addReadiness("database") { throw Away() }
        let ready = try await get("/health/ready", health: health)
        #expect(ready.status == 503 && ready.type == "application/json")
        #expect(
            ready.body
                == #"{"status":"failing","checks":[{"name":"cache","status":"ok"},{"name":"database","status":"failing","error":"database is away"}]}"#
                + "\n")
        #expect(try await get("/health/live", health: health).status == 200)
    }

    @Test func aCheckThatTakesTooLongFails() async throws {
        var health = HealthChecks()
        health.timeout = .milliseconds(10)
        health.addStartup("slow") { try await Task.sleep(for: .seconds(3_600)) }
        let startup = try await get("/health/startup", health: health)
        #expect(startup.status == 503)
        #expect(startup.body.contains("no answer within"))
    }

    @Test func aCheckThatIgnoresCancellationIsGivenUpAndNeverBegunTwice() async throws {
        let runs = Count()
        let (end, release) = AsyncStream.makeStream(of: Void.self)
        let check = NamedCheck(name: "stuck") {
            runs.value.wrappingAdd(1, ordering: .relaxed)
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                Task {
                    for await _ in end {}
                    done.resume()
                }
            }
        }
        for _ in 0..<3 { #expect(await check.failure(within: .milliseconds(10))?.contains("no answer within") == true) }
        #expect(runs.value.load(ordering: .relaxed) == 1)
        // Once it has answered, it is well again.
        async let waiting = check.failure(within: .seconds(60))
        release.finish()
        #expect(await waiting == nil)
    }

    @Test(arguments: ["live", "ready", "startup"])
    func withoutChecksAllIsWell(probe: String) async throws {
        let answer = try await get("/health/" + probe)
        #expect(answer.status == 200)
        #expect(answer.body == #"{"status":"ok","checks":[]}"# + "\n")
    }

    @Test func metricsComeInTheFormatAskedFor() async throws {
        let plain = try await get("/metrics")
        #expect(plain.type == "text/plain; version=0.0.4; charset=utf-8")
        #expect(plain.body.contains("process_open_fds"))
        let open = try await get("/metrics", accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        #expect(open.type == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(open.body.hasSuffix("# EOF\n"))
    }
}

private final class Count: Sendable {
    let value = Atomic(0)
}
