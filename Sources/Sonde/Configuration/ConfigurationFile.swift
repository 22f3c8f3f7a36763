// SPDX-License-Identifier: Apache-2.0
// Settings from a JSON file, under the names of the variables in lower case with dots. Objects may stand for parts of a
// name, and for what the variables write as lists and pairs:
//
//   {"otel": {"service.name": "orders", "traces.sampler": "parentbased_traceidratio", "traces.sampler.arg": 0.25,
//             "exporter.otlp": {"endpoint": "http://collector:4318", "headers": {"x-tenant": "acme"}}}}
//
// What is wrong in it is a warning that names file and key; the rest of it holds.

import Configuration
import SondeWire

struct ConfigurationFile {
    /// The variable that names the file.
    static let variable = "sonde.telemetry.config"

    private(set) var values: [String: String] = [:]
    private(set) var warnings: [String] = []
    private let path: String

    /// - Parameter bytes: The file's content; nil if it cannot be read.
    init(path: String, bytes: [UInt8]?) {
        self.path = path
        guard let bytes else {
            warnings = ["cannot read the configuration file \(path); it is left out"]
            return
        }
        do {
            let json = try JSONValue.parse(bytes, as: "the configuration file \(path)")
            guard case .object(let members) = json else {
                warnings = ["the configuration file \(path) holds no JSON object; it is left out"]
                return
            }
            for member in members.list { read(member.value, at: member.key) }
        } catch {
            warnings = ["\(error); it is left out"]
        }
    }

    init(path: String) { self.init(path: path, bytes: FileBytes.read(path, atMost: Limits.configurationFileBytes)) }

    /// The file as a provider of swift-configuration, below the environment.
    var layer: ConfigurationSource.Layer {
        let provider = InMemoryProvider(
            name: path,
            values: Dictionary(
                uniqueKeysWithValues: values.map { key, value in
                    (
                        AbsoluteConfigKey(key.split(separator: ".").map(String.init)),
                        ConfigValue(.string(value), isSecret: false)
                    )
                }))
        return ConfigurationSource.Layer(reader: ConfigReader(provider: provider)) { [path] in "\(path): \($0)" }
    }

    private static let known = Set(ConfigurationKey.all.map(\.key) + ConfigurationKey.unsupported)

    private mutating func read(_ json: JSONValue, at name: String) {
        let key = name.lowercased()
        if Self.known.contains(key) {
            if let text = Self.text(json) {
                values[key] = text
            } else if !json.isNull {
                warnings.append("\(path): \(name) holds nested values, which nothing here has; it is left out")
            }
        } else if case .object(let members) = json {
            for member in members.list { read(member.value, at: name + "." + member.key) }
        } else {
            let hint = ConfigurationKey.nearest(to: key).map { "; did you mean \($0)?" } ?? ""
            warnings.append("\(path): \(name) is not known and ignored" + hint)
        }
    }

    /// The value as a variable would hold it; nil if no variable could.
    private static func text(_ json: JSONValue) -> String? {
        switch json {
        case .array(let values):
            let texts = values.compactMap(scalar)
            return texts.count == values.count ? texts.joined(separator: ",") : nil
        case .object(let members):
            let pairs = members.list.compactMap { member in
                scalar(member.value).map { escaped(member.key) + "=" + escaped($0) }
            }
            return pairs.count == members.list.count ? pairs.joined(separator: ",") : nil
        default: return scalar(json)
        }
    }

    private static func scalar(_ json: JSONValue) -> String? {
        switch json {
        case .string(let text): text
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        case .unsigned(let number): "\(number)"
        case .double(let number): "\(number)"
        case .null, .array, .object: nil
        }
    }

    /// What is read as pairs is percent-decoded, and cut at commas.
    private static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            let isPlain = byte > 0x20 && byte < 0x7F && !",=%".utf8.contains(byte)
            let hex = String(byte, radix: 16, uppercase: true)
            result += isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + hex
        }
    }
}
