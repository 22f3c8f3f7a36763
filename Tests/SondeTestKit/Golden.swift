// SPDX-License-Identifier: Apache-2.0
// Golden text: what a drawing looks like, kept in a file that a person can read and agree with. Recording anew is
// deliberate (`make golden`); the difference is then reviewed like code.

import Foundation
package import Testing

package struct Golden: Sendable {
    private let folder: URL

    /// Files in the folder `Golden` beside the calling test.
    package init(beside testFile: String = #filePath) {
        folder = URL(filePath: testFile).deletingLastPathComponent().appending(path: "Golden")
    }

    /// Files in a folder of the repository, like `docs`.
    package init(repositoryFolder: String, from testFile: String = #filePath) {
        // Tests/SUITE/FILE
        folder = URL(filePath: testFile).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: repositoryFolder)
    }

    /// Expects `text` to be what the file `name` holds; records it instead where `SONDE_RECORD_GOLDEN` is set.
    package func expect(_ text: String, is name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = folder.appending(path: name)
        if ProcessInfo.processInfo.environment["SONDE_RECORD_GOLDEN"] != nil {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            return
        }
        guard let wanted = try? String(contentsOf: file, encoding: .utf8) else {
            Issue.record(
                "there is no golden file \(name) yet; `make golden` records it", sourceLocation: sourceLocation)
            return
        }
        guard text != wanted else { return }
        Issue.record(
            "\(name) is not what it was\n--- golden\n\(wanted)--- now\n\(text)", sourceLocation: sourceLocation)
    }
}
