// SPDX-License-Identifier: Apache-2.0
// Stores in folders of their own that vanish with the test.

import FoundationEssentials
import Logging
import SondeModel
import SondeStorage
import SondeTestKit
import SondeWire

@testable import SondeSQLite

let codec = StoreContract.Codec(
    spanBatch: { try OTLPDecoder.traces(OTLPEncoder.traces($0)).batch },
    logBatch: { try OTLPDecoder.logs(OTLPEncoder.logs($0)).batch }
)

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A folder that is removed when the last reference goes.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "sonde-store-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// Runs `body` on a fresh store and closes it, whatever happens.
func withStore<R>(
    _ folder: TemporaryFolder? = nil, _ change: (inout SQLiteStoreConfiguration) -> Void = { _ in },
    _ body: (SQLiteStore) async throws -> R
) async throws -> R {
    let folder = try folder ?? TemporaryFolder()
    var configuration = SQLiteStoreConfiguration(directory: folder.path)
    change(&configuration)
    let store = try await SQLiteStore.open(configuration, logger: quiet)
    do {
        let result = try await body(store)
        await store.close()
        return result
    } catch {
        await store.close()
        throw error
    }
}
