// SPDX-License-Identifier: Apache-2.0
// The key map of the Trace screen. Aliases are the keys of Jaeger's trace page, where no key of ours is in their way.

enum TraceKeys {
    static let rows: [KeyBinding] = moving + folding + time + finding + reading + leaving

    private static let moving: [KeyBinding] = [
        .init("down", ["down", "j"], "Go to the next row"),
        .init("up", ["up", "k"], "Go to the row before"),
        .init("page-down", ["pagedown", "ctrl-f"], aliases: ["s"], "Go down by a page"),
        .init("page-up", ["pageup", "ctrl-u"], aliases: ["w"], "Go up by a page"),
        .init("first", ["home", "g"], "Go to the first row"),
        .init("last", ["end", "G"], "Go to the last row"),
    ]

    private static let folding: [KeyBinding] = [
        .init("fold", ["space"], hint: "fold", "Fold or open what hangs from the row"),
        .init("close", ["h"], "Fold the row, or go to the one that it hangs from"),
        .init("open", ["l"], "Open the row, or go to the first that hangs from it"),
        .init("fold-level", ["{"], aliases: ["p"], "Fold the deepest level in sight"),
        .init("open-level", ["}"], "Open one level more"),
        .init("fold-all", ["("], "Fold everything"),
        .init("open-all", [")"], "Open everything"),
        .init("repeats", ["r"], "Let repetitions share a row, or give each span its own"),
    ]

    private static let time: [KeyBinding] = [
        .init("zoom-in", ["+", "="], aliases: ["shift-up"], hint: "zoom", "See less time, larger"),
        .init("zoom-out", ["-"], aliases: ["shift-down"], "See more time"),
        .init("fit", ["z"], hint: "fit", "See just the time of the selected row"),
        .init("whole", ["0"], "See all the time there is"),
        .init("pan-left", ["left"], aliases: ["a"], "See earlier time"),
        .init("pan-right", ["right"], aliases: ["d"], "See later time"),
        .init("leap-left", ["shift-left"], aliases: ["A"], "See earlier time, by half of what is seen"),
        .init("leap-right", ["shift-right"], aliases: ["D"], "See later time, by half of what is seen"),
        .init("cursor", ["t"], "Read a moment: its time, its offset, and how many spans run then"),
        .init("cursor-left", [","], "Read an earlier moment"),
        .init("cursor-right", ["."], "Read a later moment"),
        .init("clocks", ["S"], "Move spans whose clocks disagree, or show their times as sent"),
    ]

    private static let finding: [KeyBinding] = [
        .init(
            "find", ["/"], aliases: ["ctrl-b"], hint: "find",
            "Find a word anywhere on a span, or a condition: duration>100ms, http.route=/pay, error"),
        .init("next-match", ["n"], aliases: ["f"], "Go to the next span that was found"),
        .init("previous-match", ["N"], aliases: ["b"], "Go to the span found before"),
        .init("sift", ["F"], "Hide what was not found, or show it again"),
        .init("next-error", ["e"], hint: "error", "Go to the next span that failed"),
        .init("previous-error", ["E"], "Go to the span that failed before"),
        .init("slowest", ["x"], hint: "slowest", "Go to the span that took longest itself; again for the next"),
        .init("less-slow", ["X"], "Go back among the spans that took longest"),
        .init("slower", ["]"], "Go to the next slower sibling"),
        .init("faster", ["["], "Go to the next faster sibling"),
        .init("critical-path", ["c"], hint: "critical", "Show what decided how long the trace took"),
        .init("next-stretch", [">"], "Go along the critical path"),
        .init("previous-stretch", ["<"], "Go back along the critical path"),
        .init("mark", ["m"], "Mark the span; times are then told from there too"),
        .init("next-mark", ["'"], "Go to the next marked span"),
    ]

    private static let reading: [KeyBinding] = [
        .init("details", ["enter"], hint: "details", "Show all about the span; again to go into it"),
        .init("happenings", ["v"], "Read what happened during the span: events, exceptions, logs"),
        .init("parent", ["u"], "Go to the row that this one hangs from"),
        .init("copy-value", ["Y"], "Copy the selected detail, or the span's id"),
        .init("wrap", ["W"], "Break long details into lines, or cut them"),
        .init("wider", ["alt-right"], "Give names more room"),
        .init("narrower", ["alt-left"], "Give time more room"),
    ]

    private static let leaving: [KeyBinding] = [
        .init("trace-logs", ["L"], "Show the log records of this trace"),
        .init("compare", ["V"], "Compare with the marked trace, or with the usual one of this operation"),
        .init("mark-trace", ["M"], "Mark this trace for comparison"),
        .init("pin", ["P"], "Keep this trace, or let go of it"),
        .init("refresh", ["R", "f5"], "Ask for the trace again"),
        .init("export", ["ctrl-e"], "Write the trace to a file"),
    ]
}
