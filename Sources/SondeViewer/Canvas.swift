// SPDX-License-Identifier: Apache-2.0
// What every drawing is drawn on: a width in cells and the zone in which moments are told.

package import SondeModel
package import SondeTerminal

package struct Canvas: Hashable, Sendable {
    package var width: Int
    package var zone: Zone

    package init(width: Int, zone: Zone) {
        self.width = width
        self.zone = zone
    }

    package func moment(_ time: Timestamp) -> String {
        Moment.text(nanosecondsSince1970: time.nanoseconds, zone: zone)
    }
}

/// How the same things look in every drawing.
enum Phrase {
    static func operation(_ name: String) -> String { name.isEmpty ? "(no name)" : name }

    static func errors(_ count: Int) -> StyledText { StyledText(Quantity.count(count), count > 0 ? .bad : .faint) }

    static func duration(_ nanoseconds: UInt64?) -> StyledText {
        nanoseconds.map { StyledText(Quantity.duration(nanoseconds: $0)) } ?? StyledText("–", .faint)
    }

    /// A part of a whole in tenths of a percent. One in a million never reads as none, nor all but one as all.
    static func share(_ count: Int, of whole: Int) -> StyledText {
        guard count > 0, whole > 0 else { return StyledText("0 %", .faint) }
        return StyledText(count >= whole ? "100 %" : percent(Double(count) / Double(whole)), .bad)
    }

    static func percent(_ share: Double) -> String {
        guard share > 0 else { return "0 %" }
        guard share < 1 else { return "100 %" }
        return tenths(min(max(share * 100, 0.1), 99.9)) + " %"
    }

    static func rate(_ calls: Int, seconds: Double) -> String {
        let perSecond = Double(calls) / max(seconds, 0.001)
        if perSecond >= 100 { return Quantity.count(Int(perSecond.rounded())) + "/s" }
        if perSecond >= 0.1 { return tenths(perSecond) + "/s" }
        return tenths(perSecond * 60) + "/min"
    }

    /// With one decimal place.
    static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    static func joined(_ parts: [String], _ role: Role = .plain) -> StyledText {
        var line = StyledText()
        for (index, part) in parts.enumerated() {
            if index > 0 { line.append(" · ", .faint) }
            line.append(part, role)
        }
        return line
    }
}
