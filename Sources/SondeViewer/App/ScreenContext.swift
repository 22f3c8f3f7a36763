// SPDX-License-Identifier: Apache-2.0
// What every screen may know of its surroundings, the same for all of them at one moment.

package import SondeModel
package import SondeTerminal

package struct ScreenContext: Sendable {
    /// Of the whole frame.
    package var size: Size
    /// The part of the frame that the screen has: what its view is drawn in, for finding what the mouse points at and
    /// how far a page goes.
    package var body: Rect
    package var now: Timestamp
    package var zone: Zone
    package var charset: Charset
    /// What is looked at, chosen for all screens at once.
    package var range: TimeRange
    /// Colours of all services of the source.
    var hues: ServiceHues
    /// Names of all services of the source, sorted; empty until they are known.
    package var services: [String]
    /// How the source was given, for commands that are shown: ` --db ./data`, or nothing.
    package var source: String
    /// Traces marked for comparison, in the order of marking.
    package var marked: [TraceID]

    package init(
        size: Size, now: Timestamp, zone: Zone = .utc, charset: Charset = .unicode, range: TimeRange = .standard,
        services: [String] = [], source: String = "", marked: [TraceID] = []
    ) {
        self.size = size
        body = Rect(column: 0, row: 1, columns: size.columns, rows: max(0, size.rows - 2))
        self.now = now
        self.zone = zone
        self.charset = charset
        self.range = range
        self.hues = ServiceHues(services)
        self.services = services
        self.source = source
        self.marked = marked
    }
}

/// A range of time, which moves with the clock or stands.
package enum TimeRange: Hashable, Sendable {
    /// Up to now, so many nanoseconds back.
    case last(UInt64)
    /// From the first moment, up to the second.
    case between(Timestamp, Timestamp)
    /// All that is stored.
    case all

    package static let standard = TimeRange.last(3_600_000_000_000)

    package func bounds(now: Timestamp) -> (start: Timestamp?, end: Timestamp?) {
        switch self {
        case .last(let length): (Timestamp(nanoseconds: now.nanoseconds - min(now.nanoseconds, length)), nil)
        case .between(let start, let end): (start, end)
        case .all: (nil, nil)
        }
    }

    /// The flags that give a command the same range.
    package var flags: String {
        switch self {
        case .last(let length): " --since " + Self.short(length)
        case .between(let start, let end): " --start \(start.nanoseconds) --end \(end.nanoseconds)"
        case .all: ""
        }
    }

    /// As ``flags``, for commands that look at an hour where nothing is said: `sonde view`, `sonde graph`.
    var flagsBesideAnHour: String {
        self == .standard ? "" : self == .all ? " --start 0" : flags
    }

    /// `15m`, `36h`: the largest unit of which the length is a whole number.
    static func short(_ nanoseconds: UInt64) -> String {
        let units: [(String, UInt64)] = [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
            ("ms", 1_000_000), ("us", 1_000),
        ]
        for (name, size) in units where nanoseconds >= size && nanoseconds % size == 0 {
            return "\(nanoseconds / size)\(name)"
        }
        return "\(nanoseconds)ns"
    }
}
