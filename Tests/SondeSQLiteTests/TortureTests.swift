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
        let process = Process()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(fileURLWithPath: own).deletingLastPathComponent()
            .appendingPathComponent("SondeTorture")
        let kills = ["merge", "prune", "vacuum"].contains(kind) ? "8" : "2"
        process.arguments = ["run", "--kills", kills, "--kinds", kind, "--folder", folder.file("files")]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = await Self.everything(output.fileHandleForReading)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
    }

    /// Reads to the end on a thread of its own: the few threads that all tests share must not be held up for minutes.
    private static func everything(_ handle: FileHandle) async -> String {
        await withCheckedContinuation { (continuation: CheckedContinuation<String, Never>) in
            let descriptor = handle.fileDescriptor
            Thread.detachNewThread {
                let reader = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
                let bytes = (try? reader.readToEnd()) ?? nil
                continuation.resume(returning: String(decoding: bytes ?? Data(), as: UTF8.self))
            }
        }
    }
}
