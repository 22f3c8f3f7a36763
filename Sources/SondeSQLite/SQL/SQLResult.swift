// SPDX-License-Identifier: Apache-2.0
// Where a column's or a function's value goes.

import GRDBSQLite
import SondeModel

struct SQLResult {
    private let context: OpaquePointer

    init(_ context: OpaquePointer) { self.context = context }

    /// Tells SQLite to copy what it is given.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    func null() { sqlite3_result_null(context) }
    func set(_ value: Int) { sqlite3_result_int64(context, Int64(value)) }
    func set(_ value: UInt32) { sqlite3_result_int64(context, Int64(value)) }
    func set(_ value: Int64) { sqlite3_result_int64(context, value) }
    func set(_ value: Double) { sqlite3_result_double(context, value) }
    func set(_ value: Bool) { sqlite3_result_int(context, value ? 1 : 0) }

    /// SQL's integers are signed: times after the year 2262 and lengths beyond 292 years are held at the largest.
    static func time(_ nanoseconds: UInt64) -> Int64 { Int64(clamping: nanoseconds) }

    /// Nanoseconds; a time or a length.
    func set(nanoseconds: UInt64) { set(Self.time(nanoseconds)) }

    func set(_ text: String) {
        var text = text
        text.withUTF8 { set(utf8: $0) }
    }

    func set(utf8 text: UnsafeBufferPointer<UInt8>) { set(text, Self.transient) }

    /// Text that stays where it is for as long as the session lives.
    func set(kept text: UnsafeBufferPointer<UInt8>) { set(text, nil) }

    private func set(_ text: UnsafeBufferPointer<UInt8>, _ destructor: sqlite3_destructor_type?) {
        guard let base = text.baseAddress else {
            sqlite3_result_text(context, "", 0, nil)
            return
        }
        base.withMemoryRebound(to: CChar.self, capacity: text.count) {
            sqlite3_result_text(context, $0, Int32(clamping: text.count), destructor)
        }
    }

    func fail(_ message: String) { sqlite3_result_error(context, message, -1) }

    /// `digits` hexadecimal digits of the number, lower case.
    func set(hex words: (UInt64, UInt64?)) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
            var count = 0
            for word in [words.0, words.1].compactMap(\.self) {
                for shift in stride(from: 60 as UInt64, through: 0, by: -4) {
                    let nibble = UInt8(truncatingIfNeeded: word >> shift & 15)
                    digits[count] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
                    count += 1
                }
            }
            set(utf8: UnsafeBufferPointer(rebasing: digits[..<count]))
        }
    }
}
