// SPDX-License-Identifier: Apache-2.0
// What `StoreCheck` finds wrong, and what it says at the end.

/// Something in a file that is not what the store writes.
package struct StoreFinding: Hashable, Sendable {
    /// What would make the file right again.
    package enum Remedy: String, Hashable, Sendable, CaseIterable {
        /// The block cannot be read: it would be taken out, its records are lost, the others stay.
        case dropBlock
        /// The block is whole and what the file says about it is not: that can be told anew from the block.
        case rebuildIndex
        /// Rows that belong to nothing would be deleted.
        case deleteRow
        /// A name is wrong and is kept nowhere else.
        case acceptName
        /// A page of the database: what can still be read would be copied into a new file.
        case copyFile
        /// Nothing needs to be done; the bytes mean nothing.
        case nothing

        package var sentence: String {
            switch self {
            case .dropBlock: "would take the block out of the file; its records are lost, the others stay"
            case .rebuildIndex: "would tell it anew from the rest of the file, which is whole"
            case .deleteRow: "would delete the row, which nothing refers to"
            case .acceptName: "would keep it as it reads now: it is stored nowhere else"
            case .copyFile: "would copy all that can be read into a new file; restore a backup if there is one"
            case .nothing: "would do nothing"
            }
        }
    }

    package var table: String
    /// Id of the block, or of the row in a table that has no blocks.
    package var row: Int64?
    package var chunk: Int?
    /// Ends a sentence that begins with the place.
    package var what: String
    package var remedy: Remedy

    package init(_ table: String, row: Int64? = nil, chunk: Int? = nil, _ what: String, _ remedy: Remedy) {
        self.table = table
        self.row = row
        self.chunk = chunk
        self.what = what
        self.remedy = remedy
    }

    static let blockTables: Set<String> = [
        "block", "zone", "hot", "cold", "kvf", "pairs", "log_block", "log_zone", "log_hot", "log_cold", "log_filter",
        "pinned",
    ]

    /// Where it is: `block 12 (hot, chunk 3)`, `log block 3 (log_cold)`, `service 4`, `the file`.
    package var place: String {
        guard let row else { return table.isEmpty ? "the file" : "table \(table)" }
        guard Self.blockTables.contains(table) else { return "\(table) \(row)" }
        let part = chunk.map { "\(table), chunk \($0)" } ?? table
        return (table.hasPrefix("log_") ? "log block " : "block ") + "\(row) (\(part))"
    }

    package var sentence: String { place + ": " + what }
}

/// What a check has looked at, and what it has found.
package struct CheckReport: Hashable, Sendable {
    package var path: String
    package var formatVersion = 0
    package var bytes = 0
    package var blocks = 0
    package var spans = 0
    package var logBlocks = 0
    package var logs = 0
    package var services = 0
    package var operations = 0
    /// The first of what was found, in order of the file.
    package var findings: [StoreFinding] = []
    /// How many there are.
    package var findingCount = 0
    /// What this file cannot have checked, as sentences.
    package var notes: [String] = []

    package var isClean: Bool { findingCount == 0 }

    mutating func add(_ finding: StoreFinding) {
        findingCount += 1
        if findings.count < Limits.findings { findings.append(finding) }
    }
}
