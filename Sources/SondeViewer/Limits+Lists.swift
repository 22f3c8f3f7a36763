// SPDX-License-Identifier: Apache-2.0
// The numbers that bound widgets, the comparison of traces, the graph and the list of log records.

extension Limits {
    /// Cells in front of a scatter's dots: a duration and a line.
    static let scatterLabel = 9
    /// Cells between the pointer and the point that it still takes. Braille dots are hard to hit.
    static let scatterReach = 3

    /// Cells that the column of names keeps before others leave a list.
    static let leastNameColumn = 28

    /// Boxes of a drawn graph: the busiest. More are no picture any more, and the table has them all.
    static let graphBoxes = 80
    /// Cells of the longest name in a box.
    static let graphBoxCells = 32
    /// Cells between two layers of boxes, beside those in which lines go up and down.
    static let graphGap = 4
    /// Sweeps in which the layers are brought into order; after some of them little changes.
    static let graphSweeps = 8
    /// Rows in which the calls of the chosen box are told.
    static let graphPaneRows = 7
    /// Between two questions for the graph, which the collector counts from all spans of the time.
    static let graphInterval = Duration.seconds(10)
    /// The part of failed calls from which on a line is drawn as failing.
    static let failingShare = 0.01

    /// Log records of one page: some screenfuls, so that going up rarely waits, and a second's answer of a collector.
    static let logPage = 500
    /// Rows above the first visible one at which older records are asked for.
    static let logsAhead = 50
    /// Log records that a screen keeps: some 40 MB. Older ones are fetched anew when somebody goes there.
    static let logsKept = 20_000
    /// Between two questions for new records while they are followed.
    static let logInterval = Duration.seconds(2)
    /// Rows of the picture of when records were written, and of the screen below which there is none.
    static let logChartRows = 2
    static let minRowsForLogChart = 18
    /// Lines by which a pane is scrolled.
    static let paneStep = 5
    /// Words offered while a line is typed.
    static let completionRows = 8
}
