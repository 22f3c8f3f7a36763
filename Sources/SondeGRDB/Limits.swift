// SPDX-License-Identifier: Apache-2.0
// Every number that bounds the tracing of statements, with its unit and its reason.

enum Limits {
    /// Bytes of a statement that are looked at. Longer ones are generated lists; what they are about stands in front.
    static let statementBytes = 64 << 10
    /// Bytes of `db.query.text`. A screen of SQL; a trace is no place for more.
    static let textBytes = 4 << 10
    /// Bytes of `db.query.summary`: the conventions' advice. A name that does not fit is left out whole.
    static let summaryBytes = 255
    /// Statements whose description one connection keeps. Programs have hundreds; SQL made from values would have
    /// millions, and is described anew each time.
    static let knownStatements = 1_000
    /// Bytes of a statement that is kept. What programs write by hand is shorter; with the bound above, a connection
    /// keeps 4 MiB at most.
    static let knownStatementBytes = 2 << 10
}
