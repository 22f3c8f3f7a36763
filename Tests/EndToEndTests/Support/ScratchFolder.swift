// SPDX-License-Identifier: Apache-2.0
// A folder of one test: data, logs and configuration of the processes it starts. It goes when the test ends.

import Foundation

final class ScratchFolder: Sendable {
    let path: String

    init(_ label: String) throws {
        let name = "sonde-\(label)-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
        path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of `name` in this folder; nothing is created.
    func file(_ name: String) -> String { path + "/" + name }

    /// The path of a folder in this folder, created if missing.
    func folder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
        return file(name)
    }

    /// Writes a file and returns its path.
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: file(name), atomically: true, encoding: .utf8)
        return file(name)
    }
}
