// SPDX-License-Identifier: Apache-2.0
// What the shell tells scripts: six numbers with fixed meanings, and errors that say what to do.

import SondeStorage

/// The status with which `sonde` ends. Scripts rely on these numbers; they never change their meaning.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    case nothingFound = 1
    case usage = 2
    case unreachable = 3
    case sourceFailed = 4
    case cannotServe = 5

    var meaning: String {
        switch self {
        case .done: "done, or something was found"
        case .nothingFound: "nothing was found, `import` refused something, or `check` found damage"
        case .usage: "the command line or a setting is wrong, or a prefix is ambiguous"
        case .unreachable: "the collector or file can't be reached"
        case .sourceFailed: "the collector or file failed, or the answer can't be written"
        case .cannotServe: "`serve` can't start, or had to stop"
        }
    }

    /// For `--help`.
    static var help: String {
        (["EXIT STATUS:"] + allCases.map { "  \($0.rawValue)  \($0.meaning)" }).joined(separator: "\n")
    }
}

/// Why a command ends without an answer.
struct CommandFailure: Error, Hashable {
    var status: ExitStatus
    /// What failed, as a sentence without its period; it follows `sonde: `.
    var message: String
    /// What to do about it; lines of their own.
    var advice: String?

    init(_ status: ExitStatus, _ message: String, advice: String? = nil) {
        self.status = status
        self.message = message
        self.advice = advice
    }

    var text: String { "sonde: " + message + "\n" + (advice.map { $0 + "\n" } ?? "") }
}

extension CommandFailure {
    /// A reader's error, as the shell tells it.
    init(_ error: ReadError) {
        switch error {
        case .invalid(let reason): self.init(.usage, reason)
        case .unsupported(let reason): self.init(.sourceFailed, reason)
        case .unreachable(let reason): self.init(.unreachable, reason)
        case .failed(let reason): self.init(.sourceFailed, reason)
        }
    }
}

/// Asks a reader; what it throws becomes the command's failure.
func asking<Answer>(_ question: () async throws(ReadError) -> Answer) async throws(CommandFailure) -> Answer {
    do { return try await question() } catch { throw CommandFailure(error) }
}
