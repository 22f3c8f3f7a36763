// SPDX-License-Identifier: Apache-2.0
// docs/api.md tells of everything that is there.

import FoundationEssentials
import Logging
import Sonde
import SondePipeline
import SondeStorage
import Testing

@testable import SondeServer

@Suite struct APIDocumentTests {
    private let document: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        document = try String(contentsOf: root.appending(path: "docs/api.md"), encoding: .utf8)
    }

    @Test func namesEveryRoute() {
        let doors = Doors(
            configuration: CollectorConfiguration(), store: MemoryStore(), registry: MetricsRegistry(),
            readiness: Readiness(), logger: .quiet)
        for name in [ListenerName.otlpHTTP, .query, .zipkin] {
            let routes = doors.dispatcher(for: BoundListener(name: name, address: .loopback(0))).routes.routes
            for route in routes { #expect(document.contains("\(route.pattern)`"), "\(route.pattern)") }
        }
    }

    @Test func namesEveryMetric() {
        for name in Array(MetricName.help.keys) + SpanMetricName.help.keys {
            #expect(document.contains("`\(name)`"), "\(name)")
        }
    }

    @Test func namesTheLimitsThatSendersMeet() {
        let limits = ServerLimits()
        #expect(document.contains("\(limits.maxBodyBytes >> 20) MiB, as received"))
        #expect(document.contains("65 536 spans") && CollectorConfiguration().admission.maxSpansPerBatch == 65_536)
        #expect(document.contains("more than \(limits.maxHeaderBytes >> 10) KiB or \(limits.maxHeaderCount) lines"))
        #expect(document.contains("20 by default, at most \(TraceQuery.maxLimit)"))
        #expect(document.contains("\(LogQuery.defaultLimit) by default, at most \(LogQuery.maxLimit)"))
    }
}
