// SPDX-License-Identifier: Apache-2.0
// What a cell stands on and how it is written. Both say what something is, as Role does; the theme knows the colours.

/// What text stands on.
package enum Ground: Hashable, Sendable {
    /// The terminal's own.
    case normal
    /// A panel, a heading, a line that belongs to the frame of the picture.
    case raised
    /// The row that has the keys.
    case selected
    /// What a search found.
    case matched
    /// A failure; as a bar it can't be mistaken for a service.
    case bad
    /// A block of a kind: equal numbers look alike, and like ``Role/hue(_:)`` of the same number.
    case hue(Int)
    /// The part of a bar that counts: exactly the colour of ``Role/hue(_:)``, so that blocks and bars join.
    case bar(Int)
    /// The part of a bar that is there too: exactly the colour of ``Role/tint(_:)``.
    case lightBar(Int)

    /// Whether this ground is part of a picture, so that a row that becomes selected keeps it.
    package var isDrawn: Bool {
        switch self {
        case .normal, .raised, .selected: false
        case .matched, .bad, .hue, .bar, .lightBar: true
        }
    }
}

package struct Attributes: OptionSet, Hashable, Sendable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let bold = Attributes(rawValue: 1)
    package static let dim = Attributes(rawValue: 2)
    package static let italic = Attributes(rawValue: 4)
    package static let underline = Attributes(rawValue: 8)
    package static let reversed = Attributes(rawValue: 16)
}
