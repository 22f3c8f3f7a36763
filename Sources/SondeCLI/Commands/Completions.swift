// SPDX-License-Identifier: Apache-2.0
// `sonde completions SHELL`: the script that teaches a shell our commands and asks us for values.

import ArgumentParser

struct Completions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the script with which bash, zsh or fish completes commands, flags and values.",
        discussion: """
            Values come from the source that the line names with --at or --db, else from SONDE_URL or the usual \
            address: services, operations, attributes, trace ids. Where nobody answers at once there are none, without \
            a word.

            EXAMPLES:
              bash, for this session:   source <(sonde completions bash)
              bash, for good:           mkdir -p ~/.local/share/bash-completion/completions
                                        sonde completions bash > ~/.local/share/bash-completion/completions/sonde
              zsh, for good:            mkdir -p ~/.zfunc; sonde completions zsh > ~/.zfunc/_sonde
                                        and in ~/.zshrc: fpath+=~/.zfunc; autoload -Uz compinit; compinit
              fish, for good:           sonde completions fish > ~/.config/fish/completions/sonde.fish
            """
    )

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish

        var script: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "The shell: bash, zsh or fish.") var shell: Shell

    func run() {
        let script = SondeCommand.completionScript(for: shell.script)
        StandardStreams.write(script.hasSuffix("\n") ? script : script + "\n")
    }
}
