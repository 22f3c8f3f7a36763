// SPDX-License-Identifier: Apache-2.0
// A longer run with new seeds: `make fuzz`, which sets SONDE_FUZZ_SECONDS (and SONDE_FUZZ_SEED to have one again).
// What breaks a promise is kept in .build/fuzz, and so are the input at which the process ended and the slowest ones.

import Foundation

struct FuzzRun {
    let seconds: Double
    let seed: UInt64
    private let folder: URL

    /// Nil unless the environment asks for it.
    init?() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let seconds = environment["SONDE_FUZZ_SECONDS"].flatMap(Double.init) else { return nil }
        self.seconds = seconds
        seed = environment["SONDE_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 32)
        // Tests/SondeWireTests/Fuzz/FILE
        folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/fuzz")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Mutates for this target's share of the time; every finding is handed on.
    func run(_ target: FuzzTarget, seeds: [[UInt8]], _ found: (String) -> Void) throws {
        var mutator = Mutator(seeds: seeds, words: target.words, seed: seed)
        let current = folder.appending(path: "\(target.name).current")
        try Data().write(to: current)
        let file = try FileHandle(forUpdating: current)
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds / Double(FuzzTarget.all.count))
        var counts = (inputs: 0, accepted: 0, findings: 0)
        var slowest = (time: Duration.zero, input: [UInt8]())
        while clock.now < end, counts.findings < 10 {
            let input = mutator.next()
            // Should the process end here, the file says at what.
            try file.truncate(atOffset: 0)
            try file.seek(toOffset: 0)
            try file.write(contentsOf: input)
            counts.inputs += 1
            let start = clock.now
            do {
                if try target.run(input) { counts.accepted += 1 }
            } catch {
                counts.findings += 1
                let name = "\(target.name)-\(seed)-\(counts.inputs)"
                try Data(input).write(to: folder.appending(path: name))
                found("\(target.name): \(error); the input is .build/fuzz/\(name)")
            }
            let time = clock.now - start
            if time > slowest.time { slowest = (time, input) }
        }
        try FileManager.default.removeItem(at: current)
        try Data(slowest.input).write(to: folder.appending(path: "\(target.name).slowest"))
        print(
            "fuzz \(target.name): seed \(seed), \(counts.inputs) inputs, \(counts.accepted) accepted,",
            "\(counts.findings) findings, slowest \(slowest.time)")
    }
}
