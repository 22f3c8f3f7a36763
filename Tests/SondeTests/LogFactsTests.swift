// SPDX-License-Identifier: Apache-2.0

import Logging
import SondeModel
import Synchronization
import Testing
import Tracing

@testable import Sonde

/// Lines that an instrumentation writes by itself.
struct LogFactsTests {
    private func say(_ logger: Logger, in span: SondeSpan? = nil) {
        logger.log(level: .info, "request", in: span) { line in
            line.set("client", String?.none)
            line.set("duration_ms", microseconds: 1_250)
            line.set("route", "/orders/{id}")
            line.set("status", 200)
        }
    }

    @Test func standAmongTheMetadataInTheOrderOfTheirKeysAndWinOverIt() throws {
        let (lines, records) = try logged { logger, _ in
            var logger = logger
            logger[metadataKey: "request.id"] = "7"
            logger[metadataKey: "route"] = "of the handler"
            logger[metadataKey: "zone"] = "b"
            say(logger)
        }
        #expect(
            lines[0].hasSuffix(
                #""attributes":{"duration_ms":1.25,"request.id":"7","route":"/orders/{id}","status":200,"zone":"b"}}"#))
        #expect(
            records.first?.attributes == [
                Attribute("duration_ms", .double(1.25)), Attribute("request.id", .string("7")),
                Attribute("route", .string("/orders/{id}")), Attribute("status", .int(200)),
                Attribute("zone", .string("b")),
            ])
    }

    @Test func belongToTheSpanThatIsNamedElseToThatOfTheTask() throws {
        let (_, records) = try logged { logger, telemetry in
            let named = telemetry.tracer.startSpan("named", context: .topLevel)
            telemetry.tracer.withSpan("of the task") { _ in
                say(logger, in: named)
                say(logger)
            }
            #expect(named.trace.spanID.isValid)
            named.setStatus(SpanStatus(code: .ok))
            named.end()
        }
        #expect(records.count == 2)
        #expect(records[0].spanID != records[1].spanID && records.allSatisfy { $0.spanID.isValid })
    }

    @Test func aHiddenKeyHidesThem() throws {
        let (lines, records) = try logged({ $0.logRedaction = LogRedaction(keys: ["Route"]) }) { logger, _ in
            say(logger)
        }
        #expect(lines[0].contains(#""route":"<redacted>""#) && !lines[0].contains("orders/{id}"))
        #expect(records.first?.attributes["route"] == .string("<redacted>"))
    }

    @Test func areReadableOnAConsole() throws {
        let (lines, _) = try logged({ $0.logFormat = .text }) { logger, _ in say(logger) }
        #expect(lines[0].contains("duration_ms=1.25 route=/orders/{id} status=200"))
    }

    @Test func areMetadataForAnotherHandler() {
        let other = CollectingHandler()
        say(Logger(label: "other") { _ in other })
        #expect(other.seen == [["duration_ms": "1.25", "route": "/orders/{id}", "status": "200"]])
        #expect(other.sources == ["SondeTests"])
    }

    @Test func areNotAskedForBelowTheLevel() throws {
        let (lines, _) = try logged({ $0.logLevel = .warning }) { logger, _ in
            logger.log(level: .info, "request") { _ in Issue.record("nobody reads them") }
        }
        #expect(lines.isEmpty)
    }

    @Test(arguments: [
        (0, "0.0"), (1, "0.001"), (10, "0.01"), (100, "0.1"), (1_000, "1.0"), (1_250, "1.25"),
        (12_345_678, "12345.678"),
        (-1, "-0.001"), (-1_500, "-1.5"),
    ])
    func thousandthsAreWrittenAsSwiftPrintsADouble(_ value: Int64, _ text: String) {
        var buffer = LogBuffer()
        buffer.appendThousandths(value)
        #expect(String(decoding: buffer.bytes, as: UTF8.self) == text)
        #expect("\(Double(value) / 1_000)" == text)
    }
}

/// A handler of another maker, which keeps the metadata of what it is told.
private final class CollectingHandler: LogHandler {
    private let lines = Mutex<[(source: String, metadata: Logger.Metadata)]>([])

    var seen: [Logger.Metadata] { lines.withLock { $0.map(\.metadata) } }
    var sources: [String] { lines.withLock { $0.map(\.source) } }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let metadata: Logger.Metadata = (event.metadata ?? [:]).mapValues { .string("\($0)") }
        lines.withLock { $0.append((event.source, metadata)) }
    }
}
