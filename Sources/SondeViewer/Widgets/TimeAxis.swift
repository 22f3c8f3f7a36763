// SPDX-License-Identifier: Apache-2.0
// Marks along a stretch of time at round distances: by the clock (10:05, 10:10) or counted from a beginning (5 ms, 10 ms).

import SondeModel
import SondeTerminal

struct TimeAxis: Hashable, Sendable {
    struct Tick: Hashable, Sendable {
        /// The cell in which the moment lies.
        var column: Int
        var label: String
    }

    let width: Int
    private(set) var ticks: [Tick] = []

    /// Moments by the clock of a zone. Steps of hours and days begin where they begin there.
    static func clock(from start: Timestamp, to end: Timestamp, width: Int, zone: Zone) -> TimeAxis {
        var axis = TimeAxis(width: width)
        let length = start.nanoseconds(until: end)
        guard width > 0, length > 0 else { return axis }
        let step = Steps.clock(length, marks: max(1, width / Limits.axisTickCells))
        let ahead = Int64(zone.offsetSeconds(at: Int64(start.nanoseconds / 1_000_000_000))) * 1_000_000_000
        let local = start.advanced(byNanoseconds: ahead).nanoseconds
        var distance = (step - local % step) % step
        while distance <= length {
            axis.append(
                clockLabel(Timestamp(nanoseconds: start.nanoseconds + distance), step, zone), at: distance, of: length)
            guard length - distance >= step else { break }
            distance += step
        }
        return axis
    }

    /// Distances from a beginning: the axis shows those from `start` to `end` nanoseconds.
    static func distances(from start: UInt64, to end: UInt64, width: Int) -> TimeAxis {
        var axis = TimeAxis(width: width)
        guard width > 0, end > start else { return axis }
        let step = Steps.distance(end - start, marks: max(1, width / Limits.axisTickCells))
        let (first, overflows) = step.multipliedReportingOverflow(by: start / step + (start % step == 0 ? 0 : 1))
        guard !overflows else { return axis }
        var place = first
        while place <= end {
            axis.append(distanceLabel(place, step: step, upTo: end), at: place - start, of: end - start)
            guard end - place >= step else { break }
            place += step
        }
        return axis
    }

    /// The labels, each beginning at its mark. What does not fit beside the one before is left out; the last moves left
    /// rather than be cut.
    func line(_ role: Role = .faint) -> StyledText {
        var line = StyledText()
        for tick in ticks {
            let place = min(tick.column, width - DisplayWidth.of(tick.label))
            guard place >= 0, line.isEmpty || place > line.width else { continue }
            line.pad(to: place)
            line.append(tick.label, role)
        }
        return line
    }

    private mutating func append(_ label: String, at distance: UInt64, of length: UInt64) {
        let column = Int(Double(distance) / Double(length) * Double(width))
        ticks.append(Tick(column: min(column, width - 1), label: label))
    }

    // MARK: Words

    private static func clockLabel(_ time: Timestamp, _ step: UInt64, _ zone: Zone) -> String {
        if step >= Steps.day {
            return String(Moment.date(nanosecondsSince1970: time.nanoseconds, zone: zone).dropFirst(5))
        }
        let text = Moment.timeOfDay(nanosecondsSince1970: time.nanoseconds, zone: zone)
        if step >= Steps.minute { return String(text.prefix(5)) }
        if step >= Steps.second { return String(text.prefix(8)) }
        if step >= 1_000_000 { return String(text.dropFirst(3)) }
        // Seconds and what is left of them: nobody looks at microseconds and has lost the hour.
        return String(text.dropFirst(6).prefix(2)) + "." + fraction(time.nanoseconds % Steps.second, Steps.second, step)
    }

    /// In the unit of the largest, with as many decimal places as tell one step from the next.
    private static func distanceLabel(_ place: UInt64, step: UInt64, upTo largest: UInt64) -> String {
        if place == 0 { return "0" }
        if largest >= 2 * Steps.minute {
            let rest = step < Steps.second ? "." + fraction(place % Steps.second, Steps.second, step) : ""
            let seconds = String(place / Steps.second % 60)
            return "\(place / Steps.minute)m " + (seconds.utf8.count < 2 ? "0" : "") + seconds + rest + "s"
        }
        let units: [(name: String, size: UInt64)] = [("s", Steps.second), ("ms", 1_000_000), ("µs", 1_000), ("ns", 1)]
        let unit = units.first { largest >= $0.size } ?? ("ns", 1)
        guard step < unit.size else { return "\(place / unit.size) \(unit.name)" }
        return "\(place / unit.size)." + fraction(place % unit.size, unit.size, step) + " " + unit.name
    }

    /// `rest` as decimal places of `unit`, as many as `step` has.
    private static func fraction(_ rest: UInt64, _ unit: UInt64, _ step: UInt64) -> String {
        var places = 0
        var size = unit
        while size > step, size > 1 {
            size /= 10
            places += 1
        }
        let digits = String(rest / max(1, size))
        return String(repeating: "0", count: max(0, places - digits.utf8.count)) + digits
    }
}

/// Distances that people count in.
private enum Steps {
    static let second: UInt64 = 1_000_000_000
    static let minute = 60 * second
    static let hour = 60 * minute
    static let day = 24 * hour

    private static let clocks: [UInt64] =
        [1, 2, 5, 10, 15, 30].map { $0 * second } + [1, 2, 5, 10, 15, 30].map { $0 * minute }
        + [1, 2, 3, 6, 12].map { $0 * hour } + [1, 2, 7, 14, 28, 91, 182, 364].map { $0 * day }

    /// The least that makes at most so many marks.
    static func clock(_ length: UInt64, marks: Int) -> UInt64 {
        let least = length / UInt64(marks) + 1
        if least <= second / 2 { return decimal(least) }
        return clocks.first { $0 >= least } ?? least
    }

    static func distance(_ length: UInt64, marks: Int) -> UInt64 {
        let least = length / UInt64(marks) + 1
        if least <= second / 2 || least > clocks[clocks.count - 1] { return decimal(least) }
        return clocks.first { $0 >= least } ?? least
    }

    /// 1, 2 or 5 with zeros behind it.
    private static func decimal(_ least: UInt64) -> UInt64 {
        var power: UInt64 = 1
        while power < .max / 10 {
            for digit: UInt64 in [1, 2, 5] where power * digit >= least { return power * digit }
            power *= 10
        }
        return least
    }
}
