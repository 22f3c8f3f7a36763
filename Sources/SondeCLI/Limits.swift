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
}
