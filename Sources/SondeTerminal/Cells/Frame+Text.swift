// SPDX-License-Identifier: Apache-2.0
// A picture as text, for golden files: what it shows, and what everything in it is.

extension Frame {
    /// The rows as plain text, without blanks at their ends; each with its newline.
    package var text: String {
        (0..<size.rows).map { rowText($0) + "\n" }.joined()
    }

    /// As ``text``, each row followed by what is not plain text on normal ground:
    /// `    @ 3+12 hue(2) on selected, bold` are the twelve cells from column 3 on.
    package var described: String {
        var output = ""
        for row in 0..<size.rows {
            output += rowText(row) + "\n"
            for run in styleRuns(row) { output += "    @ " + run + "\n" }
        }
        if let cursor { output += "cursor at row \(cursor.row), column \(cursor.column)\n" }
        return output
    }

    package func rowText(_ row: Int) -> String {
        var text = ""
        for cell in cells(inRow: row) where !cell.isContinuation { append(cell, to: &text) }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// What a cell stands on; nil outside.
    package func ground(row: Int, column: Int) -> Ground? {
        cell(row, column).map { StyleCode.ground($0.groundCode) }
    }

    /// What a cell's text is; nil outside.
    package func role(row: Int, column: Int) -> Role? { cell(row, column).map { StyleCode.role($0.roleCode) } }

    /// The character that begins in a cell; nil outside and in the second half of a wide one.
    package func character(row: Int, column: Int) -> Character? {
        guard let cell = cell(row, column), !cell.isContinuation else { return nil }
        var text = ""
        append(cell, to: &text)
        return text.first
    }

    func append(_ cell: Cell, to text: inout String) {
        if let cluster = cell.cluster {
            text += table.clusters[cluster]
        } else {
            text.unicodeScalars.append(cell.scalar)
        }
    }

    func cells(inRow row: Int) -> ArraySlice<Cell> { cells[row * size.columns..<(row + 1) * size.columns] }

    private func cell(_ row: Int, _ column: Int) -> Cell? {
        rect.contains(column: column, row: row) ? cells[row * size.columns + column] : nil
    }

    private func styleRuns(_ row: Int) -> [String] {
        let cells = Array(cells(inRow: row))
        var runs: [String] = []
        var start = 0
        while start < cells.count {
            let end = cells[start...].firstIndex { $0.style != cells[start].style } ?? cells.count
            if let words = Self.words(cells[start], isBlank: cells[start..<end].allSatisfy { $0.glyph == 0x20 }) {
                runs.append("\(start)+\(end - start) " + words)
            }
            start = end
        }
        return runs
    }

    /// Nil for what looks like nothing at all.
    private static func words(_ cell: Cell, isBlank: Bool) -> String? {
        let role = StyleCode.role(cell.roleCode)
        let ground = StyleCode.ground(cell.groundCode)
        let names = attributeNames.filter { cell.attributes.contains($0.0) }.map { ", " + $0.1 }.joined()
        if ground == .normal, names.isEmpty, role == .plain || isBlank { return nil }
        return (isBlank ? "blank" : "\(role)") + (ground == .normal ? "" : " on \(ground)") + names
    }

    private static let attributeNames: [(Attributes, String)] = [
        (.bold, "bold"), (.dim, "dim"), (.italic, "italic"), (.underline, "underline"), (.reversed, "reversed"),
    ]
}
