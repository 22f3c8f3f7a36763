// SPDX-License-Identifier: Apache-2.0
// The numbers that bound what may be asked.

package enum QueryLimits {
    /// Unicode scalars in a query. Written by hand they have hundreds; a generated list of a thousand ids fits.
    package static let textScalars = 32_768

    /// Levels of nesting, and operators of a query that nest to the left (`1 + 1 + …`, `{} > {} > …`). Reading and
    /// evaluating call themselves once a level: this many of each take some 200 kB of a thread's stack of 512 kB.
    package static let depth = 100

    /// Spanset filters in one query: each is evaluated over every span of a trace.
    package static let spansetFilters = 64

    /// Unicode scalars in a regular expression.
    package static let patternScalars = 2_048

    /// Instructions of a compiled regular expression. Matching takes at most this many steps for each character of the
    /// text, whatever the pattern: there is no backtracking.
    package static let patternInstructions = 10_000

    /// How often `x{n,m}` may repeat, as in RE2.
    package static let patternRepetitions = 1_000

    /// Spans that may be shown of each set of spans, and of all sets of one trace. A page of a thousand traces is then
    /// below 40 MB; the trace itself has them all.
    package static let spansShown = 100

    /// Sets shown of one trace: `by` makes as many as there are values.
    package static let setsShown = 100
}
