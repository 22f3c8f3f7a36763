// SPDX-License-Identifier: Apache-2.0
// From when to when.

import ArgumentParser
import SondeModel
import SondeWire

struct TimeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only what began within this time: 15m, 2h, 7d.", valueName: "duration"))
    var since: String?

    @Option(
        help: ArgumentHelp(
            "Only what began at this moment or later: 2026-01-02T03:04:05Z, now-1h, or seconds since 1970.",
            valueName: "time"))
    var start: String?

    @Option(help: ArgumentHelp("Only what began before this moment.", valueName: "time"))
    var end: String?

    func validate() throws {
        guard since == nil || start == nil else {
            throw ValidationError("--since and --start both say where to begin; give one of them")
        }
    }

    /// The bounds, with `now` the same moment for all of them.
    func bounds(now: Timestamp) throws(CommandFailure) -> (start: Timestamp?, end: Timestamp?) {
        var start = try moment(self.start, "--start", now: now)
        if let since {
            let distance = try Reading.duration(since, "--since")
            start = Timestamp(nanoseconds: now.nanoseconds - min(now.nanoseconds, distance))
        }
        let end = try moment(self.end, "--end", now: now)
        if let start, let end, end <= start {
            throw CommandFailure(.usage, "--end lies before the beginning; nothing can be found there")
        }
        return (start, end)
    }

    private func moment(_ text: String?, _ flag: String, now: Timestamp) throws(CommandFailure) -> Timestamp? {
        guard let text else { return nil }
        // Drawings set the offset apart with a blank; what they show can be given back.
        let joined = text.replacing(" +", with: "+").replacing(" -", with: "-")
        guard let moment = MomentText.parse(joined, now: now) else {
            throw CommandFailure(
                .usage, "cannot read \(flag) \(text)",
                advice:
                    "Give a time like 2026-01-02T03:04:05Z or 2026-01-02T03:04:05+01:00, now-1h, or seconds since 1970."
            )
        }
        return moment
    }
}

extension TimeOptions {
    /// An hour before a moment: what commands that sum things up look at by themselves.
    static func lastHour(before end: Timestamp) -> Timestamp {
        Timestamp(nanoseconds: end.nanoseconds - min(end.nanoseconds, Limits.hourNanoseconds))
    }
}

/// Reads values of flags; what can't be read names the flag and an example.
enum Reading {
    static func duration(_ text: String, _ flag: String) throws(CommandFailure) -> UInt64 {
        guard let nanoseconds = DurationText.parse(text) else {
            throw CommandFailure(
                .usage, "cannot read \(flag) \(text)", advice: "Give a duration like 250ms, 1.5s, 15m, 2h or 7d.")
        }
        return nanoseconds
    }

    static func optionalDuration(_ text: String?, _ flag: String) throws(CommandFailure) -> UInt64? {
        guard let text else { return nil }
        return try duration(text, flag)
    }

    static func choice<Value>(
        _ text: String?, _ flag: String, _ names: [String], _ read: (String) -> Value?
    ) throws(CommandFailure) -> Value? {
        guard let text else { return nil }
        guard let value = read(text) else {
            throw CommandFailure(
                .usage, "cannot read \(flag) \(text)", advice: "Give one of: \(names.joined(separator: ", ")).")
        }
        return value
    }

    static func limit(_ limit: Int?, standard: Int) throws(CommandFailure) -> Int {
        guard let limit else { return standard }
        guard limit >= 1 else { throw CommandFailure(.usage, "--limit \(limit) asks for nothing; give at least 1") }
        return limit
    }
}
