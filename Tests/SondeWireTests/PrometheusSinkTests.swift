// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SondeWire

struct PrometheusSinkTests {
    private func text(_ write: (inout PrometheusSink) -> Void) -> String {
        var sink = PrometheusSink(reservingCapacity: 0)
        write(&sink)
        return String(decoding: sink.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        0, -0.0, 1, -1, 0.1, 0.25, -0.75, 0.0001, 0.00005, 1e-300, 123.456, 60.201, 1e15, 1e16, 123_456_789.123_456_78,
        1e300, .infinity, -.infinity, .nan, 9_007_199_254_740_992, 0.1 + 0.2, .leastNonzeroMagnitude,
        .greatestFiniteMagnitude, 4_503_599_627_370_497.5, 999_999_999_999_999.9,
    ])
    func writesNumbersAsTheTextFormatDoes(value: Double) {
        #expect(text { $0.append(value) } == PrometheusText.text(value))
    }

    @Test func writesAnyNumberAsTheTextFormatDoes() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let anything = Double(bitPattern: generator.next())
            #expect(text { $0.append(anything) } == PrometheusText.text(anything), "\(anything.bitPattern)")
            let short = Double(Int.random(in: -1_000_000...1_000_000)) / [1, 10, 100, 1_000, 8].randomElement()!
            #expect(text { $0.append(short) } == PrometheusText.text(short), "\(short.bitPattern)")
        }
    }

    @Test(arguments: [0, 9, 10, 99, 100, UInt64.max, 10_000_000_000_000_000_000, 9_999_999_999_999_999_999])
    func writesWholeNumbers(value: UInt64) {
        #expect(text { $0.append(value) } == "\(value)")
    }

    @Test(arguments: [
        (0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (60_201_000_000, "60.201"),
        (UInt64.max, "18446744073.709551615"),
    ])
    func writesTimesExactly(nanoseconds: UInt64, seconds: String) {
        #expect(text { $0.append(secondsOf: nanoseconds) } == seconds)
    }

    @Test func growsAndKeepsWhatIsThere() {
        let word = PaddedText("0123456789abcdefghijklmnopqrstuvwxyz")
        defer { word.deallocate() }
        let written = text { sink in
            for _ in 0..<1_000 {
                sink.append(padded: word.start, word.count)
                sink.append("|")
            }
        }
        #expect(written == String(repeating: "0123456789abcdefghijklmnopqrstuvwxyz|", count: 1_000))
    }
}
