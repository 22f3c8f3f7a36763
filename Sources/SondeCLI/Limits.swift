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

    /// How long requests under way may take after a signal before they are cut off. Service managers kill after 30 s
    /// or more, and senders repeat what was not acknowledged.
    static let shutdownDeadline = Duration.seconds(20)
}
