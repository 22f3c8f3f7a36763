// SPDX-License-Identifier: Apache-2.0
// The numbers that bound what this room draws.

package enum Limits {
    /// Scalars of one character that are drawn. Emoji of families with skin tones need 11; more only smears the screen.
    static let scalarsPerCharacter = 16

    /// Columns assumed where nothing says: output into a pipe or file. Wide enough for a table, narrow enough to mail.
    package static let columnsWithoutTerminal = 120

    /// Columns assumed for a terminal that does not say how wide it is, as terminals always were.
    package static let columnsOfSilentTerminal = 80

    /// Columns below which drawings stop shrinking: a time, a mark and a word need this much.
    package static let minColumns = 20

    /// Columns above which `COLUMNS` is taken for a mistake.
    package static let maxColumns = 2000
}
