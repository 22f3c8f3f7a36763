// SPDX-License-Identifier: Apache-2.0
// Reads RE2's syntax (https://github.com/google/re2/wiki/Syntax) into a tree. Which of several matches is found plays no
// part here, so lazy and greedy repetition are the same, and groups capture nothing.

indirect enum RegexNode: Hashable, Sendable {
    case empty
    case scalar(Unicode.Scalar)
    case anything
    case set(RegexSet)
    case assertion(RegexAssertion)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    case repeated(RegexNode, least: Int, most: Int?)

    /// The only text that matches; nil if there are several.
    var literal: String? {
        switch self {
        case .empty: return ""
        case .scalar(let scalar): return String(scalar)
        case .sequence(let parts):
            var text = String.UnicodeScalarView()
            for part in parts {
                guard case .scalar(let scalar) = part else { return nil }
                text.append(scalar)
            }
            return String(text)
        default: return nil
        }
    }
}

struct RegexParser {
    private struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotTakesNewline = true
    }

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var flags = Flags()
    private var depth = 0

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    mutating func parse() throws(QuerySyntaxError) -> RegexNode {
        guard scalars.count <= QueryLimits.patternScalars else {
            throw error(
                "the regular expression is \(scalars.count) characters long; at most \(QueryLimits.patternScalars) are read"
            )
        }
        let node = try alternatives()
        guard place == scalars.count else { throw error("this ) closes no group") }
        return node
    }

    private var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func take(_ wanted: String) -> Bool {
        let wanted = Array(wanted.unicodeScalars)
        guard scalars[place...].starts(with: wanted) else { return false }
        place += wanted.count
        return true
    }

    private func error(_ message: String, at offset: Int? = nil) -> QuerySyntaxError {
        QuerySyntaxError("cannot read the regular expression: " + message, at: offset ?? place)
    }

    // MARK: Structure

    private mutating func alternatives() throws(QuerySyntaxError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= QueryLimits.depth else {
            throw error("groups nest deeper than \(QueryLimits.depth) levels")
        }
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .alternatives(parts)
    }

    private mutating func sequence() throws(QuerySyntaxError) -> RegexNode {
        var parts: [RegexNode] = []
        while let next = peek, next != "|", next != ")" {
            if take("\\Q") {
                parts += quoted()
                // What follows repeats the last character only.
                if let last = parts.popLast() { parts.append(try repeated(last)) }
            } else {
                parts.append(try repeated(try atom()))
            }
        }
        parts.removeAll { $0 == .empty }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    /// `\Q…\E`
    private mutating func quoted() -> [RegexNode] {
        var parts: [RegexNode] = []
        while place < scalars.count, !take("\\E") {
            parts.append(node(for: scalars[place]))
            place += 1
        }
        return parts
    }

    private mutating func repeated(_ atom: RegexNode) throws(QuerySyntaxError) -> RegexNode {
        var node = atom
        var count = 0
        while let next = peek {
            let start = place
            let bounds: (least: Int, most: Int?)
            switch next {
            case "*": bounds = (0, nil)
            case "+": bounds = (1, nil)
            case "?": bounds = (0, 1)
            case "{":
                guard let read = try repetition() else { return node }
                bounds = read
            default: return node
            }
            if next != "{" { place += 1 }
            _ = take("?")
            count += 1
            guard count == 1 else { throw error("a repetition can't be repeated; put ( ) around it", at: start) }
            guard node != .empty else { continue }
            // Nothing, however often: what is inside need not be compiled, at any depth.
            node = bounds.most == 0 ? .empty : .repeated(node, least: bounds.least, most: bounds.most)
        }
        return node
    }

    /// `{n}`, `{n,}`, `{n,m}`; nil for any other brace, which stands for itself.
    private mutating func repetition() throws(QuerySyntaxError) -> (least: Int, most: Int?)? {
        let start = place
        place += 1
        guard let least = number() else {
            place = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}") else {
            place = start
            return nil
        }
        let limit = QueryLimits.patternRepetitions
        guard least <= limit, most ?? 0 <= limit, most.map({ $0 >= least }) ?? true else {
            throw error("expected a repetition like {2,5} with at most \(limit)", at: start)
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        let digits = scalars[place...].prefix { ("0"..."9").contains($0) }.prefix(6)
        place += digits.count
        return Int(String(String.UnicodeScalarView(digits)))
    }

    // MARK: Atoms

    private mutating func atom() throws(QuerySyntaxError) -> RegexNode {
        let start = place
        guard let next = peek else { return .empty }
        place += 1
        switch next {
        case "(": return try group(start)
        case "[": return .set(try bracket(start))
        case ".": return flags.dotTakesNewline ? .anything : .set(RegexSet(ranges: ["\n"..."\n"]).negated)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "*", "+", "?": throw error("there is nothing before this \(next) to repeat", at: start)
        case "\\": return try escape(start)
        // A lone brace stands for itself.
        default: return node(for: next)
        }
    }

    private func node(for scalar: Unicode.Scalar) -> RegexNode {
        guard flags.ignoresCase, !RegexSet.otherCases(of: scalar).allSatisfy({ $0 == scalar }) else {
            return .scalar(scalar)
        }
        var set = RegexSet(ranges: [scalar...scalar])
        set.ignoresCase = true
        return .set(set)
    }

    private mutating func group(_ start: Int) throws(QuerySyntaxError) -> RegexNode {
        let outer = flags
        if take("?") {
            if take("P<") || !isLookBehind && take("<") {
                try groupName(start)
            } else if try flagsOnly(start) {
                return .empty
            }
        }
        let node = try alternatives()
        guard take(")") else { throw error("the group that begins here is not closed", at: start) }
        flags = outer
        return node
    }

    private var isLookBehind: Bool {
        place + 1 < scalars.count && (scalars[place + 1] == "=" || scalars[place + 1] == "!")
    }

    private mutating func groupName(_ start: Int) throws(QuerySyntaxError) {
        let name = scalars[place...].prefix { RegexSet.word.contains($0) }
        place += name.count
        guard !name.isEmpty, take(">") else { throw error("expected a group's name and >") }
    }

    /// `(?i)`, which holds to the end of the group around it; false behind `(?i:`, where a group follows.
    private mutating func flagsOnly(_ start: Int) throws(QuerySyntaxError) -> Bool {
        var isOn = true
        while let next = peek {
            place += 1
            switch next {
            case "i": flags.ignoresCase = isOn
            case "m": flags.isMultiline = isOn
            case "s": flags.dotTakesNewline = isOn
            case "U": continue
            case "-" where isOn: isOn = false
            case ":": return false
            case ")": return true
            default:
                throw error(
                    "expected a group like (?:…), (?i) or (?P<name>…); RE2 has neither look-around nor back references",
                    at: place - 1)
            }
        }
        throw error("the group that begins here is not closed", at: start)
    }

    // MARK: Escapes

    private mutating func escape(_ start: Int) throws(QuerySyntaxError) -> RegexNode {
        guard let next = peek else { throw error("expected a character after the last \\", at: start) }
        switch next {
        case "A": return taken(.assertion(.textStart))
        case "z": return taken(.assertion(.textEnd))
        case "b": return taken(.assertion(.wordBoundary))
        case "B": return taken(.assertion(.notWordBoundary))
        default: break
        }
        if let set = try classEscape(start) { return .set(set) }
        return node(for: try scalarEscape(start))
    }

    private mutating func taken(_ node: RegexNode) -> RegexNode {
        place += 1
        return node
    }

    /// `\d`, `\pL` and their kin, behind the backslash; nil for anything else.
    private mutating func classEscape(_ start: Int) throws(QuerySyntaxError) -> RegexSet? {
        let set: RegexSet
        switch peek {
        case "d": set = .digits
        case "D": set = .digits.negated
        case "w": set = .word
        case "W": set = .word.negated
        case "s": set = .space
        case "S": set = .space.negated
        case "p": return try category(start)
        case "P": return try category(start).negated
        default: return nil
        }
        place += 1
        return set
    }

    private mutating func category(_ start: Int) throws(QuerySyntaxError) -> RegexSet {
        place += 1
        var name = String.UnicodeScalarView()
        var isNegated = false
        if take("{") {
            isNegated = take("^")
            while let next = peek, next != "}" {
                name.append(next)
                place += 1
            }
            guard take("}") else { throw error("expected a class like \\p{Lu}", at: start) }
        } else if let letter = peek {
            name.append(letter)
            place += 1
        }
        guard RegexSet.categories.contains(String(name)) else {
            throw error("\\p takes a general category like L, Lu or Nd; scripts are not known", at: start)
        }
        let set = RegexSet(members: [.category(String(name))])
        return isNegated ? set.negated : set
    }

    /// One character, behind the backslash.
    private mutating func scalarEscape(_ start: Int) throws(QuerySyntaxError) -> Unicode.Scalar {
        guard let next = peek else { throw error("expected a character after the last \\", at: start) }
        place += 1
        switch next {
        case "a": return "\u{07}"
        case "f": return "\u{0C}"
        case "t": return "\t"
        case "n": return "\n"
        case "r": return "\r"
        case "v": return "\u{0B}"
        case "x": return try hex(start)
        case "0": return try octal(start)
        case "1"..."9": throw error("RE2 has no back references; write \\x for a character by number", at: start)
        case _ where RegexSet.word.contains(next) || next.value >= 0x80:
            throw error("\\\(next) is not an escape", at: start)
        default: return next
        }
    }

    private mutating func hex(_ start: Int) throws(QuerySyntaxError) -> Unicode.Scalar {
        var digits = String.UnicodeScalarView()
        let isBraced = take("{")
        while let next = peek, next.properties.isASCIIHexDigit, digits.count < (isBraced ? 6 : 2) {
            digits.append(next)
            place += 1
        }
        guard isBraced ? take("}") : digits.count == 2,
            let scalar = UInt32(String(digits), radix: 16).flatMap(Unicode.Scalar.init)
        else { throw error("expected a character by number like \\x41 or \\x{1F600}", at: start) }
        return scalar
    }

    private mutating func octal(_ start: Int) throws(QuerySyntaxError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<2 {
            guard let next = peek, ("0"..."7").contains(next) else { break }
            value = value * 8 + next.value - 0x30
            place += 1
        }
        guard let scalar = Unicode.Scalar(value) else { throw error("expected an octal number", at: start) }
        return scalar
    }

    // MARK: Brackets

    private mutating func bracket(_ start: Int) throws(QuerySyntaxError) -> RegexSet {
        var set = RegexSet()
        set.ignoresCase = flags.ignoresCase
        set.isNegated = take("^")
        var isFirst = true
        while let next = peek {
            if next == "]", !isFirst {
                place += 1
                return set
            }
            isFirst = false
            if take("[:") {
                set.members.append(.set(try posixClass(start)))
            } else {
                set.members.append(try bracketMember(start))
            }
        }
        throw error("the class that begins here is not closed with ]", at: start)
    }

    private mutating func bracketMember(_ start: Int) throws(QuerySyntaxError) -> RegexSet.Member {
        let begin = place
        if take("\\") {
            if let set = try classEscape(begin) { return .set(set) }
            place = begin
        }
        let low = try bracketScalar(start)
        guard peek == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
            return .range(low.value...low.value)
        }
        place += 1
        let high = try bracketScalar(start)
        guard low <= high else { throw error("this range of characters runs backwards", at: begin) }
        return .range(low.value...high.value)
    }

    private mutating func bracketScalar(_ start: Int) throws(QuerySyntaxError) -> Unicode.Scalar {
        guard let next = peek else { throw error("the class that begins here is not closed with ]", at: start) }
        place += 1
        return next == "\\" ? try scalarEscape(place - 1) : next
    }

    /// `[:alpha:]`, behind the colon.
    private mutating func posixClass(_ start: Int) throws(QuerySyntaxError) -> RegexSet {
        let isNegated = take("^")
        let name = scalars[place...].prefix { RegexSet.word.contains($0) }
        let set = Self.posixClasses[String(String.UnicodeScalarView(name))]
        guard let set else { throw error("expected a class like [:alpha:] or [:digit:]") }
        place += name.count
        guard take(":]") else { throw error("expected :]") }
        return isNegated ? set.negated : set
    }

    private static let posixClasses: [String: RegexSet] = [
        "alnum": RegexSet(ranges: ["0"..."9", "A"..."Z", "a"..."z"]),
        "alpha": RegexSet(ranges: ["A"..."Z", "a"..."z"]),
        "ascii": RegexSet(ranges: ["\0"..."\u{7F}"]),
        "blank": RegexSet(ranges: ["\t"..."\t", " "..." "]),
        "cntrl": RegexSet(ranges: ["\0"..."\u{1F}", "\u{7F}"..."\u{7F}"]),
        "digit": .digits,
        "graph": RegexSet(ranges: ["!"..."~"]),
        "lower": RegexSet(ranges: ["a"..."z"]),
        "print": RegexSet(ranges: [" "..."~"]),
        "punct": RegexSet(ranges: ["!"..."/", ":"..."@", "["..."`", "{"..."~"]),
        "space": RegexSet(ranges: ["\t"..."\r", " "..." "]),
        "upper": RegexSet(ranges: ["A"..."Z"]),
        "word": .word,
        "xdigit": RegexSet(ranges: ["0"..."9", "A"..."F", "a"..."f"]),
    ]
}
