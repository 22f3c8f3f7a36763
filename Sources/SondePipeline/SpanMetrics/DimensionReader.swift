// SPDX-License-Identifier: Apache-2.0
// The configured dimensions of span metrics, as attributes give them.

import SondeModel

struct DimensionReader {
    let names: [String]
    private let keys: [[UInt8]]

    init(_ names: [String]) {
        self.names = names
        keys = names.map { Array($0.utf8) }
    }

    var isEmpty: Bool { keys.isEmpty }
    /// No value for any of them.
    var none: [[UInt8]] { Array(repeating: [], count: keys.count) }

    /// What cannot be read was refused by the decoder already; the label is then absent.
    func fill(
        _ values: inout [[UInt8]], _ cursor: consuming AttributeCursor, _ base: UnsafePointer<UInt8>
    ) {
        guard !isEmpty else { return }
        var cursor = cursor
        while (try? cursor.next()) == true {
            let found = UnsafeBufferPointer(start: base + cursor.key.lowerBound, count: Int(cursor.key.count))
            for (place, key) in keys.enumerated() where key.elementsEqual(found) {
                let value = try? ProtobufReader.value(base: base, range: cursor.value)
                values[place] = SpanNameTemplate.cut(Array((value?.text ?? "").utf8))
            }
        }
    }
}
