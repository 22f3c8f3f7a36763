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
        configuration.retention = RetentionPolicy(maxAge: settings.keep, maxBytes: settings.maxDiskBytes)
        configuration.memoryBudget = settings.maxMemoryBytes - settings.bytesInFlight
        configuration.observer = StoreMetrics(metrics)
        do throws(StoreError) { return try await SQLiteStore.open(configuration, logger: logger) } catch {
            throw CommandFailure(.cannotServe, error.reason)
        }
    }

    /// Opens a file or data folder for reading, also while a collector writes there.
    static func read(path: String) async throws(CommandFailure) -> any Source {
        do throws(StoreError) { return try await SQLiteReader.open(path: path) } catch {
            throw CommandFailure(error.readError)
        }
    }

    static let databaseVersion = SQLiteStore.libraryVersion
    static let formatVersion = SQLiteStore.formatVersion
}
