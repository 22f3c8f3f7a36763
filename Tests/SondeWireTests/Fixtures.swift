// SPDX-License-Identifier: Apache-2.0
// Files beside the tests, read from the source tree.

import Foundation
import Testing

enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()

    static func otlp(_ name: String) throws -> [UInt8] { try file("otlp/\(name)") }

    static func file(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: "Fixtures/\(path)")))
    }

    /// Compares `bytes` with the file of that name, one level of the outermost members a line so that a person can
    /// read it; writes the file instead if `SONDE_RECORD_GOLDEN` is set.
    static func expectGolden(
        _ bytes: [UInt8], _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = folder.appending(path: "Golden/\(name)")
        let text =
            String(decoding: bytes, as: UTF8.self)
            .replacing(#"},{"#, with: "},\n{").replacing(#":[{"#, with: ":[\n{") + "\n"
        if ProcessInfo.processInfo.environment["SONDE_RECORD_GOLDEN"] != nil {
            try Data(text.utf8).write(to: file)
        }
        let golden = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(text == golden, sourceLocation: sourceLocation)
        _ = try JSONSerialization.jsonObject(with: Data(bytes))
    }
}
