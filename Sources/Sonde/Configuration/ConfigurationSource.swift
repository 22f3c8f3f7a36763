// SPDX-License-Identifier: Apache-2.0
// Reads settings from layers, the first that has a usable value winning, and remembers what was wrong on the way. An
// empty variable is an unset one, as the specification says.

import Configuration
import SondeWire

struct ConfigurationSource {
    /// Where values come from, and how a key is called there.
    struct Layer {
        let reader: ConfigReader
        let name: @Sendable (String) -> String

        /// The environment, or what stands for it.
        static func variables(_ reader: ConfigReader) -> Layer {
            Layer(reader: reader) { ConfigurationKey.variable($0) }
        }
    }

    private let layers: [Layer]
    private(set) var warnings: [String]
    /// Keys that were asked for.
    private(set) var asked: Set<String> = []

    init(layers: [Layer], warnings: [String] = []) {
        self.layers = layers
        self.warnings = warnings
    }

    /// Says it once, however often the value is asked for.
    mutating func warn(_ text: String) {
        if !warnings.contains(text) { warnings.append(text) }
    }

    // MARK: Values

    /// The first usable value. One that makes no sense is named in a warning, and the next layer is asked.
    ///
    /// - Parameter keys: The one that counts, and others that stand for it in this order where a layer has it not: what
    ///   the environment says generally is before what a file says in particular.
    mutating func value<Value>(
        _ keys: String..., of kind: @autoclosure () -> String, _ parse: (String) -> Value?
    ) -> Value? {
        found(keys, of: kind(), parse)?.value
    }

    private mutating func found<Value>(
        _ keys: [String], of kind: @autoclosure () -> String, _ parse: (String) -> Value?
    ) -> (key: String, value: Value)? {
        asked.formUnion(keys)
        let set = layers.flatMap { layer in
            keys.compactMap { key in text(key, layer).map { (key: key, name: layer.name(key), text: $0) } }
        }
        for (place, candidate) in set.enumerated() {
            if let value = parse(candidate.text) { return (candidate.key, value) }
            let instead = place + 1 < set.count ? set[place + 1].name : "the default"
            warn(
                "\(candidate.name)=\"\(EndpointURL.withoutSecrets(candidate.text))\" is not \(kind()); "
                    + "\(instead) is used")
        }
        return nil
    }

    /// Whether the layer that has `key` comes before the one that has `other`.
    func prefers(_ key: String, to other: String) -> Bool {
        func place(_ key: String) -> Int { layers.firstIndex { text(key, $0) != nil } ?? layers.count }
        return place(key) < place(other)
    }

    mutating func text(_ key: String) -> String? { value(key, of: "") { $0 } }

    private func text(_ key: String, _ layer: Layer) -> String? {
        guard let text = layer.reader.string(forKey: ConfigKey(key)) else { return nil }
        let trimmed = TextTrim.blanks(text)
        return trimmed.isEmpty ? nil : trimmed
    }

    /// The name of the key in the layer that has it.
    func name(of key: String) -> String {
        (layers.first { text(key, $0) != nil } ?? layers.first)?.name(key) ?? ConfigurationKey.variable(key)
    }

    // MARK: Kinds of values

    mutating func flag(_ key: String) -> Bool? {
        value(key, of: "true or false") { ["true": true, "false": false][$0.lowercased()] }
    }

    mutating func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        value(key, of: "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func count(_ keys: String..., atLeast least: Int = 0) -> Int? { foundCount(keys, atLeast: least)?.value }

    private mutating func foundCount(_ keys: [String], atLeast least: Int) -> (key: String, value: Int)? {
        found(keys, of: "a whole number from \(least) to 1000000000") { text in
            Int(text).flatMap { (least...1_000_000_000).contains($0) ? $0 : nil }
        }
    }

    /// - Parameter general: A key that says it for more than this; nil is returned where that one holds.
    mutating func milliseconds(_ keys: String..., unless general: String? = nil) -> Duration? {
        let found = foundCount(keys + [general].compactMap { $0 }, atLeast: 1)
        return found?.key == general ? nil : found.map { .milliseconds($0.value) }
    }

    /// - Parameter general: A key that says it for more than this; nil is returned where that one holds.
    mutating func url(_ key: String, unless general: String? = nil) -> String? {
        let found = self.found([key] + [general].compactMap { $0 }, of: "an http or https URL") {
            EndpointURL.isUsable($0) ? $0 : nil
        }
        return found?.key == general ? nil : found?.value
    }

    mutating func exports(_ key: String) -> Bool? {
        value(key, of: "otlp or none") { ["otlp": true, "none": false][$0] }
    }

    /// - Parameter general: A key that says it for more than this; nil is returned where that one holds.
    mutating func compression(_ key: String, unless general: String? = nil) -> Compression? {
        let found = self.found([key] + [general].compactMap { $0 }, of: "none or gzip") {
            ["none": Compression.none, "gzip": .gzip][$0]
        }
        return found?.key == general ? nil : found?.value
    }

    /// One of a few words, in any case.
    mutating func choice<Value>(_ key: String, _ choices: KeyValuePairs<String, Value>) -> Value? {
        value(key, of: "one of " + choices.map(\.key).joined(separator: ", ")) { text in
            choices.first { $0.key == text.lowercased() }?.value
        }
    }

    mutating func expect(_ key: String, _ expected: String) {
        guard let text = text(key), text != expected else { return }
        warn("\(name(of: key))=\"\(text)\" is not supported; \(expected) is used")
    }

    /// `a,b,c`, without blanks around.
    mutating func list(_ key: String) -> [String]? {
        text(key).map { text in
            text.split(separator: ",").map { TextTrim.blanks(String($0)) }.filter { !$0.isEmpty }
        }
    }

    /// `key1=value1,key2=value2`, keys and values percent-decoded. A part without `=` spoils only itself. The first layer
    /// that has the key is asked alone: half a set of headers would be worse than none. What headers hold is a secret, and
    /// in no warning.
    mutating func pairs(_ key: String) -> [(String, String)] {
        guard let text = text(key) else { return [] }
        let isSecret = key.hasSuffix("headers")
        return text.split(separator: ",").enumerated().compactMap { place, part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                PercentEncoding.decoded(TextTrim.blanks(String($0)))
            }
            guard pair.count == 2, !pair[0].isEmpty else {
                let name = name(of: key)
                let what = isSecret ? "part \(place + 1) of \(name)" : "\(name) holds \"\(part)\", which"
                warn("\(what) is not key=value; it is left out")
                return nil
            }
            return (pair[0], pair[1])
        }
    }

    /// Names what is set and has no effect.
    mutating func warnOfUnsupported() {
        for key in ConfigurationKey.unsupported {
            for layer in layers where text(key, layer) != nil {
                warn("\(layer.name(key)) is set, and not supported: it is ignored")
            }
        }
    }
}

enum TextTrim {
    static func blanks(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
