// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Logging
import SondeModel
import Testing
import Tracing

@testable import Sonde

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct SondeLogHandlerTests {
    private func lines(
        level: Logger.Level = .info, provider: Logger.MetadataProvider? = nil,
        _ body: (Logger, Telemetry) throws -> Void
    ) throws -> (lines: [String], records: [SondeModel.LogRecord]) {
        try logged(
            {
                $0.logLevel = level
                $0.metadataProvider = provider
            }, body)
    }

    private func object(_ line: String) throws -> [String: JSON] {
        try JSONDecoder().decode([String: JSON].self, from: Data(line.utf8))
    }

    @Test func withoutASpanALineHasNoIds() throws {
        let (lines, records) = try lines { logger, _ in logger.info("a \"quoted\"\nmessage") }
        #expect(lines.count == 1)
        let line = try object(lines[0])
        #expect(Set(line.keys) == ["time", "level", "message", "logger", "service.name"])
        #expect(line["message"] == .text("a \"quoted\"\nmessage"))
        #expect(line["level"] == .text("info"))
        #expect(line["logger"] == .text("shop.orders"))
        #expect(line["service.name"] == .text("orders"))
        guard case .text(let time)? = line["time"] else { return #expect(Bool(false), "time is text") }
        #expect(time.utf8.count == 30 && time.hasSuffix("Z"))
        #expect(records.first?.traceID == .zero)
    }

    @Test func carriesTheIdsOfTheSpan() throws {
        let (lines, records) = try lines { logger, telemetry in
            telemetry.tracer.withSpan("work") { _ in logger.error("failed") }
        }
        let line = try object(lines[0])
        let record = try #require(records.first)
        #expect(line["trace_id"] == .text(record.traceID.hex))
        #expect(line["span_id"] == .text(record.spanID.hex))
        #expect(record.traceID.isValid && record.spanID.isValid && record.flags == 3)
        #expect(record.severityNumber == 17 && record.severityText == "error")
        #expect(record.body == .string("failed"))
        #expect(record.scope.name == "shop.orders")
    }

    @Test func mergesMetadataOfHandlerProviderAndCall() throws {
        let provider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
        let (lines, records) = try lines(provider: provider) { logger, _ in
            var logger = logger
            logger[metadataKey: "a"] = "handler"
            logger[metadataKey: "c"] = "handler"
            logger.info("hello", metadata: ["b": "call", "d": .stringConvertible(42), "e": .stringConvertible(true)])
        }
        #expect(lines[0].hasSuffix(#""attributes":{"a":"provider","b":"call","c":"handler","d":42,"e":true}}"#))
        #expect(
            records.first?.attributes == [
                Attribute("a", .string("provider")), Attribute("b", .string("call")),
                Attribute("c", .string("handler")),
                Attribute("d", .int(42)), Attribute("e", .bool(true)),
            ])
    }

    @Test func nestedMetadataStaysNested() throws {
        let (lines, records) = try lines { logger, _ in
            logger.info("hello", metadata: ["m": ["b": ["x", ["y": "z"]], "a": .stringConvertible(1.5)]])
        }
        #expect(lines[0].hasSuffix(#""attributes":{"m":{"a":1.5,"b":["x",{"y":"z"}]}}}"#))
        #expect(
            records.first?.attributes == [
                Attribute(
                    "m",
                    .map([
                        Attribute("a", .double(1.5)),
                        Attribute("b", .array([.string("x"), .map([Attribute("y", .string("z"))])])),
                    ]))
            ])
    }

    @Test func endlessNestingEnds() throws {
        var value: Logger.MetadataValue = "deep"
        for _ in 0..<100 { value = .array([value]) }
        let (lines, records) = try lines { logger, _ in logger.info("hello", metadata: ["v": value]) }
        #expect(try object(lines[0]).keys.contains("attributes"))
        #expect(records.count == 1)
    }

    @Test func describesAnError() throws {
        struct Broken: Error, CustomStringConvertible { var description: String { "it broke" } }
        let (lines, _) = try lines { logger, _ in logger.warning("oops", error: Broken()) }
        #expect(lines[0].contains(#""exception.message":"it broke""#))
    }

    @Test func leavesOutWhatIsLessSevere() throws {
        let (lines, records) = try lines(level: .warning) { logger, _ in
            logger.info("quiet")
            logger.warning("loud")
        }
        #expect(lines.count == 1 && records.count == 1)
        #expect(records[0].severityNumber == 13)
    }

    @Test func theExportersOwnLogsAreNotExported() throws {
        let (lines, records) = try lines { _, telemetry in telemetry.localLogger(label: "x").error("no collector") }
        #expect(lines.count == 1 && records.isEmpty)
    }

    @Test func linesOfManyThreadsDoNotMix() throws {
        let (lines, _) = try lines { logger, _ in
            DispatchLoop.run(tasks: 8) { task in
                for index in 0..<100 { logger.info("\(task)-\(index)-\(String(repeating: "x", count: 300))") }
            }
        }
        #expect(lines.count == 800)
        for line in lines { _ = try object(line) }
    }
}

/// Any JSON value of a log line.
private enum JSON: Decodable, Hashable {
    case text(String)
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = (try? container.decode(String.self)).map { .text($0) } ?? .other
    }
}
