// SPDX-License-Identifier: Apache-2.0
// The numbers that bound what the shell does.

enum Limits {
    /// Digits of the shortest prefix of a trace id. Fewer fit by chance: 4 tell 65 536 traces apart.
    static let minPrefixDigits = 4

    /// Candidates listed when a prefix is ambiguous: a screenful.
    static let prefixCandidates = 20

    /// Bytes of the least memory that `serve` accepts; below it, bodies of the usual size no longer fit their share.
    static let minMemoryBytes = 32_000_000

    /// Bytes of the least disk that `serve` accepts; below it, a block and its log no longer fit.
    static let minDiskBytes = 10_000_000

    /// The share of `--max-memory` for bodies in flight: 40 of 128 MB. The store has the rest.
    static let inFlightShare = 40.0 / 128

    /// Milliseconds to wait for the reader of standard error before words to it are given up.
    static let errorWriteMilliseconds: Int32 = 100

    /// Between two drawings of a progress line; faster, nobody can read it.
    static let progressInterval = Duration.milliseconds(200)
    /// Cells of the bar in a progress line.
    static let progressBarCells = 20

    /// Bytes of an export that are written at a time.
    static let exportChunkBytes = 1 << 20

    /// Bytes of a file that `import` reads at a time; of a compressed one, which may be a thousand times as long
    /// inflated.
    static let importChunkBytes = 1 << 18
    static let importCompressedChunkBytes = 1 << 15
    /// Bytes from a pipe that are looked at although more may come at once.
    static let smallestImportChunk = 1 << 12
    /// Spans or log records, and their bytes in OTLP, that `import` stores at a time: large enough that the commits
    /// cost little, and below what a collector takes (65 536; 16 MiB).
    static let importBatchItems = 16_384
    static let importBatchBytes = 4 << 20
    /// Reasons for refusals that are told one by one; more are counted.
    static let importReasonsTold = 20
    /// How long `import` waits for a store that asks for patience.
    static let importPatience = Duration.seconds(60)

    /// How long requests under way may take after a signal before they are cut off. Service managers kill after 30 s
    /// or more, and senders repeat what was not acknowledged.
    static let shutdownDeadline = Duration.seconds(20)

    /// Rows of SQL without `--limit`: more than anyone reads, few enough to draw at once.
    static let sqlRows = 10_000

    /// How long SQL may take without `--timeout`.
    static let sqlTime = Duration.seconds(30)

    /// Bytes that SQLite may take while it answers `sonde sql`. Sorting and grouping go to temporary files long before.
    static let sqlMemoryBytes = 512 << 20

    /// Bytes of a query from standard input, as SQLite bounds them by itself.
    static let sqlQueryBytes = 1_000_000

    /// Bytes of an answer that are gathered before they are written.
    static let outputBytes = 1 << 16

    /// How long `exec` waits for a collector to take its span. The command has ended: nobody wants to wait for us.
    static let execAnswerTime = Duration.seconds(5)

    /// How long the tab key waits for a source; after that, silence is better than a stopped prompt.
    static let completionTime = Duration.milliseconds(700)
    /// Services whose operations are asked for where none is named: one question each.
    static let completionServices = 20

    /// Between two questions of commands that wait for something: soon enough for a person, cheap for a collector.
    static let pollInterval = Duration.milliseconds(500)
    /// How long `expect` waits without `--timeout`: exporters send every second or five.
    static let expectTime = Duration.seconds(10)

    /// Traces that `tail` remembers, some 10 MB; what began before the first of them is no longer looked at.
    static let tailTraces = 20_000
    /// How far back a tail looks for traces that arrive late: 10 minutes.
    static let tailWindowNanoseconds: UInt64 = 600_000_000_000
    /// How long before a tail begins a trace may have begun to be new: clocks disagree, and a trace is sent at its end.
    static let tailSlackNanoseconds: UInt64 = 60_000_000_000
    /// Traces in one question of a tail, and questions in one look.
    static let tailPage = 500
    static let tailPages = 20
    /// One look in so many goes to the end of the list: every 10 s.
    static let tailSweep = 20
    /// How long an incomplete trace waits for its root before it is shown without.
    static let tailSettling = Duration.seconds(2)
    /// A time that nobody waits for.
    static let ages = Duration.seconds(100 * 365 * 86_400)

    /// Operations that `top` shows where no terminal says how many fit.
    static let topRows = 20
    /// Lines of its screen that are not operations: what it is, a blank one, the titles.
    static let topOtherLines = 3
    /// Between two of its tables: fast enough to be live, slow enough to be read.
    static let topInterval = Duration.seconds(2)
    /// How far back it looks by itself: 15 minutes.
    static let topNanoseconds: UInt64 = 900_000_000_000
    /// Lines of a terminal that doesn't say.
    static let screenRows = 24

    /// How far back commands look that sum things up: an hour.
    static let hourNanoseconds: UInt64 = 3_600_000_000_000
    /// Kinds of errors that are listed; who has more has one cause, or looks at them in json.
    static let errorRows = 50

    /// Files of one name that the viewer writes side by side, each with a number of its own.
    static let exportNames = 999
}
