// SPDX-License-Identifier: Apache-2.0
// Functions beside SQLite's own.
//
//   attr(json, key)   the value of a key in an object: text, integer, real or NULL; true and false are 1 and 0, lists and
//                     objects stay JSON
//   rfc3339(ns)       a time as text, in UTC, with nanoseconds
//   ms(ns)            milliseconds, as a real number

import GRDBSQLite
import SondeModel

enum SQLFunctions {
    static func register(on connection: Connection) throws(SQLiteError) {
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
        let functions: [(name: String, arguments: Int32, body: Body)] = [
            ("attr", 2, attr), ("rfc3339", 1, rfc3339), ("ms", 1, milliseconds),
        ]
        for function in functions {
            let code = sqlite3_create_function_v2(
                connection.handle, function.name, function.arguments, flags, nil, function.body, nil, nil, nil)
            guard code == SQLITE_OK else { throw connection.error(code) }
        }
    }

    private typealias Body =
        @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void

    private static let attr: Body = { context, _, values in
        guard let context, let json = values?[0], let key = values?[1] else { return }
        let result = SQLResult(context)
        guard sqlite3_value_type(json) == SQLITE_TEXT, sqlite3_value_type(key) == SQLITE_TEXT else {
            return result.null()
        }
        var reader = JSONMembers(SQLFunctions.text(json))
        guard let value = reader.value(of: SQLFunctions.text(key)) else { return result.null() }
        value.give(result)
    }

    private static func text(_ value: OpaquePointer) -> UnsafeBufferPointer<UInt8> {
        // A text asked for as a blob comes as it is, without a copy for the sake of a final zero.
        let start = sqlite3_value_blob(value)?.assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: start, count: Int(sqlite3_value_bytes(value)))
    }

    private static let milliseconds: Body = { context, _, values in
        guard let context, let value = values?[0] else { return }
        let result = SQLResult(context)
        switch sqlite3_value_numeric_type(value) {
        case SQLITE_INTEGER, SQLITE_FLOAT: result.set(sqlite3_value_double(value) / 1_000_000)
        default: result.null()
        }
    }

    private static let rfc3339: Body = { context, _, values in
        guard let context, let value = values?[0] else { return }
        let result = SQLResult(context)
        switch sqlite3_value_numeric_type(value) {
        case SQLITE_INTEGER: result.set(SQLFunctions.moment(sqlite3_value_int64(value)))
        case SQLITE_FLOAT:
            guard let whole = Int64(exactly: sqlite3_value_double(value).rounded()) else { return result.null() }
            result.set(SQLFunctions.moment(whole))
        default: result.null()
        }
    }

    /// `2026-01-02T03:04:05.000000006Z`.
    static func moment(_ nanoseconds: Int64) -> String {
        let second = 1_000_000_000 as Int64
        let seconds = nanoseconds >= 0 ? nanoseconds / second : (nanoseconds - second + 1) / second
        let fraction = nanoseconds - seconds * second
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let clock = seconds - days * 86_400
        let (year, month, day) = date(days)
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(clock / 3_600, 2) + ":"
            + padded(clock / 60 % 60, 2) + ":" + padded(clock % 60, 2) + "." + padded(fraction, 9) + "Z"
    }

    /// The day that lies so many days after 1 January 1970, counted in eras of 400 years that begin in March.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let isNextYear = month >= 10
        return (
            yearOfEra + era * 400 + (isNextYear ? 1 : 0), isNextYear ? month - 9 : month + 3,
            dayOfYear - (153 * month + 2) / 5 + 1
        )
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
