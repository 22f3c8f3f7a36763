// SPDX-License-Identifier: Apache-2.0
// The marks of the time axis: round moments, as many as have room, told to the digit that tells them apart.
//
//   0                25 ms               50 ms               75 ms
//   1.234 000 s      1.234 002 s

struct TimeTicks: Sendable {
    struct Tick: Hashable, Sendable {
        var moment: UInt64
        var label: String
    }

    let ticks: [Tick]
    /// Nanoseconds from one to the next.
    let step: UInt64

    init(_ window: TimeWindow, cells: Int) {
        let room = max(1, cells / Limits.cellsPerTick)
        var step = Self.round(window.length / UInt64(room))
        // A label of many digits needs its room; the next rounder step is found before the axis gets crowded.
        while Self.label(window.end, step: step).count + 2 > Self.cells(of: step, in: window, cells),
            step < window.length
        {
            step = Self.round(step + 1)
        }
        self.step = step
        var ticks: [Tick] = []
        var moment = window.start / step * step
        if moment < window.start { moment += step }
        while moment <= window.end, ticks.count <= room {
            ticks.append(Tick(moment: moment, label: Self.label(moment, step: step)))
            let (next, overflow) = moment.addingReportingOverflow(step)
            if overflow { break }
            moment = next
        }
        self.ticks = ticks
    }

    private static func cells(of step: UInt64, in window: TimeWindow, _ cells: Int) -> Int {
        Int(min(Double(step) / Double(window.length) * Double(cells), Double(cells)))
    }

    /// The smallest 1, 2 or 5 times a power of ten that is not below `least`.
    static func round(_ least: UInt64) -> UInt64 {
        var power: UInt64 = 1
        while true {
            for factor: UInt64 in [1, 2, 5] {
                let (step, overflow) = power.multipliedReportingOverflow(by: factor)
                if overflow { return .max }
                if step >= least { return step }
            }
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            if overflow { return .max }
            power = next
        }
    }

    /// A moment in the unit that suits its size, with as many decimals as tell it from its neighbours.
    static func label(_ moment: UInt64, step: UInt64) -> String {
        guard moment > 0 else { return "0" }
        if moment >= 120_000_000_000, step >= 1_000_000_000 { return longLabel(moment) }
        let unit = units.last { moment >= $0.size } ?? units[0]
        let whole = moment / unit.size
        var fraction = String(moment % unit.size)
        fraction = String(repeating: "0", count: max(0, unit.digits - fraction.utf8.count)) + fraction
        let wanted = max(0, unit.digits - zeros(of: step))
        let decimals = fraction.prefix(unit.digits == 0 ? 0 : wanted)
        return decimals.isEmpty ? "\(whole) \(unit.name)" : "\(whole).\(decimals) \(unit.name)"
    }

    /// `2m 05s`, `1h 02m 05s`.
    private static func longLabel(_ moment: UInt64) -> String {
        let seconds = moment / 1_000_000_000
        func padded(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = padded(seconds / 60 % 60) + "m " + padded(seconds % 60) + "s"
        return seconds >= 3_600 ? "\(seconds / 3_600)h " + minutes : "\(seconds / 60)m " + padded(seconds % 60) + "s"
    }

    private static func zeros(of step: UInt64) -> Int {
        var zeros = 0
        var rest = max(1, step)
        while rest % 10 == 0 {
            zeros += 1
            rest /= 10
        }
        return zeros
    }

    private static let units: [(name: String, size: UInt64, digits: Int)] = [
        ("ns", 1, 0), ("µs", 1_000, 3), ("ms", 1_000_000, 6), ("s", 1_000_000_000, 9),
    ]
}
