// SPDX-License-Identifier: Apache-2.0
// JSON numbers, exact: whole numbers of 64 bits are never put through a double, and what fits nowhere is noticed.
//
// https://www.rfc-editor.org/rfc/rfc8259#section-6

/// A number as it is written. A fraction or an exponent makes it a double, as does `-0`, which has no whole twin.
enum JSONNumber: Hashable, Sendable {
    case int(Int64)
    /// A whole number above `Int64.max`.
    case unsigned(UInt64)
    /// A whole number of more than 64 bits, rounded.
    case large(Double)
    case double(Double)

    /// The number as a double, rounded if it must be.
    var double: Double {
        switch self {
        case .int(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .large(let value), .double(let value): value
        }
    }

    /// The number if the type can hold it exactly; `1e9` is whole too.
    func exactly<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) -> Integer? {
        switch self {
        case .int(let value): Integer(exactly: value)
        case .unsigned(let value): Integer(exactly: value)
        case .large: nil
        case .double(let value): Integer(exactly: value)
        }
    }
}

extension JSONReader {
    /// The next value, which must be a number. One that no double can hold (`1e400`) is refused.
    mutating func readNumber() throws(MalformedJSON) -> JSONNumber {
        guard case let byte = try nextByte("a number"), byte == UInt8(ascii: "-") || Self.isDigit(byte) else {
            throw malformed("expected a number")
        }
        var digits = JSONDigits()
        let start = position
        try digits.scan(&self)
        guard position - start <= Limits.maxJSONNumberSize else {
            throw malformed("a number has more than \(Limits.maxJSONNumberSize) characters", at: start)
        }
        if digits.isWhole, let number = digits.whole { return number }
        guard let value = digits.simpleDouble ?? slowDouble(from: start), value.isFinite else {
            throw malformed("a number is out of range", at: start)
        }
        return digits.isWhole && value != 0 ? .large(value) : .double(value)
    }

    /// The number that a string holds, and nothing else; nil if it holds something else.
    func number(in text: JSONText) -> JSONNumber? {
        guard !text.hasEscapes else {
            var bytes: [UInt8] = []
            append(text, to: &bytes)
            return try? JSONReader.read(bytes, as: "number") { json throws(MalformedJSON) in try json.readNumber() }
        }
        var inner = self
        inner.confine(to: text)
        guard let number = try? inner.readNumber(), inner.position == text.offset + text.count else { return nil }
        return number
    }

    private func slowDouble(from start: Int) -> Double? {
        Double(String(decoding: UnsafeBufferPointer(start: base + start, count: position - start), as: UTF8.self))
    }

    @inline(__always)
    fileprivate static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }
}

/// The parts of a number, gathered while it is checked.
private struct JSONDigits {
    private var isNegative = false
    /// The digits without the point, if they fit.
    private var mantissa: UInt64 = 0
    private var overflows = false
    /// Power of ten of the mantissa's last digit.
    private var exponent = 0
    private(set) var isWhole = true

    /// `[-] 0 | 1-9 digits [. digits] [e [+|-] digits]`.
    mutating func scan(_ json: inout JSONReader) throws(MalformedJSON) {
        if json.base[json.position] == UInt8(ascii: "-") {
            isNegative = true
            json.position += 1
        }
        let first = json.position
        try scanDigits(&json)
        if json.base[first] == UInt8(ascii: "0"), json.position - first > 1 {
            throw json.malformed("a number begins with a needless 0", at: first)
        }
        if isNext(UInt8(ascii: "."), json) {
            isWhole = false
            json.position += 1
            let point = json.position
            try scanDigits(&json)
            exponent -= json.position - point
        }
        if isNext(UInt8(ascii: "e"), json) || isNext(UInt8(ascii: "E"), json) {
            isWhole = false
            json.position += 1
            try scanExponent(&json)
        }
    }

    private func isNext(_ byte: UInt8, _ json: JSONReader) -> Bool {
        json.position < json.end && json.base[json.position] == byte
    }

    private mutating func scanDigits(_ json: inout JSONReader) throws(MalformedJSON) {
        let start = json.position
        while json.position < json.end, JSONReader.isDigit(json.base[json.position]) {
            append(json.base[json.position] - UInt8(ascii: "0"))
            json.position += 1
        }
        guard json.position > start else { throw json.malformed("expected a digit") }
    }

    private mutating func append(_ digit: UInt8) {
        // 19 digits always fit; a twentieth may.
        if mantissa < 1_000_000_000_000_000_000 {
            mantissa = mantissa &* 10 &+ UInt64(digit)
            return
        }
        let (tenfold, overflow) = mantissa.multipliedReportingOverflow(by: 10)
        let (sum, carry) = tenfold.addingReportingOverflow(UInt64(digit))
        overflows = overflows || overflow || carry
        mantissa = sum
    }

    private mutating func scanExponent(_ json: inout JSONReader) throws(MalformedJSON) {
        let isBelowOne = isNext(UInt8(ascii: "-"), json)
        if isBelowOne || isNext(UInt8(ascii: "+"), json) { json.position += 1 }
        let start = json.position
        var value = 0
        while json.position < json.end, JSONReader.isDigit(json.base[json.position]) {
            // Held where every double has long run over or under.
            value = min(value * 10 + Int(json.base[json.position] - UInt8(ascii: "0")), 100_000)
            json.position += 1
        }
        guard json.position > start else { throw json.malformed("expected a digit") }
        exponent += isBelowOne ? -value : value
    }

    /// The number without a fraction and exponent; nil beyond 64 bits and for `-0`.
    var whole: JSONNumber? {
        guard !overflows else { return nil }
        guard isNegative else { return Int64(exactly: mantissa).map { .int($0) } ?? .unsigned(mantissa) }
        guard mantissa > 0, mantissa <= Int64.min.magnitude else { return nil }
        return .int(Int64(truncatingIfNeeded: 0 &- mantissa))
    }

    /// The double, where one exact multiplication or division of two exact doubles gives it.
    var simpleDouble: Double? {
        guard !overflows, mantissa <= 1 << 53, abs(exponent) < Self.powersOfTen.count else { return nil }
        let power = Self.powersOfTen[abs(exponent)]
        let value = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
        return isNegative ? -value : value
    }

    /// 10^22 is the highest that a double holds exactly.
    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}
