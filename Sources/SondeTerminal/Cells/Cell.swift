// SPDX-License-Identifier: Apache-2.0
// One cell of a screen in eight bytes, so that a picture is compared with the one before at the speed of memory.
//
//    bits 63…56 reserved · 55…48 attributes · 47…40 ground · 39…32 role · 31…0 glyph
//
//    glyph: a Unicode scalar, or bit 31 and the number of a cluster (see ClusterTable), or ``continuation``: the second
//    cell of a wide character. Bit 30 says that the glyph covers two cells, bit 29 that terminals disagree on that.

struct Cell: Hashable, Sendable {
    var bits: UInt64

    static let blank = Cell(glyph: 0x20, role: 0, ground: 0, attributes: 0)
    /// Differs from every other.
    static let unknown = Cell(bits: .max)
    static let continuation: UInt32 = 0x0020_0000

    private static let clusterBit: UInt32 = 1 << 31
    private static let wideBit: UInt32 = 1 << 30
    private static let unsureBit: UInt32 = 1 << 29
    private static let groundMask: UInt64 = 0xFF << 40
    private static let glyphMask: UInt64 = 0xFFFF_FFFF

    init(glyph: UInt32, role: UInt8, ground: UInt8, attributes: UInt8) {
        bits = UInt64(glyph) | UInt64(role) << 32 | UInt64(ground) << 40 | UInt64(attributes) << 48
    }

    private init(bits: UInt64) { self.bits = bits }

    /// A blank of a style (see ``style``).
    init(style: UInt32) { bits = UInt64(style) << 32 | 0x20 }

    var glyph: UInt32 {
        get { UInt32(truncatingIfNeeded: bits) }
        set { bits = bits & ~Self.glyphMask | UInt64(newValue) }
    }

    /// Role, ground and attributes as one number: what an SGR sequence is made of.
    var style: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
    var roleCode: UInt8 { UInt8(truncatingIfNeeded: bits >> 32) }
    var groundCode: UInt8 {
        get { UInt8(truncatingIfNeeded: bits >> 40) }
        set { bits = bits & ~Self.groundMask | UInt64(newValue) << 40 }
    }
    var attributes: Attributes { Attributes(rawValue: UInt8(truncatingIfNeeded: bits >> 48)) }

    var isContinuation: Bool { glyph == Self.continuation }
    var isWide: Bool { glyph & Self.wideBit != 0 }
    /// Terminals draw it at different widths: nothing may rely on where the cursor is afterwards.
    var isUnsure: Bool { glyph & Self.unsureBit != 0 }
    /// The place in the table of clusters; nil for a plain scalar.
    var cluster: Int? { glyph & Self.clusterBit != 0 ? Int(glyph & 0x00FF_FFFF) : nil }
    /// The scalar of a cell that is no cluster.
    var scalar: Unicode.Scalar { Unicode.Scalar(glyph & 0x001F_FFFF) ?? " " }

    static func glyph(_ scalar: Unicode.Scalar, isWide: Bool, isUnsure: Bool) -> UInt32 {
        scalar.value | (isWide ? wideBit : 0) | (isUnsure ? unsureBit : 0)
    }

    static func glyph(cluster: Int, isWide: Bool) -> UInt32 {
        UInt32(cluster) | clusterBit | unsureBit | (isWide ? wideBit : 0)
    }
}

/// Roles and grounds as one byte each, and back for the theme. Numbers of hues begin anew after ``Role/hueCount``.
enum StyleCode {
    private static let hues: UInt8 = 16
    private static let tints: UInt8 = 48
    private static let blocks: UInt8 = 80
    private static let bars: UInt8 = 112

    static func code(_ role: Role) -> UInt8 {
        switch role {
        case .plain: 0
        case .strong: 1
        case .faint: 2
        case .heading: 3
        case .good: 4
        case .notice: 5
        case .bad: 6
        case .hue(let number): hues + hue(number)
        case .tint(let number): tints + hue(number)
        case .block(let number): blocks + hue(number)
        }
    }

    static func role(_ code: UInt8) -> Role {
        switch code {
        case 1: .strong
        case 2: .faint
        case 3: .heading
        case 4: .good
        case 5: .notice
        case 6: .bad
        case hues..<tints: .hue(Int(code - hues))
        case tints..<blocks: .tint(Int(code - tints))
        case blocks..<bars: .block(Int(code - blocks))
        default: .plain
        }
    }

    static func code(_ ground: Ground) -> UInt8 {
        switch ground {
        case .normal: 0
        case .raised: 1
        case .selected: 2
        case .matched: 3
        case .bad: 4
        case .hue(let number): hues + hue(number)
        case .lightBar(let number): tints + hue(number)
        case .bar(let number): bars + hue(number)
        }
    }

    static func ground(_ code: UInt8) -> Ground {
        switch code {
        case 1: .raised
        case 2: .selected
        case 3: .matched
        case 4: .bad
        case hues..<tints: .hue(Int(code - hues))
        case tints..<blocks: .lightBar(Int(code - tints))
        case bars...: .bar(Int(code - bars))
        default: .normal
        }
    }

    private static func hue(_ number: Int) -> UInt8 { UInt8(number.magnitude % UInt(Role.hueCount)) }
}

/// Characters of more than one scalar, each kept once.
struct ClusterTable: Sendable {
    private(set) var clusters: [String] = []
    private var places: [String: Int] = [:]

    mutating func place(of cluster: String) -> Int {
        if let place = places[cluster] { return place }
        places[cluster] = clusters.count
        clusters.append(cluster)
        return clusters.count - 1
    }

    mutating func removeAll() {
        clusters.removeAll()
        places.removeAll()
    }
}
