// SPDX-License-Identifier: Apache-2.0
// Every number that bounds something in this room, with its unit and its reason.

/// What the analysis of one trace and of groups of traces may cost, and from where on it speaks.
enum Limits {
    // MARK: Text

    /// Bytes of a name, statement, URL or message that are looked at; what is longer is cut. Statements differ in their
    /// first lines, and a list of shapes must stay a list.
    static let maxShapeBytes = 1_024
    /// Letters and digits of a word, at least one of them a digit, that make it an id rather than a name.
    static let minIDLength = 16
    /// Hex digits, at least one of them a digit, that make a word an id: a short commit hash.
    static let minHexLength = 8

    // MARK: One trace

    /// Siblings of one shape that are worth telling.
    static let minRepeats = 2
    /// Serial siblings of one shape that make N+1, where they ask somebody else (a database, a service): the rows of one
    /// page are rarely fewer, and two calls of a kind are often on purpose.
    static let minNPlusOne = 3
    /// The same where nothing says that they leave the process: a loop of three steps is no news.
    static let minNPlusOneLocal = 5
    /// Of the neighbours in a repetition, the part that must not overlap for it to be called serial. Clocks tick in
    /// microseconds; one pair in ten may touch.
    static let serialShare = 0.9
    /// Attempts that make retries a storm: one retry is prudence, two may be.
    static let minStormAttempts = 3
    /// A pause longer than the one before by this factor is growing: schemes double, jitter takes some of it back.
    static let backoffGrowth = 1.3
    /// Nanoseconds: a shorter mean pause between attempts is no wait, only the way through the code.
    static let noBackoffNanos: UInt64 = 5_000_000
    /// Part of the main root's duration that a serial run must promise to save.
    static let minSerialSaving = 0.1
    /// Nanoseconds that it must promise: less is nobody's wait.
    static let minSerialSavingNanos: UInt64 = 1_000_000
    /// Statements of one trace whose shape is remembered while it is analysed.
    static let maxRememberedStatements = 4_096
    /// Repetitions, serial runs and retries of one trace that are reported, the largest of each.
    static let maxReports = 100
    /// Failing origins of one trace that are reported; a trace with more has failed as a whole.
    static let maxOrigins = 100

    // MARK: Flame graphs

    /// Frames in one folded stack. Deeper calls count for the frame at this depth, so that a chain of 100 000 spans does
    /// not become 100 000 lines of 50 000 frames.
    static let maxStackDepth = 128
    /// Bytes of a text of folded stacks: what a browser still draws.
    static let maxFoldedBytes = 16 * 1024 * 1024

    // MARK: Many traces

    /// Places of a tree, over all traces of both sides: what one trace of the largest size that is drawn has. Some 200 B
    /// each.
    static let maxPositions = 100_000
    /// Different failures that are kept, some 1 kB each. Messages are normalised, so that more means noise.
    static let maxFingerprints = 2_000
    /// Characters of a stack trace's frame.
    static let maxFrameCharacters = 200
    /// Bytes of an attribute value that may separate groups; longer ones are texts.
    static let maxLedgerValueBytes = 256
    /// Values of one key at one operation. Nobody reads a separation by one of a thousand values.
    static let maxLedgerValues = 1_000
    /// Values in all, those let go included; some 100 B each.
    static let maxLedgerItems = 500_000
    /// Keys at operations; some 200 B each.
    static let maxLedgerColumns = 50_000
    /// Attribute values that a difference tells: the first few decide.
    static let maxSeparations = 20
    /// Part by which a mean number of spans must differ to be a change; two single traces differ by one span or not at all.
    static let countNoise = 0.1
    /// Part, and nanoseconds, by which a mean time must differ: runs of one program differ by a tenth from one another.
    static let timeNoise = 0.1
    static let timeNoiseNanos = 100_000.0
    /// Repeated shapes that are counted over many traces; some 500 B each.
    static let maxRepetitions = 10_000
}
