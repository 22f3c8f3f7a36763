// SPDX-License-Identifier: Apache-2.0
// A trace, or many, as folded stacks: the text that flame graph programs read. A line is the path of frames, joined by
// `;`, a space, and the self time of all spans at that place in nanoseconds.
//
//      gateway: POST /checkout;orders: POST /orders 1200000

package import SondeModel

package struct FoldedStacks: Sendable {
    private var tree = PositionTree(limit: Limits.maxPositions)
    private var selfNanos: [UInt64] = []

    package init() {}

    package static func text(of trace: Trace) -> String {
        var stacks = FoldedStacks()
        stacks.add(trace)
        return stacks.text()
    }

    package mutating func add(_ trace: Trace) {
        let columns = TraceColumns(trace)
        let places = tree.places(of: columns, maxDepth: Limits.maxStackDepth)
        while selfNanos.count < tree.keys.count { selfNanos.append(0) }
        for (span, place) in places.enumerated() where place >= 0 {
            selfNanos[place] = selfNanos[place].addingClamped(columns.selfNanos[span])
        }
    }

    /// One line for each place with time of its own, callers before callees; empty for no spans. Lines after
    /// ``Limits/maxFoldedBytes`` are left out, those of the least time first.
    package func text() -> String {
        let shown = placesThatFit()
        var text = ""
        for place in tree.depthFirst(by: <) where shown.contains(place) {
            text += stack(place) + " \(selfNanos[place])\n"
        }
        return text
    }

    private func placesThatFit() -> Set<Int> {
        var room = Limits.maxFoldedBytes
        var shown: Set<Int> = []
        let places = tree.keys.indices.filter { selfNanos[$0] > 0 }.sorted { selfNanos[$0] > selfNanos[$1] }
        for place in places {
            room -= stackBytes(place)
            if room < 0 { break }
            shown.insert(place)
        }
        return shown
    }

    private func stackBytes(_ place: Int) -> Int {
        var bytes = Self.numberBytes
        var next = place
        while next >= 0 {
            let operation = tree.operation(at: next)
            bytes += operation.service.utf8.count + operation.name.utf8.count + Self.frameBytes
            next = tree.keys[next].parent
        }
        return bytes
    }

    /// The space, the largest number and the end of the line; `: ` and `;`.
    private static let numberBytes = 22
    private static let frameBytes = 3

    private func stack(_ place: Int) -> String {
        var frames: [String] = []
        var next = place
        while next >= 0 {
            frames.append(Self.frame(tree.operation(at: next)))
            next = tree.keys[next].parent
        }
        return frames.reversed().joined(separator: ";")
    }

    /// Without what would end a frame or a line.
    private static func frame(_ operation: PositionTree.Operation) -> String {
        var frame = ""
        for scalar in (operation.service + ": " + operation.name).unicodeScalars {
            frame.unicodeScalars.append(scalar == ";" ? "," : scalar.value < 0x20 ? " " : scalar)
        }
        return frame
    }
}
