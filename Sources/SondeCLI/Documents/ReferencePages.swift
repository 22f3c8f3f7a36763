// SPDX-License-Identifier: Apache-2.0
// docs/cli.md and docs/configuration.md, printed from what the program itself knows; a test keeps the files in step.

import ArgumentParser

enum ReferencePages {
    /// docs/cli.md: every command's `--help`.
    static func commands() -> String {
        var page = """
            # The shell

            Printed from `sonde --help` and its commands; `make golden` writes it anew.

            """
        page += section("sonde", SondeCommand.helpMessage(columns: helpColumns))
        for command in SondeCommand.configuration.subcommands {
            let name = command.configuration.commandName ?? command._commandName
            page += section("sonde " + name, SondeCommand.helpMessage(for: command, columns: helpColumns))
        }
        return page
    }

    /// docs/configuration.md: the table of settings.
    static func settings() -> String {
        var page = """
            # Settings of `sonde serve`

            Printed from the table in `Sources/SondeCLI/Settings/Setting.swift`; `make golden` writes it anew.

            Nothing needs to be set to begin. Each setting is a flag, a variable and a key of a JSON file: the one that
            `--config` names, else `$XDG_CONFIG_HOME/sonde/config.json`, else `~/.config/sonde/config.json`. A flag beats
            the variable, which beats the file, which beats the default. An empty variable counts as absent. Unknown
            `SONDE_*` variables are ignored with a debug line; an unknown key is an error that names the nearest one.

            | flag | variable | key | value | default |
            |---|---|---|---|---|

            """
        for setting in Setting.all {
            let key = Setting.ofFile.contains(setting) ? "`\(setting.key)`" : "–"
            let value = setting.placeholder.replacing("|", with: ", ")
            page +=
                "| `--\(setting.flag)` | `\(setting.variable)` | \(key) | \(value) | \(setting.standard.map { "`\($0)`" } ?? "–") |\n"
        }
        for setting in Setting.all {
            page +=
                "\n## `--\(setting.flag)`\n\n\(setting.summary) \(setting.reason)\n\nExpected: \(setting.expectation).\n"
        }
        return page
    }

    private static func section(_ title: String, _ help: String) -> String {
        "\n## \(title)\n\n```text\n\(help)\n```\n"
    }

    /// As on a terminal of the usual width.
    static let helpColumns = 80
}
