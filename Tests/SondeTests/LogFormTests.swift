// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Logging
import SondeModel
import SondeSight
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

/// What lines look like: redaction, repetition, the readable form.
struct LogFormTests {
    // MARK: Redaction

    @Test func whatIsMarkedAsSensitiveIsInNoLineAndNoExport() throws {
        let (lines, records) = try logged { logger, _ in
            logger.info(
                "signed in",
                metadata: [
                    "email": "\("ada@example.org", sensitivity: .sensitive)", "id": "\(7, sensitivity: .public)",
                    "deep": ["list": ["open", "to \("ada@example.org", sensitivity: .sensitive)"]],
                ])
        }
        #expect(
            lines[0].hasSuffix(
                #""attributes":{"deep":{"list":["open","<redacted>"]},"email":"<redacted>","id":"7"}}"#))
        #expect(records[0].attributes["email"] == .string("<redacted>"))
        #expect(!"\(records)".contains("ada@"))
    }

    @Test func oneSensitivePartMakesTheWholeTextSensitiveWhateverComesBehindIt() throws {
        let (id, email) = (7, "ada@example.org")
        let (lines, records) = try logged {
            $0.logRedaction.keys = ["who"]
        } _: { logger, _ in
            logger.info(
                "m",
                metadata: [
                    "a": "\(email, sensitivity: .sensitive) of \(id, sensitivity: .public)",
                    "b": "\(id, sensitivity: .public) of \(email, sensitivity: .sensitive)",
                    "c": "\(email, sensitivity: .sensitive) \(id, attributes: { $0.sensitivity = .public })",
                    "who": "\(id, sensitivity: .public)",
                ])
        }
        #expect(
            lines[0].hasSuffix(#""attributes":{"a":"<redacted>","b":"<redacted>","c":"<redacted>","who":"7"}}"#))
        #expect(!"\(records)".contains("ada@"))
    }

    @Test func keysAreHiddenInAnyCaseUnlessTheValueIsPublic() throws {
        let (lines, _) = try logged {
            $0.logRedaction.keys = ["Password", "token"]
        } _: { logger, _ in
            logger.info(
                "x",
                metadata: ["password": "a", "user": ["TOKEN": ["a": "b"]], "token": "\("c", sensitivity: .public)"])
        }
        #expect(
            lines[0].hasSuffix(
                #""attributes":{"password":"<redacted>","token":"c","user":{"TOKEN":"<redacted>"}}}"#))
    }

    private enum Secrecy: Int64, Logger.MetadataValueAttributes.Attribute { case top = 1 }

    @Test func marksOfOthersAreHonouredAndAllCanBeShown() throws {
        let metadata: Logger.Metadata = [
            "a": "\("x", attributes: [Secrecy.top])", "b": "\("y", sensitivity: .sensitive)",
        ]
        let hidden = try logged {
            $0.logRedaction = LogRedaction(hidingSensitive: false) { $0[Secrecy.self] == .top }
        } _: { logger, _ in
            logger.info("m", metadata: metadata)
        }
        #expect(hidden.lines[0].hasSuffix(#""attributes":{"a":"<redacted>","b":"y"}}"#))
        let shown = try logged {
            $0.logRedaction = .none
        } _: { logger, _ in
            logger.info("m", metadata: metadata)
        }
        #expect(shown.lines[0].hasSuffix(#""attributes":{"a":"x","b":"y"}}"#))
    }

    // MARK: Repetition

    @Test func linesThatRepeatAreCountedAndToldOnce() throws {
        let (lines, records) = try logged {
            $0.logRepetition = LogRepetition(limit: 3, window: .seconds(3_600))
        } _: { logger, telemetry in
            for number in 0..<10 { logger.info("again", metadata: ["number": .stringConvertible(number)]) }
            logger.warning("again")
            #expect(telemetry.metrics.lines("sonde_library_log_lines_repeated_total").last?.hasSuffix(" 7") == true)
        }
        #expect(lines.count == 5 && records.count == 5)
        #expect(lines[4].contains(#""message":"repeated lines were left out","logger":"shop.orders""#))
        #expect(lines[4].hasSuffix(#""attributes":{"log.repeated.count":7,"log.repeated.message":"again"}}"#))
    }

    @Test func aNewWindowTellsOfTheLastOne() {
        let repeats = LogRepeats(LogRepetition(limit: 1, window: .seconds(1)))
        func admit(_ message: String, at second: Double) -> (isWritten: Bool, ended: [RepeatedLines]) {
            repeats.admit(.info, label: "l", message: message, at: UInt64(second * 1e9))
        }
        #expect(admit("a", at: 1).isWritten)
        #expect(!admit("a", at: 1.5).isWritten && !admit("a", at: 1.9).isWritten)
        // Another line is enough to end the window.
        let other = admit("b", at: 2.5)
        #expect(other.isWritten && other.ended.map(\.count) == [2] && other.ended.first?.message == "a")
        #expect(admit("a", at: 2.6).isWritten && repeats.end().isEmpty && repeats.leftOutCount == 2)
    }

    // MARK: The readable form

    @Test func aReadableLineIsAlignedAndSafeForTerminals() throws {
        let (lines, _) = try logged {
            $0.logFormat = .text
        } _: { logger, telemetry in
            telemetry.tracer.withSpan("work") { span in
                logger.warning(
                    "two\nlines \u{1B}[31m\u{9B}",
                    metadata: ["b": "x y", "a": ["k": ["v", "\("s", sensitivity: .sensitive)"]]])
                #expect(span.isRecording)
            }
            logger.critical("end", metadata: ["quote": "a\"b\\ c", "empty": ""])
        }
        let first = try #require(lines.first)
        #expect(
            first.dropFirst(12).hasPrefix(
                #" WARNING  shop.orders  two\nlines \u{1b}[31m\u{9b}  a="{k: [v, <redacted>]}" b="x y" trace="#))
        #expect(first.prefix(12).split(separator: ":").count == 3)
        #expect(lines[1].dropFirst(12) == #" CRITICAL shop.orders  end  empty="" quote="a\"b\\ c""#)
        #expect(!lines.joined().contains("\u{1B}"))
    }

    @Test func coloursAreForTerminalsThatWantThem() throws {
        var format = LogFormat.text
        #expect(
            LogFormat.automatic.consoleStyle(descriptor: -1) == nil && LogFormat.json.consoleStyle(descriptor: 2) == nil
        )
        #expect(format.consoleStyle(descriptor: -1)?.isColoured == false)
        format.isColoured = true
        let (lines, _) = try logged {
            $0.logFormat = format
        } _: { logger, _ in
            logger.error("failed")
        }
        #expect(lines[0].contains("\u{1B}[31mERROR   \u{1B}[0m"))
        var master: Int32 = 0
        var terminal: Int32 = 0
        try #require(openpty(&master, &terminal, nil, nil, nil) == 0)
        defer {
            close(master)
            close(terminal)
        }
        func isColoured(_ variables: [String: String]) -> Bool? {
            LogFormat.automatic.consoleStyle(descriptor: terminal) { variables[$0] }?.isColoured
        }
        #expect(isColoured([:]) == true && isColoured(["NO_COLOR": "1"]) == false)
        #expect(isColoured(["NO_COLOR": ""]) == true && isColoured(["TERM": "dumb"]) == false)
    }

    // MARK: The JSON line

    @Test func everyByteThatJSONForbidsIsEscaped() throws {
        let text = String(String.UnicodeScalarView((0..<0x180).compactMap(Unicode.Scalar.init))) + "aüb\u{1F600}\"\\"
        let (lines, _) = try logged { logger, _ in
            for length in 0..<20 { logger.info("\(String(repeating: "x", count: length))\(text)") }
        }
        for (length, line) in lines.enumerated() {
            let decoded = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
            try #require(decoded.message == String(repeating: "x", count: length) + text)
        }
    }

    private struct Line: Decodable { var message: String }

    @Test func manyFieldsAreInOrderAndTheLaterWins() throws {
        var many: Logger.Metadata = [:]
        for number in 0..<100 { many["k\(1_000 + number)"] = .stringConvertible(number) }
        let (lines, records) = try logged { logger, _ in
            var logger = logger
            logger[metadataKey: "k1005"] = "handler"
            logger.info("m", metadata: many)
        }
        let expected = (0..<100).map { "\"k\(1_000 + $0)\":\($0)" }.joined(separator: ",")
        #expect(lines[0].hasSuffix("\"attributes\":{\(expected)}}"))
        #expect(records[0].attributes.map(\.key) == (0..<100).map { "k\(1_000 + $0)" })
    }

    @Test func exportedRecordsAreLimitedAndSayByHowMuch() throws {
        let (lines, records) = try logged {
            $0.logRecordLimits.attributeCount = 1
            $0.logRecordLimits.attributeValueLength = 2
        } _: { logger, _ in
            logger.info("m", metadata: ["a": "äöü", "b": "x"])
        }
        #expect(lines[0].hasSuffix(#"{"a":"äöü","b":"x"}}"#))
        #expect(records[0].attributes == [Attribute("a", .string("äö"))] && records[0].droppedAttributesCount == 1)
    }

    @Test func aValueWhoseDescriptionLogsDoesNotStandStill() throws {
        struct Chatty: CustomStringConvertible, Sendable {
            let logger: Logger
            var description: String {
                logger.info("inner")
                return "chatty"
            }
        }
        let (lines, _) = try logged { logger, _ in
            logger.info("outer", metadata: ["v": .stringConvertible(Chatty(logger: logger))])
        }
        #expect(lines.count >= 2 && lines.contains { $0.contains("\"v\":\"chatty\"") })
    }
}
