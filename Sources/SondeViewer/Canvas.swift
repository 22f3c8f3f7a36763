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

    static func joined(_ parts: [String], _ role: Role = .plain) -> StyledText {
        var line = StyledText()
        for (index, part) in parts.enumerated() {
            if index > 0 { line.append(" · ", .faint) }
            line.append(part, role)
        }
        return line
    }
}
