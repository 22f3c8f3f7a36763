// SPDX-License-Identifier: Apache-2.0
// The numbers that bound drawings, and the widths at which they change their form.

enum Limits {
    /// Columns below which the time axis goes: name, duration and a bar of ten cells need this much.
    static let minColumnsForBar = 40

    /// Columns below which the offset goes, to leave the name room.
    static let minColumnsForOffset = 60

    /// Cells of the narrowest bar. Below ten, neighbours in time can't be told apart.
    static let minBarWidth = 10

    /// The part of the width that the bar may claim even if names are long: one in this many cells.
    static let barShare = 4

    /// Levels of the tree that are drawn at the least, and the part of the width that indentation may take at most.
    static let minTreeLevels = 4
    static let indentShare = 3

    /// Cells of a status message for which the name column still grows; the rest is printed below the tree.
    static let messageInRow = 40

    /// Messages printed in full below the tree. A trace with more has one cause, and `--output json` has them all.
    static let messagesInFull = 20

    /// Missing parents named in the sentence on completeness.
    static let missingParentsNamed = 3

    /// Columns from which a list of traces shows whole trace ids rather than prefixes.
    static let minColumnsForWholeIDs = 110

    /// Columns from which a list of traces names their services; below, the room belongs to the root.
    static let minColumnsForServices = 140

    /// Digits of an abbreviated trace id: enough to be unique among some ten thousand random ones.
    static let shortIDDigits = 8

    /// Cells of a service name in front of a log line.
    static let serviceInLog = 24

    /// Columns below which a log line's text begins on a line of its own.
    static let minColumnsForLogPrefix = 60

    /// Lines of one log record; a stack trace's head says what happened.
    static let linesPerLog = 40

    /// Attributes shown behind a log message, and cells of each of their values.
    static let attributesPerLog = 12
    static let attributeValueWidth = 60

    /// Cells of the columns of a list that goes on: a duration, a count, an id that is unique for some minutes.
    static let arrivalDuration = 7
    static let arrivalCount = 9
    static let arrivalIDDigits = 12

    /// The part of the width that names may take in a waterfall: the rest is time.
    static let waterfallNameShare = 3
    /// Cells between two marks of a time axis at the least.
    static let axisTickCells = 12

    /// Levels of a flame graph; a deeper stack is a recursion, whose picture says no more.
    static let flameLevels = 64
    /// Cells that a block of a flame graph needs to carry its name.
    static let flameLabelCells = 4

    /// Siblings of one kind from which on they may share a row: two are a pair, three are a pattern.
    static let leastFold = 3

    /// Spans of a critical path that are listed; the tree marks all of them.
    static let pathRows = 100
    /// Repetitions that are told, the longest first.
    static let repeatsTold = 10

    /// Cells in front of what a finding says: its severity.
    static let findingIndent = 12
    /// Places of a comparison that are listed, and levels of its tree that are shown by indentation.
    static let differenceRows = 60
    static let differenceLevels = 16
    /// Attribute values that separate two groups: the first few say it, the rest are its companions.
    static let separationRows = 10
}

extension Limits {
    /// Below this many columns and rows the viewer says that it needs more room: a list with a heading and a hint line
    /// can't be read in less.
    static let minScreenColumns = 40
    static let minScreenRows = 10

    /// Screens that may be open one above the other. Each keeps what it shows; nobody finds back from deeper.
    static let screensInStack = 16

    /// Between two attempts to reach a source that does not answer: soon enough to look immediate to whoever starts it.
    static let retryInterval = Duration.seconds(1)

    /// Traces among which the typical one is looked for.
    static let typicalCandidates = 100

    /// Cells of the keys in front of what they do, in `?`.
    static let helpKeyCells = 22
    /// Cells of what they do at the least.
    static let helpTextCells = 16

    /// Names that the `:` line offers while one is typed.
    static let commandCandidates = 12

    /// Steps of the sparklines of the overview: one a cell where there is room.
    static let overviewSteps = 24
    /// Between two looks at rates and durations; they change slowly over minutes.
    static let overviewInterval = Duration.seconds(5)
    /// Between two visits of the doctor, who reads many whole traces each time.
    static let doctorInterval = Duration.seconds(60)
    /// Lines kept for what the selected finding rests on.
    static let overviewDetailRows = 3

    /// Traces of one page: several screens of rows, enough points for a plot, some 60 kB of JSON.
    static let tracesPage = 200
    /// Traces that are kept while one scrolls or looks on: some 5 MB. Older ones go; a narrower range finds them.
    static let tracesKept = 5_000
    /// Between two looks for new traces.
    static let tracesInterval = Duration.seconds(2)
    /// The same after a look that failed.
    static let tracesRetryInterval = Duration.seconds(10)
    /// How far before the newest trace one looks for news: traces grow while their spans arrive, and senders' batches
    /// come some seconds late.
    static let tracesOverlap: Int64 = 30_000_000_000
    /// Each so many looks one goes back by so many nanoseconds, ten minutes, for traces that took long.
    static let tracesFarLook = 10
    static let tracesFarOverlap: Int64 = 600_000_000_000
    /// Names and values that the query line offers.
    static let queryCandidates = 8
    /// Queries that the query line remembers.
    static let queriesKept = 50
    /// Rows of a screen below which the plot leaves its room to the list, and rows of the plot at most.
    static let minRowsForPlot = 16
    static let maxPlotRows = 10
    /// Columns from which the list of traces names all services of each.
    static let minColumnsForTraceServices = 110
}
