// SPDX-License-Identifier: Apache-2.0
// A file of JSON cut where its pieces begin and end, by brackets and quotes alone: whoever decodes a piece checks it.
// A file whose first value ends on the line on which it began is taken line by line from there on, so that a damaged
// line costs itself only.

struct JSONPieces: Sendable {
    var input: PieceInput
    /// Whether each line is a piece.
    private var hasLines: Bool
    /// The next byte to look at.
    private var position = 0
    private var line = 1
    private var pieceCount = 0
    private var hasEnded = false
    /// Whether the rest of a line that grew too long is to be dropped.
    private var isSkippingLine = false

    // Inside a value.

    /// The open brackets.
    private var brackets: [UInt8] = []
    private var isInString = false
    private var isEscaped = false
    /// The last byte that was no blank and not in a string.
    private var last = UInt8(ascii: ",")
    /// Where the string begins that was read last, and what it was if it was a name on the level of ``nameDepth``.
    private var stringStart = 0
    private var name: String?
    /// The level on which names are looked at: the outermost, or that of `{"result": {`.
    private var nameDepth = 1
    /// The level of the list whose elements are pieces, and what they are.
    private var list: (depth: Int, content: TelemetryPiece.Content)?
    /// Where the piece under way begins; nil between pieces and in one that is too large.
    private var pieceStart: Int?
    private var pieceLine = 1
    /// Where the outermost value began.
    private var valueLine = 1
    /// Whether more than its bracket stands on the value's first line: no printer that breaks lines writes that.
    private var beginsDense = false
    /// Whether elements of the outermost value were pieces, so that it isn't one itself.
    private var isCutInside = false

    init(input: PieceInput, hasLines: Bool) {
        self.input = input
        self.hasLines = hasLines
        if input.bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            self.input.drop(upTo: 3)
            position = 3
        }
    }

    mutating func next(isFinished: Bool) -> TelemetryPieces.Step {
        guard !hasEnded else { return .end }
        if input.start > input.bytes.count / 2 {
            let moved = input.compact()
            position -= moved
            stringStart -= moved
            pieceStart = pieceStart.map { $0 - moved }
        }
        return hasLines ? nextLine(isFinished: isFinished) : nextElement(isFinished: isFinished)
    }

    // MARK: Line by line

    private mutating func nextLine(isFinished: Bool) -> TelemetryPieces.Step {
        while let end = input.bytes[position...].firstIndex(of: Self.newline) ?? lastLineEnd(isFinished) {
            let text = input.take(upTo: end)
            let isTooLong = isSkippingLine || text.count > input.maxPieceBytes
            position = min(end + 1, input.bytes.count)
            input.drop(upTo: position)
            isSkippingLine = false
            defer { line += 1 }
            guard !isTooLong else { return flaw(tooLarge, line: line, endsFile: false) }
            let content = text.drop(while: Self.isBlank)
            guard !content.isEmpty else { continue }
            return piece(content, .value, line: line)
        }
        if isFinished { return .end }
        position = input.bytes.count
        if input.unread.count > input.maxPieceBytes {
            isSkippingLine = true
            input.drop(upTo: position)
        }
        return .needsMore
    }

    private func lastLineEnd(_ isFinished: Bool) -> Int? {
        isFinished && (isSkippingLine || !input.unread.isEmpty) ? input.bytes.count : nil
    }

    // MARK: By structure

    private mutating func nextElement(isFinished: Bool) -> TelemetryPieces.Step {
        while position < input.bytes.count {
            if hasLines { return nextLine(isFinished: isFinished) }
            if isInString {
                if let step = readString() { return step }
                continue
            }
            let byte = input.bytes[position]
            if byte == Self.newline, mayTear, input.bytes.count - position <= Self.longestName, !isFinished { break }
            defer { position += 1 }
            switch byte {
            case Self.newline:
                defer { line += 1 }
                if mayTear, beginsValue(at: position + 1) { return tornLine(next: position + 1) }
            case 0x20, 0x09, 0x0D: break
            default:
                if let step = read(byte) { return step }
            }
        }
        checkSize()
        if pieceStart == nil {
            let mayBeName = isInString && position - stringStart <= Self.longestName
            input.drop(upTo: mayBeName ? stringStart : position)
        }
        guard isFinished else { return .needsMore }
        guard !brackets.isEmpty else { return .end }
        return flaw("the file ends in the middle of it", line: pieceStart == nil ? line : pieceLine, endsFile: true)
    }

    /// Goes on in a string, up to its end if it is there.
    private mutating func readString() -> TelemetryPieces.Step? {
        var place = position
        var isEscaped = isEscaped
        var found: UInt8?
        input.bytes.withUnsafeBufferPointer { bytes in
            while place < bytes.count, found == nil {
                let byte = bytes[place]
                place += 1
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") || byte == Self.newline {
                    found = byte
                }
            }
        }
        position = place
        self.isEscaped = isEscaped
        guard let found else { return nil }
        isInString = false
        guard found == Self.newline else {
            endString()
            return nil
        }
        // A bare newline is no part of a string: the line was cut off.
        defer { line += 1 }
        return mayTear ? tornLine(next: position) : flaw("a string has no end", line: line, endsFile: true)
    }

    private mutating func endString() {
        let isName = last == UInt8(ascii: "{") || last == UInt8(ascii: ",")
        last = UInt8(ascii: "\"")
        guard isName, brackets.count == nameDepth, brackets.last == UInt8(ascii: "{") else { return }
        let isShort = position - stringStart <= Self.longestName && stringStart >= input.start
        name = isShort ? String(decoding: input.bytes[stringStart..<position - 1], as: UTF8.self) : nil
    }

    private mutating func read(_ byte: UInt8) -> TelemetryPieces.Step? {
        if brackets.isEmpty { beginValue() } else if line == valueLine { beginsDense = true }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return open(byte)
        case UInt8(ascii: "}"), UInt8(ascii: "]"): return close(byte)
        case UInt8(ascii: ","), UInt8(ascii: ":"): break
        case UInt8(ascii: "\""):
            guard !brackets.isEmpty else { return flaw(Self.noObject, line: line, endsFile: true) }
            isInString = true
            stringStart = position + 1
            if isElement { return strayElement(byte) }
            // `last` stays: it tells whether this is a name.
            return nil
        default:
            guard !brackets.isEmpty else { return flaw(Self.noObject, line: line, endsFile: true) }
            if isElement, last == UInt8(ascii: ",") || last == UInt8(ascii: "[") { return strayElement(byte) }
        }
        last = byte
        return nil
    }

    private mutating func beginValue() {
        valueLine = line
        beginsDense = false
        isCutInside = false
        nameDepth = 1
        name = nil
        last = UInt8(ascii: ",")
    }

    private mutating func open(_ bracket: UInt8) -> TelemetryPieces.Step? {
        guard brackets.count < Limits.maxFileDepth else {
            return flaw("it nests deeper than \(Limits.maxFileDepth) levels", line: line, endsFile: true)
        }
        let isList = bracket == UInt8(ascii: "[")
        if isElement || (brackets.isEmpty && !isList) {
            input.drop(upTo: position)
            pieceStart = position
            pieceLine = line
        } else if brackets.isEmpty {
            cutInside(.value)
        } else if brackets.count == nameDepth, last == UInt8(ascii: ":"), list == nil, let name {
            if isList, let known = TelemetryPiece.StaticName(rawValue: name) {
                cutInside(.element(of: known))
            } else if !isList, name == "result", nameDepth == 1 {
                nameDepth = 2
            }
        }
        brackets.append(bracket)
        last = bracket
        return nil
    }

    /// From here on elements are pieces.
    private mutating func cutInside(_ content: TelemetryPiece.Content) {
        list = (brackets.count + 1, content)
        isCutInside = true
        pieceStart = nil
    }

    private mutating func close(_ bracket: UInt8) -> TelemetryPieces.Step? {
        // In ASCII a closing bracket is its opening one and two.
        guard let opening = brackets.popLast(), opening + 2 == bracket else {
            return flaw("its brackets don't match", line: line, endsFile: true)
        }
        last = bracket
        checkSize()
        if brackets.count < nameDepth, nameDepth == 2 { nameDepth = 1 }
        if let list, brackets.count < list.depth {
            if brackets.count == list.depth - 1 { self.list = nil }
        } else if let list {
            return brackets.count == list.depth ? endPiece(list.content) : nil
        }
        guard brackets.isEmpty else { return nil }
        // What ended on its first line is one of many; what has line breaks inside goes on by its brackets.
        hasLines = line == valueLine
        defer { input.drop(upTo: position + 1) }
        return isCutInside ? nil : endPiece(.value)
    }

    private mutating func endPiece(_ content: TelemetryPiece.Content) -> TelemetryPieces.Step {
        defer { pieceStart = nil }
        guard pieceStart != nil else { return flaw(tooLarge, line: pieceLine, endsFile: false) }
        return piece(input.take(upTo: position + 1), content, line: pieceLine)
    }

    /// A piece beyond the limit is let go of while it is still growing.
    private mutating func checkSize() {
        guard let pieceStart, position - pieceStart > input.maxPieceBytes else { return }
        self.pieceStart = nil
    }

    /// Whether the next value is an element of the list that is cut.
    private var isElement: Bool { list?.depth == brackets.count }

    private mutating func strayElement(_ byte: UInt8) -> TelemetryPieces.Step {
        last = UInt8(ascii: "\"")
        return flaw(Self.noObject, line: line, endsFile: false)
    }

    // MARK: Lines that were cut off

    /// Whether what follows the newline here may show that the line was cut off: the outermost value began on it,
    /// like those that are written one a line.
    private var mayTear: Bool { beginsDense && line == valueLine && brackets.first == UInt8(ascii: "{") }

    /// Whether a line begins there that is a request by itself and no element of one.
    private func beginsValue(at place: Int) -> Bool {
        let text = input.bytes[place...].prefix(Self.longestName)
        return Self.beginnings.contains { text.starts(with: $0.utf8) }
    }

    private static let beginnings = [
        "{\"resourceSpans\"", "{\"resourceLogs\"", "{\"resourceMetrics\"", "{\"data\"",
    ]

    /// Goes on line by line, from a value that begins before the last one has ended.
    private mutating func tornLine(next: Int) -> TelemetryPieces.Step {
        hasLines = true
        brackets = []
        list = nil
        pieceStart = nil
        input.drop(upTo: next)
        return flaw("the line ends in the middle of a value", line: line, endsFile: false)
    }

    // MARK: Steps

    private mutating func piece(
        _ bytes: ArraySlice<UInt8>, _ content: TelemetryPiece.Content, line: Int
    ) -> TelemetryPieces.Step {
        pieceCount += 1
        let place = TelemetryPlace(line: line, piece: pieceCount)
        return .piece(TelemetryPiece(bytes: Array(bytes), place: place, content: content))
    }

    private mutating func flaw(_ reason: String, line: Int, endsFile: Bool) -> TelemetryPieces.Step {
        hasEnded = endsFile
        pieceCount += 1
        return .flaw(
            TelemetryFlaw(place: TelemetryPlace(line: line, piece: pieceCount), reason: reason, endsFile: endsFile))
    }

    private var tooLarge: String { "it is larger than \(input.maxPieceBytes) bytes" }
    private static let noObject = "expected an object or an array"
    /// Characters, the closing quote included, of the longest name that is looked for and some more.
    private static let longestName = 32
    private static let newline = UInt8(ascii: "\n")

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
