// SPDX-License-Identifier: Apache-2.0
// A value that can't be used, named by where it came from: a flag, a variable, or a key of the file.

struct SettingError: Error, Hashable {
    var message: String
    var advice: String?

    var failure: CommandFailure { CommandFailure(.usage, message, advice: advice) }

    static func unreadable(_ value: String, _ origin: String, expected: String) -> SettingError {
        SettingError(message: "cannot read \(origin) \(value)", advice: "Expected \(expected).")
    }
}

/// Finds the name that was probably meant.
enum NearestName {
    static func of(_ name: String, among names: [String]) -> String? {
        names.min { distance($0.lowercased(), name.lowercased()) < distance($1.lowercased(), name.lowercased()) }
    }

    /// How many letters must be added, removed or replaced (Levenshtein).
    static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b)
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let replaced = diagonal + (letter == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
