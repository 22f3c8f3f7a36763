// SPDX-License-Identifier: Apache-2.0
// Reads JSON text in one pass, value by value, as whoever calls it asks for them: no tree, nothing allocated per value.
// Strings stay places in the text until someone wants their content (JSONReader+Text.swift); numbers are kept exact
// (JSONNumber.swift). The counterpart of JSONWriter. A tree for those who want one is JSONValue.
//
// https://www.rfc-editor.org/rfc/rfc8259

/// Text that is not JSON, or not the JSON that was asked for.
struct MalformedJSON: Error, Hashable, Sendable {
    /// What is wrong, as a sentence that goes on with the place: `expected ',' or '}'`.
    var reason: String
    /// Offset from the start of the text.
    var offset: Int
}

extension DecodeError {
    /// `cannot decode OTLP JSON body: expected ',' or '}' at byte 812 (line 3)`.
    init(_ error: MalformedJSON, in what: String, _ bytes: UnsafeBufferPointer<UInt8>) {
        let line = bytes.prefix(error.offset).count { $0 == UInt8(ascii: "\n") } + 1
        self.init(message: "cannot decode \(what): \(error.reason) at byte \(error.offset) (line \(line))")
    }
}

/// A pull reader: `var list = try json.beginObject(); while let key = try json.nextKey(&list) { try json.skipValue() }`.
///
/// - Everything it steps over is checked, so that what was read to its ``finish()`` is JSON as the RFC has it; a byte
///   order mark in front is ignored.
/// - It never recurses; containers that callers enter nest no deeper than `maxDepth`, those that are skipped as deep as
///   they like.
struct JSONReader {
    /// The kinds of values that JSON has.
    enum Kind { case null, bool, number, string, array, object }

    /// How far an array or object has been read.
    struct List {
        fileprivate var isFirst = true
    }

    let base: UnsafePointer<UInt8>
    private(set) var end: Int
    /// Offset of the next unread byte.
    var position = 0
    private var depth = 0
    private let maxDepth: Int

    /// Reads the text at `base`, which must stay valid while the reader lives.
    init(base: UnsafePointer<UInt8>, count: Int, maxDepth: Int = Limits.maxJSONDepth) {
        self.base = base
        self.end = count
        self.maxDepth = maxDepth
        if count >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF { position = 3 }
    }

    /// Calls `body` with a reader of `bytes` and makes sure that it has read all of them. `what` names the text in
    /// errors.
    static func read<R>(
        _ bytes: [UInt8], as what: String, maxDepth: Int = Limits.maxJSONDepth,
        _ body: (inout JSONReader) throws(MalformedJSON) -> R
    ) throws(DecodeError) -> R {
        try bytes.withUnsafeBufferPointer { buffer throws(DecodeError) in
            do throws(MalformedJSON) {
                guard let base = buffer.baseAddress, !buffer.isEmpty else {
                    throw MalformedJSON(reason: "the text is empty, expected a value", offset: 0)
                }
                var reader = JSONReader(base: base, count: buffer.count, maxDepth: maxDepth)
                let result = try body(&reader)
                try reader.finish()
                return result
            } catch {
                throw DecodeError(error, in: what, buffer)
            }
        }
    }

    /// Goes on as a reader of the content of `text` only.
    mutating func confine(to text: JSONText) {
        position = text.offset
        end = text.offset + text.count
    }

    /// Makes sure that nothing follows.
    mutating func finish() throws(MalformedJSON) {
        skipBlanks()
        guard position == end else { throw malformed("expected nothing after the value") }
    }

    // MARK: Structure

    /// What the next value is, by its first byte; nothing is taken.
    mutating func peek() throws(MalformedJSON) -> Kind {
        switch try nextByte("a value") {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        default: throw malformed("expected a value")
        }
    }

    mutating func beginObject() throws(MalformedJSON) -> List { try begin(UInt8(ascii: "{"), "an object") }
    mutating func beginArray() throws(MalformedJSON) -> List { try begin(UInt8(ascii: "["), "an array") }

    /// The name of the object's next member, whose value the caller must read or skip; nil after the last.
    mutating func nextKey(_ list: inout List) throws(MalformedJSON) -> JSONText? {
        guard try next(&list, closing: UInt8(ascii: "}"), "expected ',' or '}'") else { return nil }
        guard try nextByte("a name") == UInt8(ascii: "\"") else { throw malformed("expected a name in quotes") }
        let key = try readText()
        guard try nextByte("':'") == UInt8(ascii: ":") else { throw malformed("expected ':'") }
        position += 1
        return key
    }

    /// Whether the array has another element, which the caller must read or skip.
    mutating func nextElement(_ list: inout List) throws(MalformedJSON) -> Bool {
        try next(&list, closing: UInt8(ascii: "]"), "expected ',' or ']'")
    }

    // MARK: Values

    /// Takes a `null` if that is what comes next.
    mutating func takeNull() throws(MalformedJSON) -> Bool {
        guard try nextByte("a value") == UInt8(ascii: "n") else { return false }
        try take("null")
        return true
    }

    mutating func readBool() throws(MalformedJSON) -> Bool {
        switch try nextByte("true or false") {
        case UInt8(ascii: "t"): try take("true")
        case UInt8(ascii: "f"): try take("false")
        default: throw malformed("expected true or false")
        }
        return base[position - 1] == UInt8(ascii: "e") && base[position - 2] == UInt8(ascii: "u")
    }

    /// Steps over the next value, checking it. Levels are kept as a bit each, on no stack but this one.
    mutating func skipValue() throws(MalformedJSON) {
        var levels = BitStack()
        while true {
            switch try peek() {
            case .null: try take("null")
            case .bool: _ = try readBool()
            case .number: _ = try readNumber()
            case .string: _ = try readText()
            case .array, .object:
                let isObject = base[position] == UInt8(ascii: "{")
                position += 1
                levels.push(isObject)
                if try stepInside(&levels, isFirst: true) { continue }
            }
            while true {
                guard !levels.isEmpty else { return }
                if try stepInside(&levels, isFirst: false) { break }
            }
        }
    }

    /// Moves to the next value of the innermost container; false, one level up, if it has no more.
    private mutating func stepInside(_ levels: inout BitStack, isFirst: Bool) throws(MalformedJSON) -> Bool {
        var list = List(isFirst: isFirst)
        depth += 1
        let goesOn = levels.top ? try nextKey(&list) != nil : try nextElement(&list)
        if goesOn { depth -= 1 } else { levels.pop() }
        return goesOn
    }

    // MARK: Parts

    private mutating func begin(_ bracket: UInt8, _ what: StaticString) throws(MalformedJSON) -> List {
        guard try nextByte(what) == bracket else { throw malformed("expected \(what)") }
        guard depth < maxDepth else { throw malformed("nests deeper than \(maxDepth) levels") }
        position += 1
        depth += 1
        return List()
    }

    @inline(__always)
    private mutating func next(
        _ list: inout List, closing: UInt8, _ complaint: StaticString
    ) throws(MalformedJSON) -> Bool {
        let byte = try nextByte("more")
        if byte == closing {
            position += 1
            depth -= 1
            return false
        }
        if list.isFirst {
            list.isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw malformed("\(complaint)") }
        position += 1
        return true
    }

    /// The first byte that is not blank, not taken.
    @inline(__always)
    mutating func nextByte(_ expected: StaticString) throws(MalformedJSON) -> UInt8 {
        skipBlanks()
        guard position < end else { throw malformed("the text ends, expected \(expected)") }
        return base[position]
    }

    @inline(__always)
    private mutating func skipBlanks() {
        while position < end {
            switch base[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ word: StaticString) throws(MalformedJSON) {
        let count = word.utf8CodeUnitCount
        guard end - position >= count, (0..<count).allSatisfy({ base[position + $0] == word.utf8Start[$0] }) else {
            throw malformed("expected \(word)")
        }
        position += count
    }

    /// An error about the byte at `offset`, or at the next unread byte.
    @inline(never)
    func malformed(_ reason: String, at offset: Int? = nil) -> MalformedJSON {
        MalformedJSON(reason: reason, offset: offset ?? position)
    }
}

/// A stack of bits: whether each open container is an object. 64 levels cost eight bytes.
private struct BitStack {
    private var words: [UInt64] = []
    private var word: UInt64 = 0
    private var count = 0

    var isEmpty: Bool { count == 0 }
    var top: Bool { word & 1 == 1 }

    mutating func push(_ bit: Bool) {
        if count > 0, count % 64 == 0 { words.append(word) }
        word = word << 1 | (bit ? 1 : 0)
        count += 1
    }

    mutating func pop() {
        count -= 1
        word >>= 1
        if count > 0, count % 64 == 0 { word = words.popLast() ?? 0 }
    }
}
