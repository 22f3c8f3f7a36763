// SPDX-License-Identifier: Apache-2.0
// The files of a data folder, named once.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct StoreFiles: Hashable, Sendable {
    static let databaseName = "sonde.db"
    static let lockName = "lock"

    /// The database file.
    let database: String

    init(directory: String) { database = directory + "/" + Self.databaseName }

    init(database: String) { self.database = database }

    var log: String { database + "-wal" }
    var index: String { database + "-shm" }

    /// Bytes of all files together.
    var bytes: Int { [database, log, index].reduce(0) { $0 + (Self.size($1) ?? 0) } }

    /// Bytes of a file; nil if there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Bytes that the file system would still give to a file here; nil if it does not say.
    static func freeBytes(_ path: String) -> Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? .max : bytes
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes the folder and those above it, readable by the user alone.
    static func makeDirectory(_ path: String) throws(StoreError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            guard !isDirectory(made), mkdir(made, 0o700) != 0, errno != EEXIST else { continue }
            throw StoreError(.failed, "cannot make the data folder \(path): \(String(cString: strerror(errno)))")
        }
    }
}
