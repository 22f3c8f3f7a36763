// SPDX-License-Identifier: Apache-2.0
// A few kills of each kind; `make torture` makes it hundreds.

import Foundation
import Testing

@Suite("kill -9 in the middle of a phase", .serialized)
struct TortureTests {
    @Test(arguments: [
        "commit", "merge", "exchange", "prune", "rescue", "names", "vacuum", "checkpoint", "settle", "any",
    ])
    func nothingAcknowledgedIsLost(kind: String) async throws {
        let folder = try TemporaryFolder()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("SondeTorture").path
        let kills = ["merge", "prune", "vacuum"].contains(kind) ? "8" : "2"
        let (said, status) = await Self.run(
            "exec '\(program)' run --kills \(kills) --kinds \(kind) --folder '\(folder.file("files"))'")
        #expect(status == 0, "\(said)")
    }

    /// Runs a command of the shell on a thread of its own: the few threads that all tests share must not be held up for
    /// minutes. By `popen`, since Foundation's `Process` looks through the open files of this process and reads past
    /// the end of what it was told where they are more than a thousand, as they are while all stores are tested.
    private static func run(_ command: String) async -> (said: String, status: Int32) {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                guard let output = popen(command, "r") else {
                    return continuation.resume(returning: ("popen: error \(errno)", -1))
                }
                var said: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4_096)
                while case let count = fread(&buffer, 1, buffer.count, output), count > 0 { said += buffer[..<count] }
                continuation.resume(returning: (String(decoding: said, as: UTF8.self), pclose(output)))
            }
        }
    }
}
