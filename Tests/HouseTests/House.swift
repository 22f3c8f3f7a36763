// SPDX-License-Identifier: Apache-2.0
// The source tree as the house tests see it: files, lines, imports.

import Foundation

/// A Swift file of the repository.
struct SourceFile: CustomStringConvertible {
    /// Path from the root of the repository: `Sources/SondeModel/Trace.swift`.
    let path: String
    let lines: [String]

    var description: String { path }

    /// The second path component: the room, for files under Sources.
    var room: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// Names of the modules that the file imports.
    var imports: [String] {
        lines.compactMap { line in
            guard
                let match = line.wholeMatch(
                    of:
                        /\s*(?:@\w+\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+).*/
                )
            else { return nil }
            return String(match.1)
        }
    }

    /// Lines that match, as `path:number: text`.
    func places(where matches: (String) -> Bool) -> [String] {
        lines.enumerated().filter { matches($0.element) }.map {
            "\(path):\($0.offset + 1): \($0.element.trimmingCharacters(in: .whitespaces))"
        }
    }
}

enum House {
    /// What services import; all else is for this package only.
    static let publicRooms: Set<String> = ["Sonde", "SondeHummingbird", "SondeGRDB", "SondeGRPC", "SondeTesting"]

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// All Swift files below these folders of the root, sorted by path.
    static func files(in folders: String...) -> [SourceFile] {
        folders.flatMap { folder in
            let base = root.appending(path: folder)
            let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
            return names.filter { $0.hasSuffix(".swift") && !$0.contains(".build") }.sorted().map { name in
                let text = (try? String(contentsOf: base.appending(path: name), encoding: .utf8)) ?? ""
                return SourceFile(path: "\(folder)/\(name)", lines: text.components(separatedBy: "\n"))
            }
        }
    }
}
