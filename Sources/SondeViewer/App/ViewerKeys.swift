// SPDX-License-Identifier: Apache-2.0
// The keys that work on every screen, and rows that several screens share.

package enum ViewerKeys {
    /// The heading of these rows in the configuration and in `?`.
    package static let name = "everywhere"

    package static let everywhere: [KeyBinding] = [
        .init("help", ["?", "f1"], hint: "help", "Show the keys of this screen"),
        .init("quit", ["q", "ctrl-c"], hint: "quit", "Leave the viewer"),
        .init("back", ["escape"], aliases: ["backspace"], "Close what is open, then go back to the screen before"),
        .init("command", [":"], "Type a command: the name of any action, or trace ID, range 15m, graph, logs TEXT"),
        .init("copy-command", ["y"], "Copy the shell command that gives the same answer"),
        .init("deep-link", ["o"], "Show and copy the command that opens this picture again"),
        .init("export", ["E"], "Write what is shown to a file"),
        .init("overview", ["1"], "Services and findings"),
        .init("traces", ["2"], "Traces, newest first"),
        .init("graph", ["3"], "Who calls whom"),
        .init("logs", ["4"], "Log records"),
        .init("diff", ["5"], "Compare the marked traces, or the marked one with the typical trace of its operation"),
        .init("next-screen", ["tab"], "Go to the next of these screens"),
        .init("previous-screen", ["shift-tab"], "Go to the one before"),
        .init("redraw", ["ctrl-l"], "Draw everything anew"),
        .init("suspend", ["ctrl-z"], "Back to the shell for a while; fg returns"),
    ]

    /// For screens that show a range of time.
    package static let timeRange = KeyBinding("time-range", ["t"], hint: "time", "Choose the range of time")
    /// For screens that show what can be asked again.
    package static let refresh = KeyBinding("refresh", ["r", "f5"], "Ask again")

    /// Keys in lists, which every list obeys.
    package static let lists: [KeyBinding] = [
        .init("down", ["down", "j"], "Go down"),
        .init("up", ["up", "k"], "Go up"),
        .init("page-down", ["pagedown", "ctrl-f", "space"], "Go down by a page"),
        .init("page-up", ["pageup", "ctrl-b"], "Go up by a page"),
        .init("first", ["home", "g"], "Go to the first row"),
        .init("last", ["end", "G"], "Go to the last row"),
    ]
}
