// SPDX-License-Identifier: Apache-2.0
// Log lines for people.

import Logging
import SondeModel
import SondeTerminal
import SondeTestKit
import Synchronization
import Testing

@testable import SondeCLI

@Suite("Text log handler")
struct TextLogHandlerTests {
    @Test func writesTimeLevelMessageAndFactsInOrder() {
        let line = TextLogHandler.line(.warning, "slow", ["b": "2", "a": "1"], at: .sampleEpoch, zone: .utc)
        #expect(line.text == "03:04:05.000  warning  slow  a=1  b=2")
    }

    @Test func aHostileValueIsHarmless() {
        let line = TextLogHandler.line(.info, "got", ["name": "\u{1B}[2J\nfake line"], at: .sampleEpoch, zone: .utc)
        #expect(line.text == "03:04:05.000  info     got  name=␛[2J␊fake line")
    }

    @Test func levelsAndMetadataAreRespected() {
        let lines = Lines()
        var logger = Logger(label: "x") { _ in TextLogHandler(level: .info, renderer: Renderer()) { lines.add($0) } }
        logger[metadataKey: "common"] = "yes"
        logger.debug("hidden")
        logger.info("shown", metadata: ["own": "1"])
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasSuffix("  info     shown  common=yes  own=1\n") == true)
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }
}
