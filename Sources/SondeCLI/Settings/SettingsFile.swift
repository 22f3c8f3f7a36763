// SPDX-License-Identifier: Apache-2.0
// The file of settings: one JSON object whose keys are the flags in camelCase.

import FoundationEssentials

struct SettingsFile {
    var path: String
    /// Text by key. Numbers may stand without quotes.
    var values: [String: String]

    /// The file that was named, or the usual one if it exists.
    static func find(
        flag: String?, variable: String?, environment: [String: String]
    ) throws(SettingError) -> SettingsFile? {
        if let flag { return try read(flag, namedBy: "--\(Setting.config.flag) ") }
        if let variable { return try read(variable, namedBy: "\(Setting.config.variable) ") }
        guard let usual = UserFolders.configuration(environment).map({ $0 + "/sonde/config.json" }),
            FileManager.default.fileExists(atPath: usual)
        else { return nil }
        return try read(usual, namedBy: "")
    }

    private static func read(_ path: String, namedBy origin: String) throws(SettingError) -> SettingsFile {
        let data: Data
        do { data = try Data(contentsOf: URL(filePath: path)) } catch {
            throw SettingError(
                message: "cannot read the settings file \(origin)\(path): \(FileFailure.reason(error))",
                advice: "Give the path of a JSON file, like {\"maxDisk\": \"20GB\"}.")
        }
        return SettingsFile(path: path, values: try parse(data, path))
    }

    static func parse(_ data: Data, _ path: String) throws(SettingError) -> [String: String] {
        let members: [String: Value]
        do { members = try JSONDecoder().decode([String: Value].self, from: data) } catch {
            throw SettingError(
                message: "cannot read the settings file \(path): \(complaint(error))",
                advice: "It must hold one JSON object, like {\"maxDisk\": \"20GB\", \"keep\": \"14d\"}.")
        }
        let known = Setting.ofFile.map(\.key)
        for key in members.keys.sorted() where !known.contains(key) {
            throw SettingError(
                message: "the settings file \(path) has the unknown key \(key)",
                advice: NearestName.of(key, among: known).map {
                    "Did you mean \($0)? `sonde serve --help` lists them all."
                })
        }
        for (key, member) in members where member.isObject && key != Setting.keepService.key {
            throw SettingError(
                message: "cannot read the settings file \(path): \(key) must be a string or a number",
                advice: "It must hold one JSON object, like {\"maxDisk\": \"20GB\", \"keep\": \"14d\"}.")
        }
        return members.compactMapValues(\.text)
    }

    private static func complaint(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .dataCorrupted: "it is not valid JSON"
        case .typeMismatch(_, let context):
            context.codingPath.isEmpty
                ? "it is no JSON object"
                : "\(context.codingPath.map(\.stringValue).joined(separator: ".")) must be a string or a number"
        default: "\(error)"
        }
    }

    /// A member's value; null means that the key is not there.
    private struct Value: Decodable {
        var text: String?
        /// Whether it was an object of texts, which stands for `name=text,name=text`.
        var isObject = false

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                text = nil
            } else if let string = try? container.decode(String.self) {
                text = string
            } else if let int = try? container.decode(Int.self) {
                text = String(int)
            } else if let double = try? container.decode(Double.self) {
                text = String(double)
            } else if let members = try? container.decode([String: String].self) {
                isObject = true
                text = members.isEmpty ? nil : members.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: ",")
            } else {
                throw DecodingError.typeMismatch(
                    String.self,
                    .init(codingPath: decoder.codingPath, debugDescription: "neither a string nor a number"))
            }
        }
    }
}

/// Where a user's files belong (https://specifications.freedesktop.org/basedir-spec/latest/).
enum UserFolders {
    static func configuration(_ environment: [String: String]) -> String? {
        folder("XDG_CONFIG_HOME", orHome: "/.config", environment)
    }

    static func data(_ environment: [String: String]) -> String? {
        folder("XDG_DATA_HOME", orHome: "/.local/share", environment)
    }

    /// Relative paths in these variables are to be ignored, says the specification.
    private static func folder(_ variable: String, orHome path: String, _ environment: [String: String]) -> String? {
        if let folder = environment[variable], folder.hasPrefix("/") { return folder }
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        return home + path
    }
}

/// File errors in few words.
enum FileFailure {
    static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileReadNoSuchFile?, .fileNoSuchFile?: "there is no such file"
        case .fileReadNoPermission?, .fileWriteNoPermission?: "permission denied"
        case .fileWriteOutOfSpace?: "the disk is full"
        case .fileWriteVolumeReadOnly?: "the file system is read-only"
        case .fileWriteFileExists?: "a file of this name is in the way"
        default: "\(error)"
        }
    }
}
