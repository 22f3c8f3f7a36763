// SPDX-License-Identifier: Apache-2.0
// Cuts TraceQL into tokens, each with its place.

import SondeModel

struct QueryToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Braces, operators and the like, as they are written.
        case symbol(String)
        case word(String)
        case attribute(Field)
        case string(String)
        case int(Int64)
        case double(Double)
        case duration(Int64)
        case end
    }

    var kind: Kind
    /// In Unicode scalars.
    var range: Range<Int>
}

struct TraceQLLexer {
    private let scalars: [Unicode.Scalar]
    private var place = 0

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    /// Longest first: the first that fits is taken.
    private static let symbols = [
        "!>>", "!<<", "&>>", "&<<", "&&", "||", "!=", "!~", "=~", "<=", ">=", "<<", ">>", "!>", "!<", "&>", "&<", "&~",
        "{", "}", "(", ")", ",", "|", "!", "=", "<", ">", "~", "+", "-", "*", "/", "%", "^",
    ].map { Array($0.unicodeScalars) }

    static func tokens(of scalars: [Unicode.Scalar]) throws(QuerySyntaxError) -> [QueryToken] {
        var lexer = TraceQLLexer(scalars)
        var tokens: [QueryToken] = []
        while let token = try lexer.next() { tokens.append(token) }
        tokens.append(QueryToken(kind: .end, range: scalars.count..<scalars.count))
        return tokens
    }

    /// Whether a key may hold it without quotes. As in Tempo that includes `-`, `/` and their kin, so arithmetic needs
    /// spaces.
    static func belongsToKey(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.properties.isWhitespace && !"(){}=~!<>&|^,\"`".unicodeScalars.contains(scalar)
    }

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        place + distance < scalars.count ? scalars[place + distance] : nil
    }

    private mutating func next() throws(QuerySyntaxError) -> QueryToken? {
        while let space = peek(), space.properties.isWhitespace { place += 1 }
        guard let first = peek() else { return nil }
        let start = place
        let kind = try kind(first)
        return QueryToken(kind: kind, range: start..<place)
    }

    private mutating func kind(_ first: Unicode.Scalar) throws(QuerySyntaxError) -> QueryToken.Kind {
        switch first {
        case "\"": return .string(try quoted())
        case "`": return .string(try backquoted())
        case "0"..."9": return try number()
        case ".":
            place += 1
            return .attribute(.attribute(.any, key: try key()))
        case "a"..."z", "A"..."Z", "_": return try word()
        default: break
        }
        for symbol in Self.symbols where scalars[place...].starts(with: symbol) {
            place += symbol.count
            return .symbol(String(String.UnicodeScalarView(symbol)))
        }
        let hint = first == "'" ? "; strings stand in double quotes" : first == "&" ? "; and is &&" : ""
        throw QuerySyntaxError("\(Self.shown(first)) belongs to nothing here\(hint)", at: place)
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
        scalar.value < 0x20 || scalar.value == 0x7F ? "the character \(scalar.escaped(asASCII: true))" : "\(scalar)"
    }

    // MARK: Words and attributes

    private mutating func word() throws(QuerySyntaxError) -> QueryToken.Kind {
        let start = place
        let name = identifier()
        if peek() == ".", let field = try scoped(name) { return .attribute(field) }
        if peek() == ":", let letter = peek(1), letter.properties.isAlphabetic {
            place += 1
            let full = name + ":" + identifier()
            guard let intrinsic = Intrinsic(rawValue: full) else {
                throw QuerySyntaxError(Self.unknownIntrinsic(full, scope: name), at: start)
            }
            return .attribute(.intrinsic(intrinsic))
        }
        return .word(name)
    }

    private static func unknownIntrinsic(_ name: String, scope: String) -> String {
        let known = Intrinsic.allCases.map(\.rawValue).filter { $0.hasPrefix(scope + ":") }
        return known.isEmpty
            ? "there is no \(name): scopes of intrinsics are span, trace, event, link and instrumentation"
            : "there is no \(name): expected one of \(known.joined(separator: ", "))"
    }

    private mutating func identifier() -> String {
        var name = String.UnicodeScalarView()
        while let next = peek(), RegexSet.word.contains(next) {
            name.append(next)
            place += 1
        }
        return String(name)
    }

    /// The attribute behind `name.`; nil if `name` is no scope.
    private mutating func scoped(_ name: String) throws(QuerySyntaxError) -> Field? {
        if name == "parent" {
            place += 1
            for scope in AttributeScope.allCases where scope != .any {
                let prefix = Array((scope.rawValue + ".").unicodeScalars)
                guard scalars[place...].starts(with: prefix) else { continue }
                place += prefix.count
                return .parentAttribute(scope, key: try key())
            }
            return .parentAttribute(.any, key: try key())
        }
        guard !name.isEmpty, let scope = AttributeScope(rawValue: name) else { return nil }
        place += 1
        return .attribute(scope, key: try key())
    }

    private mutating func key() throws(QuerySyntaxError) -> String {
        var key = ""
        let start = place
        while let next = peek() {
            if next == "\"" {
                key += try quoted()
            } else if Self.belongsToKey(next) {
                key.unicodeScalars.append(next)
                place += 1
            } else {
                break
            }
        }
        guard !key.isEmpty else { throw QuerySyntaxError("expected the key of an attribute", at: start) }
        return key
    }

    // MARK: Strings

    private mutating func quoted() throws(QuerySyntaxError) -> String {
        let start = place
        place += 1
        var text = String.UnicodeScalarView()
        while let next = peek() {
            place += 1
            switch next {
            case "\"": return String(text)
            case "\\": text.append(try escaped())
            default: text.append(next)
            }
        }
        throw QuerySyntaxError("the string that begins here has no closing quote", at: start)
    }

    private mutating func escaped() throws(QuerySyntaxError) -> Unicode.Scalar {
        let start = place - 1
        let next = peek()
        place += 1
        switch next {
        case "\"", "\\": return next ?? "\\"
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "u": if let scalar = codePoint(digits: 4) { return scalar }
        case "x": if let scalar = codePoint(digits: 2) { return scalar }
        default: break
        }
        throw QuerySyntaxError(
            "this escape is not known: expected \\\" \\\\ \\n \\t \\r \\u00e9; in `…` a backslash is a backslash",
            at: start)
    }

    private mutating func codePoint(digits count: Int) -> Unicode.Scalar? {
        let digits = scalars[min(place, scalars.count)...].prefix(count)
        place += digits.count
        guard digits.count == count, digits.allSatisfy(\.properties.isASCIIHexDigit) else { return nil }
        return UInt32(String(String.UnicodeScalarView(digits)), radix: 16).flatMap(Unicode.Scalar.init)
    }

    private mutating func backquoted() throws(QuerySyntaxError) -> String {
        let start = place
        place += 1
        let text = scalars[place...].prefix { $0 != "`" }
        place += text.count + 1
        guard place <= scalars.count else {
            throw QuerySyntaxError("the string that begins here has no closing `", at: start)
        }
        return String(String.UnicodeScalarView(text))
    }

    // MARK: Numbers

    private mutating func number() throws(QuerySyntaxError) -> QueryToken.Kind {
        let start = place
        while let next = peek(), ("0"..."9").contains(next) || next == "." { place += 1 }
        if let next = peek(), next == "e" || next == "E" { exponent() }
        let plain = String(String.UnicodeScalarView(scalars[start..<place]))
        guard let next = peek(), next.properties.isAlphabetic || next == "µ" else {
            if let value = Int64(plain) { return .int(value) }
            if plain.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                throw QuerySyntaxError("the number is larger than 9223372036854775807", at: start)
            }
            guard let value = Double(plain), value.isFinite, plain.utf8.last != UInt8(ascii: ".") else {
                throw QuerySyntaxError("expected a number like 500 or 1.5", at: start)
            }
            return .double(value)
        }
        while let next = peek(),
            ("0"..."9").contains(next) || next == "." || next.properties.isAlphabetic || next == "µ"
        {
            place += 1
        }
        let text = String(String.UnicodeScalarView(scalars[start..<place]))
        guard let value = DurationText.parse(text).flatMap({ Int64(exactly: $0) }) else {
            throw QuerySyntaxError("expected a duration like 1.2s, 100ms or 1h5m", at: start)
        }
        return .duration(value)
    }

    private mutating func exponent() {
        let sign = peek(1) == "+" || peek(1) == "-" ? 1 : 0
        guard let digit = peek(1 + sign), ("0"..."9").contains(digit) else { return }
        place += 1 + sign
        while let next = peek(), ("0"..."9").contains(next) { place += 1 }
    }
}
