// SPDX-License-Identifier: Apache-2.0
// Whoever imports a public room reads its documentation in an editor: nothing public goes without a word.

import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
    /// Members whose meaning another package's protocol fixes: said there, and shown from there.
    static let inherited: Set<String> = [
        "func ==", "func <", "func hash", "func encode", "func next", "func makeAsyncIterator", "var description",
        "var debugDescription", "init(from", "init(arrayLiteral", "init(dictionaryLiteral", "init(stringLiteral",
        // swift-distributed-tracing
        "typealias Span", "func startSpan", "func forceFlush", "func extract", "func inject", "func activeSpan",
        "var operationName", "var attributes", "var isRecording", "func setStatus", "func addEvent", "func recordError",
        "func addLink", "func end", "var context",
        // swift-log
        "func log(", "subscript(metadataKey", "var logLevel", "var metadata", "var metadataProvider",
        // swift-metrics
        "func makeCounter", "func makeFloatingPointCounter", "func makeMeter", "func makeRecorder", "func makeTimer",
        "func destroyCounter", "func destroyFloatingPointCounter", "func destroyMeter", "func destroyRecorder",
        "func destroyTimer",
        // Hummingbird, grpc-swift, swift-service-lifecycle
        "init(source", "var coreContext", "var remoteAddress", "func handle", "func intercept", "func run()",
        // Ours, documented at the protocol
        "func header(", "func setHeader(",
    ]

    @Test(arguments: House.publicRooms.sorted())
    func everyPublicSymbolIsDocumented(room: String) {
        for file in House.files(in: "Sources/\(room)") { #expect(Self.undocumented(in: file) == []) }
    }

    private static func undocumented(in file: SourceFile) -> [String] {
        file.lines.indices.compactMap { index in
            let line = file.lines[index].trimmingCharacters(in: .whitespaces)
            guard let declaration = line.firstMatch(of: /^(?:@\w+(?:\([^)]*\))? )*public (?!import|extension)(.*)/)?.1,
                !isDocumented(file.lines, at: index), !isInherited(String(declaration))
            else { return nil }
            return "\(file.path):\(index + 1): \(line)"
        }
    }

    /// Whether the lines before it, attributes aside, are a documentation comment.
    private static func isDocumented(_ lines: [String], at index: Int) -> Bool {
        var above = index - 1
        while above >= 0 {
            let line = lines[above].trimmingCharacters(in: .whitespaces)
            guard line.hasPrefix("@") || line.hasPrefix("#") else { return line.hasPrefix("///") }
            above -= 1
        }
        return false
    }

    private static func isInherited(_ declaration: String) -> Bool {
        let bare = declaration.replacing(
            /^(?:(?:static|mutating|nonmutating|final|consuming|borrowing|override) )+/, with: ""
        )
        .replacing("let ", with: "var ", maxReplacements: 1)
        return inherited.contains { name in
            guard bare.hasPrefix(name) else { return false }
            guard name.last?.isLetter == true, let next = bare.dropFirst(name.count).first else { return true }
            return !next.isLetter
        }
    }
}
