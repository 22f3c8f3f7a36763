// SPDX-License-Identifier: Apache-2.0
// How Jaeger's clients write numbers, moments and switches. Its server is written in Go, and reads them as Go does.

import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

extension Parameters {
    /// Every value of a repeated parameter that is not empty.
    func all(_ name: String) -> [String] {
        items.items.filter { $0.name == name && !$0.value.isEmpty }.map(\.value)
    }

    /// Microseconds since 1970.
    func microseconds(_ name: String) throws(Refusal) -> Timestamp? {
        try sinceEpoch(name, expected: "whole microseconds since 1970", nanoseconds: 1_000)
    }

    /// Milliseconds since 1970.
    func milliseconds(_ name: String) throws(Refusal) -> Timestamp? {
        try sinceEpoch(name, expected: "whole milliseconds since 1970", nanoseconds: 1_000_000)
    }

    private func sinceEpoch(
        _ name: String, expected: String, nanoseconds unit: UInt64
    ) throws(Refusal) -> Timestamp? {
        try parse(name, expected: expected) { text in
            guard let value = UInt64(text), text.first != "+" else { return nil }
            let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: unit)
            // The last nanosecond of the count is left free: ends are looked up as the first moment that is too late.
            return overflow || nanoseconds == .max ? nil : Timestamp(nanoseconds: nanoseconds)
        }
    }

    /// A length of time in milliseconds, above zero; in nanoseconds.
    func span(_ name: String, orMilliseconds standard: UInt64) throws(Refusal) -> UInt64 {
        let expected = "whole milliseconds above zero"
        let milliseconds = try parse(name, expected: expected) { text -> UInt64? in
            guard let value = UInt64(text), value > 0, text.first != "+" else { return nil }
            return value
        }
        return (milliseconds ?? standard).times(1_000_000)
    }

    /// A switch in the words that Go knows; off if it is absent.
    func goFlag(_ name: String) throws(Refusal) -> Bool {
        try goFlag(name, text(name))
    }

    func goFlag(_ name: String, _ text: String?) throws(Refusal) -> Bool {
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": return true
        case "0", "f", "F", "FALSE", "false", "False", nil: return false
        case let other?: throw malformed(name, other, expected: "true or false")
        }
    }

    /// A required number from 0 to 1.
    func quantile(_ name: String) throws(Refusal) -> Double {
        let expected = "a number from 0 to 1"
        guard let quantile = try parse(name, expected: expected, read: { Double($0) }) else {
            throw .invalid("the parameter \(name) is missing", hint: "expected \(expected)")
        }
        guard (0...1).contains(quantile) else {
            throw malformed(name, text(name) ?? "", expected: expected)
        }
        return quantile
    }
}

extension Double {
    /// With two digits behind the point, for a number from 0 to 1.
    var hundredths: String {
        let hundredths = Int((self * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension Reply {
    /// An answer of Jaeger's first version, with line breaks where a person asked for them.
    static func jaeger(_ bytes: [UInt8], _ parameters: Parameters) -> Reply {
        let pretty = parameters.text("prettyPrint")
        return .json(pretty == nil || pretty == "false" ? bytes : JaegerJSON.indented(bytes))
    }
}
