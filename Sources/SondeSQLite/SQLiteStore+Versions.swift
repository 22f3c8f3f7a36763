// SPDX-License-Identifier: Apache-2.0
// What `sonde version` says about this store.

import GRDBSQLite

extension SQLiteStore {
    /// The version of the SQLite library in use: `3.40.1`.
    package static var libraryVersion: String { String(cString: sqlite3_libversion()) }

    /// The version of the file format that this store writes.
    package static var formatVersion: Int { Int(Schema.version) }
}
