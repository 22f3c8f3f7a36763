// SPDX-License-Identifier: Apache-2.0
// How findings put numbers into sentences, and what they tell people to type.

import SondeModel

enum Wording {
    /// `812 ms`, `1.2 s`, `45 µs`: two to three digits are enough for a sentence.
    static func duration(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case 0..<1_000: "\(nanoseconds) ns"
        case 1_000..<1_000_000: scaled(nanoseconds, 1_000) + " µs"
        case 1_000_000..<1_000_000_000: scaled(nanoseconds, 1_000_000) + " ms"
        case 1_000_000_000..<120_000_000_000: scaled(nanoseconds, 1_000_000_000) + " s"
        default: "\(nanoseconds / 60_000_000_000) min"
        }
    }

    private static func scaled(_ value: UInt64, _ unit: UInt64) -> String {
        let whole = value / unit
        let tenth = value % unit / (unit / 10)
        return whole >= 10 || tenth == 0 ? "\(whole)" : "\(whole).\(tenth)"
    }

    /// `34 %`
    static func percent(_ share: Double) -> String {
        share > 0 && share < 0.01 ? "under 1 %" : "\(Int((share * 100).rounded())) %"
    }

    /// `1 trace`, `3 traces`
    static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)" + (count == 1 ? "" : "s") }

    /// What fits a title.
    static func cut(_ text: String) -> String {
        text.count <= maxQuotedCharacters ? text : text.prefix(maxQuotedCharacters - 1) + "…"
    }

    /// Characters of a message or statement in a title.
    private static let maxQuotedCharacters = 120

    static func command(trace: TraceID, _ flag: String = "") -> String {
        "sonde trace \(trace.hex)" + (flag.isEmpty ? "" : " " + flag)
    }
}

enum Rate {
    /// The lower bound of Wilson's interval for `count` of `total`: what the true rate is at least, with 95 % certainty.
    /// Unlike the rate itself it asks for more than one case of a few.
    static func lowerBound(_ count: Int, of total: Int) -> Double {
        interval(count, of: total, z: DoctorLimits.certainty).lower
    }

    static func interval(_ count: Int, of total: Int, z: Double) -> (lower: Double, upper: Double) {
        guard total > 0 else { return (0, 1) }
        let n = Double(total)
        let p = Double(min(count, total)) / n
        let centre = p + z * z / (2 * n)
        let spread = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        let scale = 1 + z * z / n
        return (max(0, (centre - spread) / scale), min(1, (centre + spread) / scale))
    }
}
