// SPDX-License-Identifier: Apache-2.0
// The sampling of repeated lines: of lines with the same level, logger and message, so many are written in each window
// of time; the others are counted, and one line says how many they were.

import Logging
import SondeModel
import Synchronization

/// How repeated lines are sampled.
public struct LogRepetition: Hashable, Sendable {
    /// Lines with the same level, logger and message that are written in one window; at least 1.
    public var limit: Int
    /// How long a window is; it begins with the first line.
    public var window: Duration

    /// - Parameters:
    ///   - limit: Lines of one kind that are written in a window.
    ///   - window: More than zero.
    public init(limit: Int, window: Duration = .seconds(10)) {
        self.limit = max(1, limit)
        self.window = max(.milliseconds(1), window)
    }
}

/// Lines that were left out: their number, and what they were.
struct RepeatedLines: Sendable {
    var level: Logger.Level
    var label: String
    var message: String
    var count: Int
}

/// A table of fixed size: a line finds its place by its hash; another line with the same place takes it over.
final class LogRepeats: Sendable {
    private struct Place {
        var hash: UInt64 = 0
        var start: UInt64 = 0
        var count = 0
        var left: RepeatedLines?

        mutating func leaveOut(_ level: Logger.Level, _ label: String, _ message: String) {
            if left == nil {
                left = RepeatedLines(level: level, label: label, message: message, count: 1)
            } else {
                left?.count += 1
            }
        }
    }

    private struct State {
        var places = [Place](repeating: Place(), count: Limits.watchedLines)
        /// When a look at all windows is due, because one of those with lines left out ends.
        var nextSweep = UInt64.max
    }

    private let limit: Int
    private let windowNanoseconds: UInt64
    private let state = Mutex(State())
    private let total = Atomic<UInt64>(0)

    init(_ repetition: LogRepetition) {
        limit = repetition.limit
        // Thirty years are for ever; more would not fit.
        windowNanoseconds = UInt64(min(max(1, repetition.window / .nanoseconds(1)), 1e18))
    }

    /// Lines left out so far.
    var leftOutCount: UInt64 { total.load(ordering: .relaxed) }

    /// Whether the line is written, and what was left out in windows that have ended by now.
    func admit(
        _ level: Logger.Level, label: String, message: String, at time: UInt64
    ) -> (isWritten: Bool, ended: [RepeatedLines]) {
        var hasher = Hasher()
        hasher.combine(level)
        hasher.combine(label)
        hasher.combine(message)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        return state.withLock { state in
            var ended = time >= state.nextSweep ? sweep(&state, until: time) : []
            let index = Int(hash % UInt64(state.places.count))
            let place = state.places[index]
            if place.hash != hash || place.count == 0 || time >= place.start &+ windowNanoseconds {
                if let left = place.left { ended.append(left) }
                state.places[index] = Place(hash: hash, start: time, count: 1)
                return (true, ended)
            }
            state.places[index].count += 1
            guard place.count >= limit else { return (true, ended) }
            state.places[index].leaveOut(level, label, message)
            state.nextSweep = min(state.nextSweep, place.start &+ windowNanoseconds)
            total.wrappingAdd(1, ordering: .relaxed)
            return (false, ended)
        }
    }

    /// What was left out and not yet told, whatever the time.
    func end() -> [RepeatedLines] {
        state.withLock { sweep(&$0, until: .max) }
    }

    private func sweep(_ state: inout State, until time: UInt64) -> [RepeatedLines] {
        var ended: [RepeatedLines] = []
        state.nextSweep = .max
        for index in state.places.indices {
            guard let left = state.places[index].left else { continue }
            let end = state.places[index].start &+ windowNanoseconds
            if end <= time {
                ended.append(left)
                state.places[index] = Place()
            } else {
                state.nextSweep = min(state.nextSweep, end)
            }
        }
        return ended
    }
}
