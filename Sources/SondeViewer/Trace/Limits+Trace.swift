// SPDX-License-Identifier: Apache-2.0
// The numbers that bound the Trace screen, and the sizes at which it changes its form.

extension Limits {
    /// A trace rarely has more resources at once; beyond, each is looked at anew.
    static let recentResources = 16
    /// Siblings of one shape from which on they share a row: up to three attempts of a call are read one by one.
    static let leastRepeats = 4
    /// The same where they call on themselves: sharing a row then hides what a reader came for, and must be worth it.
    static let leastRepeatsWithin = 10

    /// Nanoseconds of the shortest stretch of time that is shown. Clocks of spans tick no finer.
    static let leastWindow: UInt64 = 100
    /// Room on both sides of what is fitted into view: one in so many of its length.
    static let fitRoomShare: UInt64 = 20

    /// Names of spans of which a search remembers whether they fit: some 100 B each.
    static let rememberedNames = 4_096
    /// Spans after which a search looks whether it is still wanted: less than a millisecond.
    static let spansBetweenChecks = 1_024

    /// Spans that a walk along those with most time of their own visits.
    static let hottestSpans = 100
    /// Rows that stay in sight above and below the selected one.
    static let rowsAround = 2
    /// How much of what is seen a step of zooming takes away, and a step of panning moves on.
    static let zoomStep = 1.5
    static let panStep = 0.1
    static let panLeap = 0.5

    /// Cells between two marks of the axis at the least; longer labels ask for more.
    static let cellsPerTick = 9
    /// Rows from which the head of the screen has three lines, and four.
    static let rowsForHead = 15
    static let rowsForLargeHead = 30
    /// Cells of the narrowest column of names, and those of durations (`Σ999 ms` and a blank).
    static let leastNameColumns = 12
    static let durationCells = 8
    /// Columns below which durations go, to leave the bars room.
    static let columnsForDuration = 50
    /// Cells of a name from which a level of the tree takes two of them.
    static let columnsForWideTree = 40
    /// Cells of names from which a repetition tells its median there; below, in place of its sum.
    static let columnsForMedian = 44
    /// Cells of a repetition's name that stay, however much there is to say of it.
    static let leastGroupName = 6
    /// Bytes of a name that are looked at to draw a row.
    static let nameBytes = 512
    /// Events of one span that are drawn onto its bar: more than the widest screen has cells.
    static let eventsOnBar = 2_000

    /// Rows that one notch of the wheel moves.
    static let wheelRows = 3
    /// Milliseconds between two questions for a trace that grows.
    static let liveMilliseconds = 1_000
    /// The same after a question that failed.
    static let retryMilliseconds = 10_000
    /// Bytes of one value that the details show: some screenfuls. Copying gives all of it.
    static let detailTextBytes = 16_384
    /// Spans of a growing trace that are asked for every second: some 2 MB. Those of larger ones come every so many
    /// seconds, at most twenty.
    static let spansAskedEachSecond = 5_000
    /// Cells of a name from which the details tell it in full.
    static let nameToldInFull = 24
    /// Nanoseconds after the last end from which on a complete trace is taken to have ended: batches of SDKs leave every
    /// five seconds.
    static let settledNanoseconds: UInt64 = 10_000_000_000
    /// And one in which something is missing: whatever it was is not coming any more.
    static let abandonedNanoseconds: UInt64 = 300_000_000_000
}
