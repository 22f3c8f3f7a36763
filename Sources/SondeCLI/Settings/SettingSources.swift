// SPDX-License-Identifier: Apache-2.0
// Where values come from: a flag beats the environment, which beats the file, which beats the default.

import Configuration
import FoundationEssentials

/// A value and where it was found.
struct FoundValue: Hashable {
    var text: String
    /// `--max-disk`, `SONDE_MAX_DISK`, or `maxDisk in /etc/sonde.json`; empty for a default.
    var origin: String
}

struct SettingSources {
    /// The environment's names that look like ours and are not.
    let unknownVariables: [String]

    private let flags: InMemoryProvider
    private let environment: KeyMappingProvider<EnvironmentVariablesProvider>
    private let file: InMemoryProvider
    private let filePath: String?

    /// - Parameter flags: values by flag, without dashes.
    init(flags: [String: String], environment: [String: String]) throws(SettingError) {
        // An empty variable counts as absent, as OpenTelemetry and most shells' users have it.
        let environment = environment.filter { !$0.value.isEmpty }
        self.flags = InMemoryProvider(
            name: "flags",
            values: Dictionary(
                Setting.all.compactMap { setting in
                    flags[setting.flag].map { ([setting.key], ConfigValue(.string($0), isSecret: false)) }
                }.map { (AbsoluteConfigKey($0), $1) }, uniquingKeysWith: { $1 }))
        self.environment = EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "sonde")
        let ours = Set(Setting.all.map(\.variable)).union(["SONDE_URL"])
        unknownVariables = environment.keys.filter { $0.hasPrefix("SONDE_") && !ours.contains($0) }.sorted()
        let configuration = try SettingsFile.find(
            flag: flags[Setting.config.flag], variable: environment[Setting.config.variable], environment: environment)
        filePath = configuration?.path
        file = InMemoryProvider(
            name: "file",
            values: Dictionary(
                (configuration?.values ?? [:]).map {
                    (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false))
                }, uniquingKeysWith: { $1 }))
    }

    /// The value that counts; nil where none is given and there is no default.
    func value(of setting: Setting) throws(SettingError) -> FoundValue? {
        if let text = try lookUp(setting, in: flags) { return FoundValue(text: text, origin: "--" + setting.flag) }
        if let text = try lookUp(setting, in: environment) { return FoundValue(text: text, origin: setting.variable) }
        if let text = try lookUp(setting, in: file) {
            return FoundValue(text: text, origin: "\(setting.key) in \(filePath ?? "the file")")
        }
        return setting.standard.map { FoundValue(text: $0, origin: "") }
    }

    private func lookUp(_ setting: Setting, in provider: some ConfigProvider) throws(SettingError) -> String? {
        do {
            let result = try provider.value(forKey: AbsoluteConfigKey([setting.key]), type: .string)
            guard case .string(let text)? = result.value?.content else { return nil }
            return text
        } catch {
            throw SettingError(message: "cannot read the setting \(setting.key): \(error)")
        }
    }
}
