// SPDX-License-Identifier: Apache-2.0
// Pins, and the blocks that only they keep. A flipped bit here could let retention take what somebody wanted to keep.

extension StoreCheck {
    mutating func checkPins() throws(SQLiteError) {
        guard hasSums else { return }
        let pins = try connection.prepare("SELECT trace, note, time, sum FROM pin")
        defer { pins.reset() }
        var number: Int64 = 0
        while try pins.step() {
            number += 1
            var sum = RowSum()
            sum.add(pins.bytes(0))
            sum.add(pins.bytes(1))
            sum.add(pins.integer(2))
            if pins.bytes(0).count != 16 || sum.value != pins.integer(3) {
                add(StoreFinding("pin", row: number, "does not match its checksum", .acceptName))
            }
        }
        let blocks = Set(try integers("SELECT id FROM block"))
        let pinned = try connection.prepare("SELECT block, sum FROM pinned")
        defer { pinned.reset() }
        while try pinned.step() {
            let block = pinned.integer(0)
            var sum = RowSum()
            sum.add(block)
            if sum.value != pinned.integer(1) {
                add(StoreFinding("pinned", row: block, "does not match its checksum", .rebuildIndex))
            } else if !blocks.contains(block) {
                add(StoreFinding("pinned", row: block, "there is no such block", .deleteRow))
            }
        }
    }
}
