// SPDX-License-Identifier: Apache-2.0
// Regular expressions in RE2's syntax, matched in time linear in the text whatever the pattern: all ways through the
// pattern are walked side by side (Thompson's construction), so nothing is ever tried twice. Patterns come from people
// and from the network, and a backtracking matcher can be made to run for years by a pattern of ten characters.
//
// Not RE2: scripts (`\p{Greek}`) and `\C` are refused; `.` matches a line break, as Tempo has it.

/// A compiled pattern.
package struct RegularExpression: Hashable, Sendable {
    package let pattern: String
    /// Whether it must match the whole text; else a match anywhere in it will do.
    package let matchesWhole: Bool
    private let program: RegexProgram

    /// - Throws: ``QuerySyntaxError`` with the offset in `pattern`.
    package init(_ pattern: String, matchesWhole: Bool = true) throws(QuerySyntaxError) {
        self.pattern = pattern
        self.matchesWhole = matchesWhole
        program = try RegexProgram(compiling: pattern)
    }

    package static func == (a: RegularExpression, b: RegularExpression) -> Bool {
        a.pattern == b.pattern && a.matchesWhole == b.matchesWhole
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(pattern)
        hasher.combine(matchesWhole)
    }

    /// Whether `text` matches. The time is at most proportional to its length times the size of the pattern.
    package func matches(_ text: String) -> Bool {
        if matchesWhole, let literal = program.literal { return Self.areEqual(literal, text) }
        var machine = RegexMachine(program, matchesWhole: matchesWhole)
        return machine.run(text.unicodeScalars)
    }

    /// The text that is the only match of a pattern without any operators; nil for other patterns.
    package var literal: String? { matchesWhole ? program.literal : nil }

    /// By scalars: Swift's `==` holds different spellings of one character for equal.
    private static func areEqual(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
}

/// Walks all ways through a program at once.
private struct RegexMachine {
    private let program: RegexProgram
    private let matchesWhole: Bool
    /// The step in which an instruction was last entered: each is entered once a step.
    private var entered: [Int]
    private var current: [Int32] = []
    private var next: [Int32] = []
    private var stack: [Int32] = []
    private var step = 0

    init(_ program: RegexProgram, matchesWhole: Bool) {
        self.program = program
        self.matchesWhole = matchesWhole
        entered = Array(repeating: -1, count: program.instructions.count)
    }

    mutating func run(_ text: String.UnicodeScalarView) -> Bool {
        if enter(0, nil, text.first) { return true }
        swap(&current, &next)
        var index = text.startIndex
        while index < text.endIndex {
            let scalar = text[index]
            index = text.index(after: index)
            let after = index < text.endIndex ? text[index] : nil
            step += 1
            next.removeAll(keepingCapacity: true)
            for instruction in current where program.instructions[Int(instruction)].takes(scalar, program.sets) {
                if enter(instruction + 1, scalar, after) { return true }
            }
            if !matchesWhole, enter(0, scalar, after) { return true }
            if next.isEmpty { return false }
            swap(&current, &next)
        }
        return false
    }

    /// Follows everything that takes no character, up to instructions that do, which are then ``next``. True if the
    /// pattern ends here with what is a match.
    private mutating func enter(_ start: Int32, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?) -> Bool {
        stack.append(start)
        while let place = stack.popLast() {
            guard entered[Int(place)] != step else { continue }
            entered[Int(place)] = step
            switch program.instructions[Int(place)] {
            case .split(let first, let second):
                stack.append(second)
                stack.append(first)
            case .jump(let target): stack.append(target)
            case .assert(let assertion): if assertion.holds(between: before, and: after) { stack.append(place + 1) }
            case .match:
                if !matchesWhole || after == nil {
                    stack.removeAll(keepingCapacity: true)
                    return true
                }
            case .scalar, .set, .anything: next.append(place)
            }
        }
        return false
    }
}

/// A pattern as instructions; the first is the entry, a taken character leads to the one behind.
struct RegexProgram: Hashable, Sendable {
    enum Instruction: Hashable, Sendable {
        case scalar(Unicode.Scalar)
        case set(Int32)
        case anything
        case split(Int32, Int32)
        case jump(Int32)
        case assert(RegexAssertion)
        case match

        func takes(_ scalar: Unicode.Scalar, _ sets: [RegexSet]) -> Bool {
            switch self {
            case .scalar(let wanted): wanted == scalar
            case .set(let number): sets[Int(number)].contains(scalar)
            case .anything: true
            case .split, .jump, .assert, .match: false
            }
        }
    }

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [RegexSet] = []
    /// The only text that matches, where there is only one.
    private(set) var literal: String?
    private var cost = 0

    init(compiling pattern: String) throws(QuerySyntaxError) {
        var parser = RegexParser(pattern)
        let node = try parser.parse()
        literal = node.literal
        try emit(node)
        try append(.match)
    }

    private mutating func append(_ instruction: Instruction) throws(QuerySyntaxError) {
        try charge(1)
        instructions.append(instruction)
    }

    /// What a step costs at most for each character of a text: classes are looked through.
    private mutating func charge(_ steps: Int) throws(QuerySyntaxError) {
        cost += steps
        guard cost <= QueryLimits.patternInstructions else {
            throw QuerySyntaxError(
                "the regular expression is too large: it takes more than \(QueryLimits.patternInstructions) steps",
                at: 0)
        }
    }

    private var here: Int32 { Int32(instructions.count) }

    private mutating func emit(_ node: RegexNode) throws(QuerySyntaxError) {
        switch node {
        case .empty: break
        case .scalar(let scalar): try append(.scalar(scalar))
        case .anything: try append(.anything)
        case .set(let set):
            try charge(set.size)
            try append(.set(Int32(sets.count)))
            sets.append(set)
        case .assertion(let assertion): try append(.assert(assertion))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .alternatives(let parts): try emitAlternatives(parts[...])
        case .repeated(let part, let least, let most): try emitRepeated(part, least, most)
        }
    }

    private mutating func emitAlternatives(_ parts: ArraySlice<RegexNode>) throws(QuerySyntaxError) {
        var jumps: [Int] = []
        for part in parts.dropLast() {
            let split = instructions.count
            try append(.split(0, 0))
            try emit(part)
            jumps.append(instructions.count)
            try append(.jump(0))
            instructions[split] = .split(Int32(split + 1), here)
        }
        if let last = parts.last { try emit(last) }
        for jump in jumps { instructions[jump] = .jump(here) }
    }

    private mutating func emitRepeated(
        _ part: RegexNode, _ least: Int, _ most: Int?
    ) throws(QuerySyntaxError) {
        for _ in 0..<least { try emit(part) }
        guard let most else {
            let split = instructions.count
            try append(.split(0, 0))
            try emit(part)
            try append(.jump(Int32(split)))
            instructions[split] = .split(Int32(split + 1), here)
            return
        }
        var splits: [Int] = []
        for _ in least..<max(least, most) {
            splits.append(instructions.count)
            try append(.split(0, 0))
            try emit(part)
        }
        for split in splits { instructions[split] = .split(Int32(split + 1), here) }
    }
}

enum RegexAssertion: Hashable, Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary

    func holds(between before: Unicode.Scalar?, and after: Unicode.Scalar?) -> Bool {
        switch self {
        case .textStart: before == nil
        case .textEnd: after == nil
        case .lineStart: before == nil || before == "\n"
        case .lineEnd: after == nil || after == "\n"
        case .wordBoundary: Self.isWord(before) != Self.isWord(after)
        case .notWordBoundary: Self.isWord(before) == Self.isWord(after)
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { RegexSet.word.contains($0) } ?? false
    }
}

/// A class of characters.
struct RegexSet: Hashable, Sendable {
    enum Member: Hashable, Sendable {
        case range(ClosedRange<UInt32>)
        /// A general category by its letters, `L` or `Lu`; `Any` is every scalar.
        case category(String)
        case set(RegexSet)
    }

    var members: [Member]
    var isNegated = false
    /// Whether a character also belongs if the other case of it does.
    var ignoresCase = false

    static let digits = RegexSet(ranges: ["0"..."9"])
    static let word = RegexSet(ranges: ["0"..."9", "A"..."Z", "_"..."_", "a"..."z"])
    static let space = RegexSet(ranges: ["\t"..."\n", "\u{0C}"..."\r", " "..." "])

    init(members: [Member] = []) { self.members = members }

    init(ranges: [ClosedRange<Unicode.Scalar>]) {
        members = ranges.map { .range($0.lowerBound.value...$0.upperBound.value) }
    }

    /// Members to be looked at for one character.
    var size: Int {
        members.reduce(0) { size, member in
            if case .set(let set) = member { size + set.size } else { size + 1 }
        }
    }

    var negated: RegexSet {
        var set = self
        set.isNegated.toggle()
        return set
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let isMember =
            holds(scalar) || ignoresCase && Self.otherCases(of: scalar).contains { $0 != scalar && holds($0) }
        return isMember != isNegated
    }

    private func holds(_ scalar: Unicode.Scalar) -> Bool {
        members.contains { member in
            switch member {
            case .range(let range): range.contains(scalar.value)
            case .category(let letters): letters == "Any" || Self.category(of: scalar).hasPrefix(letters)
            case .set(let set): set.contains(scalar)
            }
        }
    }

    static func otherCases(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        let properties = scalar.properties
        return [properties.lowercaseMapping, properties.uppercaseMapping].compactMap {
            $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first : nil
        }
    }

    static let categories: Set<String> = [
        "Any", "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl",
        "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
    ]

    private static func category(of scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
