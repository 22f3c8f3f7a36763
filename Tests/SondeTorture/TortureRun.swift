// SPDX-License-Identifier: Apache-2.0
// Kill after kill: which kind comes next, what the child said, what the file holds, and the table at the end.

import Foundation

/// Where the kill falls.
enum KillKind: String, CaseIterable {
    case commit, merge, exchange, prune, rescue, names, vacuum, checkpoint, settle
    /// At any moment, from outside.
    case any
    /// The real collector, over HTTP, from outside.
    case serve
    /// The same, with retention at work all the time.
    case servePruning = "serve-pruning"

    /// Of 200 kills so many fall here; the ones that matter most get twenty and more.
    var share: Int {
        switch self {
        case .merge: 26
        case .prune, .vacuum, .commit: 24
        case .exchange, .any: 20
        case .serve, .servePruning: 18
        case .checkpoint: 16
        case .rescue: 14
        case .settle, .names: 12
        }
    }

    /// Whether retention runs in the child: then the oldest may be gone.
    var prunes: Bool { [.prune, .rescue, .names, .vacuum, .servePruning].contains(self) }
}

/// What one kind of kill has come to.
struct KillTally {
    var kills = 0
    var inside = 0
    var acknowledged = 0
    var pruned = 0
    var openMilliseconds = 0.0
}

struct TortureRun {
    /// Kills that one file must survive before a new one is begun.
    private static let killsPerFile = 5

    private let kills: Int
    private let seed: UInt64
    private let kinds: [KillKind]
    private let root: String
    private let binary: String?

    init(_ words: inout Words) throws {
        kills = words.number("kills", 200)
        seed = UInt64(words.number("seed", 1))
        let names = words.text("kinds")?.split(separator: ",").map(String.init) ?? KillKind.allCases.map(\.rawValue)
        kinds = try names.map { name in
            guard let kind = KillKind(rawValue: name) else {
                throw BrokenPromise(description: "no kind is called \(name)")
            }
            return kind
        }
        binary = words.text("sonde")
        root = words.text("folder") ?? NSTemporaryDirectory() + "/sonde-torture-\(getpid())"
    }

    func run() async throws -> Bool {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        var dice = Dice(state: seed)
        var tallies: [KillKind: KillTally] = [:]
        var done = 0
        let began = ContinuousClock.now
        for (kind, count) in plan() {
            var file: TortureFile?
            for number in 0..<count {
                if number % Self.killsPerFile == 0 {
                    file?.remove()
                    file = try TortureFile(folder: "\(root)/\(kind.rawValue)-\(number)", prunes: kind.prunes)
                }
                guard var current = file else { continue }
                do {
                    let isInside = try kill(kind, dice.next(), &current)
                    tallies[kind, default: KillTally()].kills += 1
                    tallies[kind]?.inside += isInside ? 1 : 0
                    try await current.examine(&tallies[kind, default: KillTally()])
                } catch {
                    print(
                        "\(kind.rawValue), kill \(number) of seed \(seed): \(error)\nthe file is kept: \(current.folder)"
                    )
                    return false
                }
                file = current
                done += 1
                if done % 10 == 0 || done == kills { print("\(done) kills, \(kind.rawValue), all promises kept") }
                fflush(nil)
            }
            // What is left must be a store like any other.
            try await file?.settleAndCount()
            file?.remove()
        }
        // Only if it is empty now: a folder of that name may hold what is not ours.
        rmdir(root)
        Self.printTable(tallies, began.duration(to: .now))
        return Self.isEnough(tallies)
    }

    /// The kills, dealt out by share.
    private func plan() -> [(KillKind, Int)] {
        let all = kinds.reduce(0) { $0 + $1.share }
        var left = kills
        return kinds.enumerated().map { index, kind in
            let count = index == kinds.count - 1 ? left : min(left, (kills * kind.share + all / 2) / all)
            left -= count
            return (kind, count)
        }
    }

    /// Starts a child and ends it; whether that happened inside the phase.
    private func kill(_ kind: KillKind, _ seed: UInt64, _ file: inout TortureFile) throws -> Bool {
        if kind == .serve || kind == .servePruning {
            return try ServeVictim(file.folder, seed, prunes: kind.prunes, binary: binary).run(&file)
        }
        return try ChildVictim(kind, file.folder, seed).run(&file)
    }

    /// Hardly a kill may miss its phase; what misses it was killed from outside, and counts for nothing.
    private static func isEnough(_ tallies: [KillKind: KillTally]) -> Bool {
        for (kind, tally) in tallies where tally.inside * 10 < tally.kills * 9 {
            print("only \(tally.inside) of \(tally.kills) kills fell inside \(kind.rawValue)")
            return false
        }
        return true
    }

    private static func printTable(_ tallies: [KillKind: KillTally], _ duration: Duration) {
        print("")
        print(row("phase", "kills", "inside", "batches acknowledged", "pruned by policy", "open after a kill, ms"))
        for kind in KillKind.allCases {
            guard let tally = tallies[kind] else { continue }
            let open = String(format: "%.1f", tally.openMilliseconds / Double(max(1, tally.kills)))
            print(
                row(
                    kind.rawValue, "\(tally.kills)", "\(tally.inside)", "\(tally.acknowledged)", "\(tally.pruned)", open
                ))
        }
        let all = tallies.values.reduce(0) { $0 + $1.kills }
        print(
            "\n\(all) kills in \(duration.components.seconds) s; no acknowledged span or log record missing, none doubled, no half batch; what was pruned was the oldest"
        )
    }

    private static func row(_ cells: String...) -> String {
        let widths = [12, 7, 8, 22, 18, 22]
        return zip(cells, widths).map { cell, width in
            cell + String(repeating: " ", count: max(1, width - cell.count))
        }.joined()
    }
}
