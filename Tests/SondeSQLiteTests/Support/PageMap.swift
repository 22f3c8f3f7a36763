// SPDX-License-Identifier: Apache-2.0
// Which bytes of a database file mean something, found by walking its pages as https://sqlite.org/fileformat2.html
// draws them. The file has been checkpointed: there is no log beside it.

/// Offsets that mean something, by what they belong to.
struct PageMap {
    /// A table or index, or one of `header`, `pointer map`, `free list`.
    private(set) var used: [(owner: String, range: Range<Int>)] = []

    private let file: [UInt8]
    private let pageSize: Int
    private var owner = ""
    private var hasIDs = false

    /// - Parameter tables: name, root page and whether rows have an id that is a column too, of all tables and indexes.
    init(_ file: [UInt8], tables: [(name: String, root: Int, hasIDs: Bool)]) {
        self.file = file
        pageSize = Int(file[16]) << 8 | Int(file[17])
        mark("header", 0..<40)
        // The schema cookie and the number of the SQLite that wrote last (40 to 43, 96 to 99) are told to nobody.
        mark("header", 44..<96)
        markPointerMap()
        markFreeList()
        for table in [(name: "sqlite_schema", root: 1, hasIDs: false)] + tables {
            owner = table.name
            hasIDs = table.hasIDs
            markTree(table.root)
        }
    }

    var offsets: [Int] { used.flatMap(\.range) }

    private mutating func mark(_ owner: String, _ range: Range<Int>) {
        if !range.isEmpty { used.append((owner, range)) }
    }

    private func word(_ offset: Int) -> Int { file[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) } }
    private func half(_ offset: Int) -> Int { Int(file[offset]) << 8 | Int(file[offset + 1]) }
    private func start(_ page: Int) -> Int { (page - 1) * pageSize }

    private func varint(_ offset: inout Int) -> Int {
        var value = 0
        for place in 0..<9 {
            let byte = Int(file[offset])
            offset += 1
            if place == 8 { return value << 8 | byte }
            value = value << 7 | byte & 0x7F
            if byte < 0x80 { break }
        }
        return value
    }

    /// Five bytes a page, on page 2 and whenever a page of them is full.
    private mutating func markPointerMap() {
        let pages = file.count / pageSize
        let entries = pageSize / 5
        var page = 2
        while page <= pages {
            mark("pointer map", start(page)..<(start(page) + 5 * min(entries, pages - page)))
            page += entries + 1
        }
    }

    private mutating func markFreeList() {
        var trunk = word(32)
        while trunk != 0 {
            mark("free list", start(trunk)..<(start(trunk) + 8 + 4 * word(start(trunk) + 4)))
            trunk = word(start(trunk))
        }
    }

    private mutating func markTree(_ page: Int) {
        let base = start(page)
        let header = page == 1 ? base + 100 : base
        let kind = file[header]
        let isLeaf = kind & 8 != 0
        let size = isLeaf ? 8 : 12
        let cells = half(header + 3)
        mark(owner, header..<(header + size + 2 * cells))
        var free = half(header + 1)
        while free != 0 {
            mark(owner, (base + free)..<(base + free + 4))
            free = half(base + free)
        }
        for cell in 0..<cells { markCell(base + half(header + size + 2 * cell), kind) }
        if !isLeaf { markTree(word(header + 8)) }
    }

    private mutating func markCell(_ cell: Int, _ kind: UInt8) {
        var offset = cell
        if kind & 8 == 0 {
            mark(owner, offset..<(offset + 4))
            offset += 4
            markTree(word(cell))
            // The key of an inner page divides; any number between its neighbours divides as well.
            if kind == 5 { return }
        }
        let begin = offset
        let payload = varint(&offset)
        if kind == 13 { _ = varint(&offset) }
        let usable = pageSize
        let most = kind == 13 ? usable - 35 : (usable - 12) * 64 / 255 - 23
        let least = (usable - 12) * 32 / 255 - 23
        let rest = least + (payload - least) % (usable - 4)
        let local = payload <= most ? payload : rest <= most ? rest : least
        let end = offset + local + (payload > most ? 4 : 0)
        if kind == 13, hasIDs {
            // A record keeps a place for the id, which lies in the key and is never read from here.
            mark(owner, begin..<(offset + 1))
            mark(owner, (offset + 2)..<end)
        } else {
            mark(owner, begin..<end)
        }
        if payload > most { markOverflow(word(end - 4), payload - local) }
    }

    private mutating func markOverflow(_ first: Int, _ count: Int) {
        var page = first
        var left = count
        while page != 0, left > 0 {
            let here = min(left, pageSize - 4)
            mark(owner, start(page)..<(start(page) + 4 + here))
            left -= here
            page = word(start(page))
        }
    }
}
