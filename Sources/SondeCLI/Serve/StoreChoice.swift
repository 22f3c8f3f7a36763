// SPDX-License-Identifier: Apache-2.0
// Which store keeps the data, and which reads a file: the one place that names it.

import Logging
import Sonde
import SondeSQLite
import SondeStorage

enum StoreChoice {
    /// Opens the store that `serve` writes.
    static func open(
        _ settings: ServeSettings, _ metrics: MetricsRegistry, _ logger: Logger
    ) async throws(CommandFailure) -> any TelemetryStore {
        var configuration = SQLiteStoreConfiguration(directory: settings.dataFolder)
        configuration.durability = settings.isRelaxed ? .relaxed : .full
        configuration.retention = RetentionPolicy(
            maxAge: settings.keep, serviceMaxAge: settings.keepByService, maxBytes: settings.maxDiskBytes)
        configuration.memoryBudget = settings.maxMemoryBytes - settings.bytesInFlight
        configuration.observer = StoreMetrics(metrics)
        do throws(StoreError) { return try await SQLiteStore.open(configuration, logger: logger) } catch {
            throw CommandFailure(.cannotServe, error.reason, advice: advice(error.code))
        }
    }

    /// What to do where the reason itself doesn't say.
    private static func advice(_ code: StoreError.Code) -> String? {
        switch code {
        case .failed: "See that this user may read and write the folder, or name another one with --data FOLDER."
        case .notSonde: "Name another folder with --data FOLDER."
        default: nil
        }
    }

    /// Opens a file or data folder for reading, also while a collector writes there.
    static func read(path: String) async throws(CommandFailure) -> any Source {
        do { return try await reader(path: path) } catch { throw CommandFailure(error) }
    }

    /// The same, for those who ask again where nothing is yet.
    static func reader(path: String) async throws(ReadError) -> any Source & TracePins {
        do throws(StoreError) { return try await SQLiteReader.open(path: path) } catch { throw error.readError }
    }

    /// Runs `body` with a data folder that nobody else has open. Nothing in it is pruned meanwhile: that is for the
    /// collector's own settings to say.
    static func write<Result: Sendable>(
        folder: String, _ body: (any ImportTarget) async throws(CommandFailure) -> Result
    ) async throws(CommandFailure) -> Result {
        let store: SQLiteStore
        do throws(StoreError) {
            store = try await SQLiteStore.open(
                SQLiteStoreConfiguration(directory: folder),
                logger: Logger(label: "sonde") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            let isTaken = error.code == .locked
            throw CommandFailure(
                isTaken ? .sourceFailed : CommandFailure(error.readError).status, error.reason,
                advice: isTaken ? "If that is a collector, import into it with --at URL." : nil)
        }
        let upkeep = Task { try await store.run() }
        let target = StoreTarget(name: folder, store: store)
        let outcome: Swift.Result<Result, CommandFailure>
        do throws(CommandFailure) { outcome = .success(try await body(target)) } catch { outcome = .failure(error) }
        // What was there already is found when blocks are merged: the folder is left as it will stay.
        await store.settle()
        // Upkeep ends by closing the store.
        upkeep.cancel()
        _ = await upkeep.result
        return try outcome.get()
    }

    /// Opens a data folder, or the database in one, for changing what is pinned there: only while no collector does.
    static func changePins(path: String) async throws(CommandFailure) -> PinSource {
        var folder = path
        if path.hasSuffix("/sonde.db") { folder = String(path.dropLast("/sonde.db".count)) }
        if path == "sonde.db" { folder = "." }
        do throws(StoreError) {
            // Says what is wrong with the path before anything is made there.
            await (try SQLiteReader.open(path: folder)).close()
            let quiet = Logger(label: "sonde") { _ in SwiftLogNoOpLogHandler() }
            let store = try await SQLiteStore.open(SQLiteStoreConfiguration(directory: folder), logger: quiet)
            return PinSource(reader: store, pins: store) { await store.close() }
        } catch {
            let advice =
                error.code == .locked ? "Ask that collector instead: leave out --db, or name it with --at." : nil
            throw CommandFailure(
                error.code == .unreachable ? .unreachable : .sourceFailed, error.reason, advice: advice)
        }
    }

    static let databaseVersion = SQLiteStore.libraryVersion
    static let formatVersion = SQLiteStore.formatVersion
}
