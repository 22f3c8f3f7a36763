// SPDX-License-Identifier: Apache-2.0
// Values of fields and how they compare. Numbers compare with numbers, also whole with broken ones and durations, and
// exactly; strings with strings, byte by byte. Anything else, and what is absent, compares with nothing.

package import SondeModel

/// What a field or an expression is worth on one span.
package enum FieldValue: Hashable, Sendable {
    /// The span has no such field.
    case absent
    /// It can't be told from the span alone.
    case unknown
    /// A value; never `nil`.
    case value(FieldLiteral)
    /// The elements of an array, or the values in several events or links.
    case list([FieldLiteral])
    /// Present, but of a type that compares with nothing: bytes, maps.
    case opaque
}

extension FieldLiteral {
    /// The value of an attribute; nil for what compares with nothing.
    init?(_ value: AttributeValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .bool(let flag): self = .bool(flag)
        case .empty, .bytes, .array, .map: return nil
        }
    }

    /// As it is given out.
    package var attributeValue: AttributeValue {
        switch self {
        case .string(let text): .string(text)
        case .int(let number), .duration(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let flag): .bool(flag)
        case .status(let code): .string(code.name)
        case .kind(let kind): .string(kind.name)
        case .nil: .empty
        }
    }

    var double: Double? {
        switch self {
        case .int(let number), .duration(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }
}

extension FieldValue {
    init(_ value: AttributeValue) {
        switch value {
        case .empty: self = .absent
        case .array(let elements): self = .list(elements.compactMap { FieldLiteral($0) })
        case .bytes, .map: self = .opaque
        default: self = FieldLiteral(value).map { .value($0) } ?? .opaque
        }
    }

    /// Several values of one field; the elements of arrays among them count singly.
    init(all values: [AttributeValue]) {
        switch values.count {
        case 0: self = .absent
        case 1: self.init(values[0])
        default:
            let parts = values.map { FieldValue($0) }.filter { $0 != .absent }
            self = parts.isEmpty ? .absent : .list(parts.flatMap(\.elements))
        }
    }

    /// The values in it, each by itself.
    var elements: [FieldLiteral] {
        switch self {
        case .absent, .unknown, .opaque: []
        case .value(let value): [value]
        case .list(let values): values
        }
    }

    /// As it is given out; nil if it is absent.
    package var attributeValue: AttributeValue? {
        switch self {
        case .absent, .unknown, .opaque: nil
        case .value(let value): value.attributeValue
        case .list(let values): .array(values.map(\.attributeValue))
        }
    }
}

// Comparing.

extension Comparison {
    /// Whether the comparison holds; nil if it can't be told.
    func holds(_ left: FieldValue, _ right: FieldValue) -> Bool? {
        if left == .unknown || right == .unknown { return nil }
        switch (left, right) {
        case (_, .value(.nil)): return left == .absent ? self == .equal : self == .notEqual
        case (.value(.nil), _): return right == .absent ? self == .equal : self == .notEqual
        case (.value(let a), .value(let b)): return holds(a, b)
        case (.absent, _), (_, .absent), (.opaque, _), (_, .opaque): return false
        case (.list(let elements), _): return holds(elements, right.elements)
        case (_, .list(let elements)): return holds(left.elements, elements)
        case (.unknown, _), (_, .unknown): return nil
        }
    }

    /// Some element meets it; for `!=` none is equal.
    private func holds(_ left: [FieldLiteral], _ right: [FieldLiteral]) -> Bool {
        guard self == .notEqual else {
            return left.contains { a in right.contains { holds(a, $0) } }
        }
        guard !left.isEmpty, !right.isEmpty else { return true }
        // Where nothing can be compared, nothing is different either.
        return left.contains { a in right.contains { holds(a, $0) } }
            && !left.contains { a in right.contains { Comparison.equal.holds(a, $0) } }
    }

    /// Whether it holds between two values, neither of them nil.
    func holds(_ left: FieldLiteral, _ right: FieldLiteral) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)): return holds(a, b)
        case (.bool(let a), .bool(let b)): return holdsOfEquality(a == b)
        case (.status(let a), .status(let b)): return holdsOfEquality(a == b)
        case (.kind(let a), .kind(let b)): return holdsOfEquality(a == b)
        default: return holdsOfNumbers(left, right)
        }
    }

    private func holdsOfEquality(_ areEqual: Bool) -> Bool {
        switch self {
        case .equal: areEqual
        case .notEqual: !areEqual
        case .less, .lessOrEqual, .greater, .greaterOrEqual: false
        }
    }

    private func holds(_ a: String, _ b: String) -> Bool {
        // Swift's equality also holds for different spellings of one character, but is quick to say no.
        if self == .equal { return a == b && a.utf8.elementsEqual(b.utf8) }
        if self == .notEqual { return !(a == b && a.utf8.elementsEqual(b.utf8)) }
        if a.utf8.elementsEqual(b.utf8) { return holds(order: 0) }
        return holds(order: a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1)
    }

    private func holdsOfNumbers(_ left: FieldLiteral, _ right: FieldLiteral) -> Bool {
        switch (left, right) {
        case (.int(let a), .int(let b)), (.int(let a), .duration(let b)), (.duration(let a), .int(let b)),
            (.duration(let a), .duration(let b)):
            return holds(order: a < b ? -1 : a == b ? 0 : 1)
        case (.double(let a), .double(let b)):
            if a.isNaN || b.isNaN { return self == .notEqual }
            return holds(order: a < b ? -1 : a == b ? 0 : 1)
        case (.int(let a), .double(let b)), (.duration(let a), .double(let b)):
            if b.isNaN { return self == .notEqual }
            return holds(order: Self.order(a, b))
        case (.double(let a), .int(let b)), (.double(let a), .duration(let b)):
            if a.isNaN { return self == .notEqual }
            return holds(order: -Self.order(b, a))
        default: return false
        }
    }

    /// Exact: not every integer is a double.
    private static func order(_ a: Int64, _ b: Double) -> Int {
        if b >= 0x1p63 { return -1 }
        if b < -0x1p63 { return 1 }
        let whole = Int64(b.rounded(.down))
        if a != whole { return a < whole ? -1 : 1 }
        return b > b.rounded(.down) ? -1 : 0
    }

    private func holds(order: Int) -> Bool {
        switch self {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }

    /// Whether it holds between two numbers of the shorthand.
    package func holds(_ a: Double, _ b: Double) -> Bool { holds(FieldLiteral.double(a), .double(b)) }
}

// Reckoning.

extension ArithmeticOperator {
    /// The result; nil where there is none: no numbers, division by zero.
    func result(_ left: FieldLiteral, _ right: FieldLiteral) -> FieldLiteral? {
        if case .int(let a) = left, case .int(let b) = right, let whole = whole(a, b) { return .int(whole) }
        guard let a = left.double, let b = right.double else { return nil }
        switch self {
        case .add: return .double(a + b)
        case .subtract: return .double(a - b)
        case .multiply: return .double(a * b)
        case .divide: return b == 0 ? nil : .double(a / b)
        case .remainder: return b == 0 ? nil : .double(a.truncatingRemainder(dividingBy: b))
        case .power: return Self.power(a, b).map { .double($0) }
        }
    }

    /// Of two integers, where it is one and fits.
    private func whole(_ a: Int64, _ b: Int64) -> Int64? {
        let (value, overflow): (Int64, Bool)
        switch self {
        case .add: (value, overflow) = a.addingReportingOverflow(b)
        case .subtract: (value, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (value, overflow) = a.multipliedReportingOverflow(by: b)
        case .remainder where b != 0: (value, overflow) = a.remainderReportingOverflow(dividingBy: b)
        case .divide, .remainder, .power: return nil
        }
        return overflow ? nil : value
    }

    /// By squaring, for whole exponents: the standard library has no other.
    private static func power(_ base: Double, _ exponent: Double) -> Double? {
        guard exponent == exponent.rounded(), exponent.magnitude <= 4096 else { return nil }
        var result = 1.0
        var factor = base
        var rest = Int(exponent.magnitude)
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return exponent < 0 ? 1 / result : result
    }
}
