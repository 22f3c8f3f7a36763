// SPDX-License-Identifier: Apache-2.0
// A metric's value as a scrape shows it, and the questions a test has about metrics. Reading the scrape proves what
// users of the metric will see: its name, its labels, its buckets.

import Sonde
import SondeWire

/// One line of `/metrics`.
public struct TestSample: Hashable, Sendable {
    /// As on `/metrics`: `orders_created_total`.
    public let name: String
    /// Its labels, without those that the scraper adds.
    public let labels: [String: String]
    /// As on `/metrics`; seconds for timers.
    public let value: Double
}

/// A histogram of one set of labels.
public struct TestHistogram: Hashable, Sendable {
    /// How many values are not above `upperBound`.
    public struct Bucket: Hashable, Sendable {
        /// Infinite for the last.
        public let upperBound: Double
        /// Values up to the bound, those of the buckets below included.
        public let count: Int
    }

    /// How many values were recorded.
    public let count: Int
    /// Their sum; seconds for timers.
    public let sum: Double
    /// By their bounds; counts grow.
    public let buckets: [Bucket]
}

extension TestTelemetry {
    /// The value of a counter or gauge.
    ///
    /// - Parameters:
    ///   - name: As on `/metrics` (`orders_created_total`), or as the code names it (`orders.created`).
    ///   - labels: Exactly its labels.
    /// - Returns: nil if there is no such metric, or none with these labels.
    public func value(of name: String, _ labels: [String: String] = [:]) -> Double? {
        let all = samples
        for candidate in Self.candidates(name) {
            if let found = all.first(where: { $0.name == candidate && $0.labels == labels }) { return found.value }
        }
        return nil
    }

    /// The histogram of a timer or an aggregating recorder; timers are in seconds.
    ///
    /// - Parameters:
    ///   - name: As on `/metrics` (`orders_packing_seconds`), or as the code names it (`orders.packing`).
    ///   - labels: Exactly its labels.
    /// - Returns: nil if there is no such histogram, or none with these labels.
    public func histogram(of name: String, _ labels: [String: String] = [:]) -> TestHistogram? {
        let all = samples
        for candidate in Self.candidates(name) {
            guard let count = all.first(where: { $0.name == candidate + "_count" && $0.labels == labels }),
                let sum = all.first(where: { $0.name == candidate + "_sum" && $0.labels == labels })
            else { continue }
            let buckets = all.compactMap { sample -> TestHistogram.Bucket? in
                guard sample.name == candidate + "_bucket", let bound = sample.labels["le"],
                    sample.labels.filter({ $0.key != "le" }) == labels
                else { return nil }
                return TestHistogram.Bucket(
                    upperBound: TestSample.number(bound) ?? .infinity, count: Int(sample.value))
            }
            return TestHistogram(
                count: Int(count.value), sum: sum.value, buckets: buckets.sorted { $0.upperBound < $1.upperBound })
        }
        return nil
    }

    /// What a metric of that name may be called on `/metrics`.
    private static func candidates(_ name: String) -> [String] {
        let plain = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ":") ? $0 : "_" })
        return [name, plain, plain + "_total", plain + "_seconds"]
    }
}

// MARK: - Reading the scrape

extension TestSample {
    /// The samples of a text exposition (https://prometheus.io/docs/instrumenting/exposition_formats/).
    static func read(_ body: [UInt8]) -> [TestSample] {
        body.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard line.first != UInt8(ascii: "#") else { return nil }
            var reader = SampleReader(rest: line)
            return reader.sample()
        }
    }

    static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        default: Double(text)
        }
    }
}

/// `name{label="value",…} number`
private struct SampleReader {
    var rest: ArraySlice<UInt8>

    mutating func sample() -> TestSample? {
        let name = text { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: " ") }
        var labels: [String: String] = [:]
        if take("{") {
            while let first = rest.first, first != UInt8(ascii: "}") {
                let key = text { $0 == UInt8(ascii: "=") }
                guard take("="), take("\""), let value = quoted() else { return nil }
                labels[key] = value
                _ = take(",")
            }
            guard take("}") else { return nil }
        }
        guard take(" "), let value = TestSample.number(text { $0 == UInt8(ascii: " ") }) else { return nil }
        return TestSample(name: name, labels: labels, value: value)
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: mark) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func text(until isEnd: (UInt8) -> Bool) -> String {
        let part = rest.prefix { !isEnd($0) }
        rest = rest.dropFirst(part.count)
        return String(decoding: part, as: UTF8.self)
    }

    /// Up to the closing quote, which is taken too.
    private mutating func quoted() -> String? {
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                bytes.append(escaped == UInt8(ascii: "n") ? UInt8(ascii: "\n") : escaped)
            default: bytes.append(byte)
            }
        }
        return nil
    }
}
