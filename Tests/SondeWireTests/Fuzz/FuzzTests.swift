// SPDX-License-Identifier: Apache-2.0
// Every decoder takes whatever comes. The kept inputs are tried again, then a bounded number of mutations of them and
// of good bodies; the same ones each time. `make fuzz` tries new ones for as long as it is told.

import Foundation
import Testing

@Suite("Fuzz", .serialized)
struct FuzzTests {
    /// Inputs for each decoder: some seconds of a debug build in all.
    private static let mutations = 400

    /// Real bodies and everything that ever broke a decoder, named after what it breaks.
    private func corpus(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = Fixtures.folder.appending(path: "Corpus/\(target.name)")
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return try names.map { ($0, [UInt8](try Data(contentsOf: folder.appending(path: $0)))) }
    }

    @Test(arguments: FuzzTarget.all)
    func keptInputsBreakNothing(_ target: FuzzTarget) throws {
        for (name, bytes) in try corpus(target) {
            #expect(throws: Never.self, "\(target.name)/\(name)") { try target.run(bytes) }
        }
    }

    @Test(arguments: FuzzTarget.all)
    func goodInputsAreAccepted(_ target: FuzzTarget) throws {
        #expect(try target.seeds().contains { try target.run($0) })
    }

    @Test(arguments: FuzzTarget.all)
    func mutatedInputsBreakNothing(_ target: FuzzTarget) throws {
        let seeds = try target.seeds() + corpus(target).map(\.bytes)
        if let run = try FuzzRun() {
            try run.run(target, seeds: seeds) { Issue.record("\($0)") }
            return
        }
        var mutator = Mutator(seeds: seeds, words: target.words, seed: 20_260_102)
        for count in 0..<Self.mutations {
            let input = mutator.next()
            #expect(throws: Never.self, "\(target.name), mutation \(count), \(input.count) bytes") {
                try target.run(input)
            }
        }
    }
}
