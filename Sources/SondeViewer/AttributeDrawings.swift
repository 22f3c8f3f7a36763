// SPDX-License-Identifier: Apache-2.0
// The attributes there are, and the values of one.

package import SondeStorage
package import SondeTerminal

package struct AttributeKeysDrawing: Sendable {
    let keys: [AttributeKeySummary]
    let canvas: Canvas

    package init(_ keys: [AttributeKeySummary], on canvas: Canvas) {
        self.keys = keys
        self.canvas = canvas
    }

    package func lines() -> [StyledText] {
        var table = Table(columns: [
            .init("attribute", shrinksTo: 12), .init("of", leavesAt: 1), .init("type", leavesAt: 2),
            .init("spans", .right),
        ])
        for key in keys {
            table.append([
                StyledText(key.key), StyledText(key.scope.rawValue, .faint),
                StyledText(key.types.map(\.rawValue).joined(separator: ", "), .faint),
                StyledText(Quantity.count(key.spanCount)),
            ])
        }
        return table.lines(width: canvas.width)
    }
}

package struct AttributeValuesDrawing: Sendable {
    let values: [AttributeValueSummary]
    let canvas: Canvas

    package init(_ values: [AttributeValueSummary], on canvas: Canvas) {
        self.values = values
        self.canvas = canvas
    }

    package func lines() -> [StyledText] {
        var table = Table(columns: [.init("value", shrinksTo: 8), .init("type", leavesAt: 1), .init("count", .right)])
        for value in values {
            table.append([
                StyledText(value.text.isEmpty ? "(empty)" : value.text, value.text.isEmpty ? .faint : .plain),
                StyledText(value.type.rawValue, .faint), StyledText(Quantity.count(value.count)),
            ])
        }
        return table.lines(width: canvas.width)
    }
}
