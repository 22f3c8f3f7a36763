// SPDX-License-Identifier: Apache-2.0
// The code in the tutorials is code that is compiled: each line of a Swift block stands in the tutorial's twin under
// Tests/SondeHummingbirdTests/Tutorials.

import Foundation
import Testing

@Suite("Tutorials")
struct TutorialTests {
    @Test(arguments: ["ServiceFromNothing", "ExistingService", "LibraryAuthor"])
    func everyLineOfCodeIsCompiled(name: String) throws {
        let article = try Self.text("Sources/Sonde/Sonde.docc/\(name).md")
        let twin = try Self.text("Tests/SondeHummingbirdTests/Tutorials/\(name).swift")
        let compiled = Set(Self.lines(twin))
        let shown = article.matches(of: /```swift\n((?:.|\n)*?)```/).flatMap { Self.lines(String($0.output.1)) }
        #expect(!shown.isEmpty)
        #expect(shown.filter { !compiled.contains($0) } == [])
    }

    /// The lines of code, whatever their indentation.
    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: House.root.appending(path: path), encoding: .utf8)
    }
}
