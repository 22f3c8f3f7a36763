// SPDX-License-Identifier: Apache-2.0
// Rows of SQL in the form that was asked for. Only a table for people waits for its last row, to know its widths; the
// others are written as they come.

import SondeSQLite
import SondeTerminal
import SondeViewer
import SondeWire

struct RowPrinter {
    private let format: RowFormat
    private let printer: Printer
    private var columns: [String] = []
    private var names: [String] = []
    private var rows: [[SQLValue]] = []
    private var waiting: [UInt8] = []
    private var count = 0

    init(_ format: RowFormat, _ printer: Printer) {
        self.format = format
        self.printer = printer
    }

    mutating func begin(_ columns: [String]) {
        self.columns = columns
        names = Self.distinct(columns)
        switch format {
        case .csv: add(line: columns.map(Self.csvField).joined(separator: ","))
        case .json:
            var writer = JSONWriter()
            writer.beginArray()
            for name in names { writer.string(name) }
            writer.endArray()
            waiting += Array("{\"columns\":".utf8) + writer.bytes + Array(",\"rows\":[".utf8)
        case .text, .ndjson: break
        }
    }

    mutating func add(_ row: [SQLValue]) {
        switch format {
        case .text: rows.append(row)
        case .csv: add(line: row.map { Self.csvField(Self.text($0)) }.joined(separator: ","))
        case .ndjson: waiting += object(row) + [UInt8(ascii: "\n")]
        case .json: waiting += (count > 0 ? [UInt8(ascii: ",")] : []) + object(row)
        }
        count += 1
        if waiting.count > Limits.outputBytes { flush() }
    }

    mutating func end(isCut: Bool) {
        if format == .json { waiting += Array("],\"cut\":\(isCut)}\n".utf8) }
        if format == .text, !rows.isEmpty { drawTable() }
        flush()
    }

    mutating func flush() {
        if !waiting.isEmpty { StandardStreams.write(waiting) }
        waiting.removeAll(keepingCapacity: true)
    }

    private mutating func add(line: String) { waiting += Array((line + "\n").utf8) }

    private func drawTable() {
        var table = Table(
            columns: columns.indices.map { index in
                let isNumber = rows.allSatisfy { row in
                    switch row[index] {
                    case .integer, .real, .null: true
                    case .text, .blob: false
                    }
                }
                return Table.Column(columns[index], isNumber ? .right : .left, shrinksTo: isNumber ? nil : 8)
            })
        for row in rows {
            table.append(row.map { $0 == .null ? StyledText("–", .faint) : StyledText(Self.text($0)) })
        }
        printer.draw(table.lines(width: printer.canvas.width))
    }

    private func object(_ row: [SQLValue]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in zip(names, row) {
            writer.key(name)
            switch value {
            case .null: writer.null()
            case .integer(let number): writer.int(number)
            case .real(let number): writer.double(number)
            case .text(let text): writer.string(text)
            case .blob: writer.string(Self.text(value))
            }
        }
        writer.endObject()
        return writer.bytes
    }

    /// Keys of an object are told apart: a name that comes again gets a number.
    static func distinct(_ columns: [String]) -> [String] {
        var seen: Set<String> = []
        return columns.map { column in
            var name = column
            var number = 2
            while !seen.insert(name).inserted {
                name = "\(column)_\(number)"
                number += 1
            }
            return name
        }
    }

    static func text(_ value: SQLValue) -> String {
        switch value {
        case .null: ""
        case .integer(let number): String(number)
        case .real(let number): "\(number)"
        case .text(let text): text
        case .blob(let bytes): bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    /// RFC 4180: quoted where it holds a comma, a quote or a line break.
    static func csvField(_ text: String) -> String {
        let needsQuotes = text.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}
