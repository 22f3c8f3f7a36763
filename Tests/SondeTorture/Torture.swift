// SPDX-License-Identifier: Apache-2.0
// Kills the store at seeded moments under load, and looks each time at what it left: `make torture`.
//
//   run    starts a child that stores spans as fast as it can, kills it (or lets it kill itself inside a phase), checks
//          the file, and goes on with the same file; prints a table of kills by phase
//   measure  what pruning costs the writer
//   count  what counting in SQL costs
//   child  the store under load, in a process of its own; tells on standard output what it was promised
//
// Nothing in the product knows of this: a child kills itself from the observer that also feeds the metrics.

import Foundation

@main
enum Torture {
    static func main() async {
        // A peer that was killed must not take this process with it.
        signal(SIGPIPE, SIG_IGN)
        do {
            var words = Words(Array(CommandLine.arguments.dropFirst()))
            switch words.command {
            case "child": try await TortureChild(&words).run()
            case "run": exit(try await TortureRun(&words).run() ? 0 : 1)
            case "measure": try await PruneMeasure(&words).run()
            case "count": try CountMeasure(&words).run()
            default:
                print("usage: SondeTorture run [--kills N] [--seed N] [--kinds merge,…] [--folder PATH] [--sonde PATH]")
                exit(2)
            }
        } catch {
            print("torture: \(error)")
            exit(1)
        }
    }
}

/// `command --name value …`.
struct Words {
    let command: String
    private var values: [String: String] = [:]

    init(_ arguments: [String]) {
        command = arguments.first ?? ""
        var rest = arguments.dropFirst()
        while let name = rest.popFirst(), let value = rest.popFirst() { values[name] = value }
    }

    func text(_ name: String) -> String? { values["--" + name] }

    func number(_ name: String, _ standard: Int) -> Int { text(name).flatMap { Int($0) } ?? standard }
}

/// What was promised and isn't so.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String
}

/// A small generator whose numbers are the same everywhere.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
