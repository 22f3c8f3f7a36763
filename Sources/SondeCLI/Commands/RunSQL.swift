// SPDX-License-Identifier: Apache-2.0
// `sonde sql`: a query in SQL over a file.

import ArgumentParser
import FoundationEssentials
import SondeSQLite

/// Encodings of rows.
enum RowFormat: String, CaseIterable, ExpressibleByArgument { case text, json, ndjson, csv }

struct RunSQL: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql",
        abstract: "Ask a file in SQL.",
        discussion: """
            There are three tables, spans, traces and logs, and the functions attr(attributes, 'key'), rfc3339(ns) and \
            ms(ns); times and durations are nanoseconds. Nothing can be written. `sonde sql "SELECT service, count(*) \
            FROM spans GROUP BY 1"` counts spans by service; docs/sql.md has the columns and more to copy.

            \(ExitStatus.help)
            """
    )

    @Argument(help: ArgumentHelp("The query, or - to read it from standard input.", valueName: "query"))
    var query: String
    @OptionGroup(title: "Where") var file: FileOptions
    @Option(
        help: ArgumentHelp(
            "At most this many rows; 0 for all. (default: \(Limits.sqlRows))", valueName: "count"))
    var limit: Int?
    @Option(
        help: ArgumentHelp("Give up after this time; 0 for never. (default: 30s)", valueName: "duration"))
    var timeout: String?
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = RowFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let limits = SQLLimits(rows: try rowLimit(), time: try timeLimit())
        let path = try file.path(for: "sql")
        let query = try self.query == "-" ? readInput() : self.query
        SQLSession.limitMemory(bytes: Limits.sqlMemoryBytes)
        let session: SQLSession
        do throws(StoreError) { session = try SQLSession.open(path: path) } catch {
            throw CommandFailure(error.readError)
        }
        let outcome = try ask(session, query, limits)
        if outcome.isCut {
            StandardStreams.writeError(
                "sonde: only the first \(outcome.rows) rows are shown; --limit 0 shows all\n")
        }
        if outcome.rows == 0 { throw CommandFailure(.nothingFound, "the query gave no rows") }
    }

    private func ask(
        _ session: SQLSession, _ query: String, _ limits: SQLLimits
    ) throws(CommandFailure) -> SQLOutcome {
        var rows = RowPrinter(output, Printer(drawing))
        do throws(SQLFailure) {
            let outcome = try session.run(query, limits: limits, begin: { rows.begin($0) }) { row in
                rows.add(row)
                return true
            }
            rows.end(isCut: outcome.isCut)
            return outcome
        } catch {
            // What came before belongs to the answer; the status says that it is not whole.
            rows.flush()
            throw Self.failure(error, query)
        }
    }

    private static func failure(_ failure: SQLFailure, _ query: String) -> CommandFailure {
        switch failure {
        case .query(_, let offset):
            CommandFailure(
                .usage, failure.reason,
                advice: offset.map { pointer(to: $0, in: query) }
                    ?? "docs/sql.md has the tables and their columns; `PRAGMA table_info(spans)` lists them too.")
        case .timedOut:
            CommandFailure(
                .sourceFailed, failure.reason,
                advice: "Bound the query by start_time, service or trace_id, or allow more time with --timeout.")
        case .outOfMemory:
            CommandFailure(.sourceFailed, failure.reason, advice: "Ask for fewer or shorter rows at once.")
        case .file:
            CommandFailure(.sourceFailed, failure.reason, advice: "`sonde check` tells what is wrong with the file.")
        }
    }

    /// The line of the query where SQLite stopped, with a mark below.
    private static func pointer(to offset: Int, in query: String) -> String {
        let bytes = Array(query.utf8)
        let newline = UInt8(ascii: "\n")
        let start = bytes[..<offset].lastIndex(of: newline).map { $0 + 1 } ?? 0
        let end = bytes[offset...].firstIndex(of: newline) ?? bytes.count
        let before = String(decoding: bytes[start..<offset], as: UTF8.self)
        return "  " + String(decoding: bytes[start..<end], as: UTF8.self) + "\n  "
            + String(repeating: " ", count: before.count) + "^"
    }

    private func rowLimit() throws(CommandFailure) -> Int? {
        let limit = limit ?? Limits.sqlRows
        guard limit >= 0 else {
            throw CommandFailure(.usage, "cannot use --limit \(limit)", advice: "Give a number of rows, or 0 for all.")
        }
        return limit == 0 ? nil : limit
    }

    private func timeLimit() throws(CommandFailure) -> Duration? {
        guard let timeout else { return Limits.sqlTime }
        let nanoseconds = timeout == "0" ? 0 : try Reading.duration(timeout, "--timeout")
        return nanoseconds == 0 ? nil : .nanoseconds(Int64(clamping: nanoseconds))
    }

    private func readInput() throws(CommandFailure) -> String {
        guard let bytes = StandardStreams.readInput(atMost: Limits.sqlQueryBytes) else {
            throw CommandFailure(.usage, "cannot read the query from standard input: it is too long or can't be read")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
