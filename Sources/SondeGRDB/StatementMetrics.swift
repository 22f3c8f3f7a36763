// SPDX-License-Identifier: Apache-2.0
// How long statements take: one histogram, labelled by what can't grow without bound.

import CoreMetrics
import Sonde
import Synchronization

/// The timers of `db.client.operation.duration`, kept by operation and table.
final class StatementMetrics: Sendable {
    static let name = "db.client.operation.duration"

    private struct Key: Hashable {
        var operation: String?
        var collection: String?
        var errorType: String?
    }

    private let telemetry: Telemetry?
    private let namespace: String?
    private let timers = Mutex<[Key: Timer]>([:])

    init(_ tracing: StatementTracing) {
        telemetry = tracing.telemetry
        namespace = tracing.namespace
    }

    func timer(for statement: StatementDescription, errorType: String?) -> Timer {
        let key = Key(operation: statement.operation, collection: statement.collection, errorType: errorType)
        return timers.withLock { timers in
            if let known = timers[key] { return known }
            var labels = [("db.system.name", "sqlite")]
            if let namespace { labels.append(("db.namespace", namespace)) }
            if let operation = key.operation { labels.append(("db.operation.name", operation)) }
            if let collection = key.collection { labels.append(("db.collection.name", collection)) }
            if let errorType { labels.append(("error.type", errorType)) }
            let made = Timer(
                label: Self.name, dimensions: labels, factory: telemetry?.metrics ?? MetricsSystem.factory)
            if timers.count < Limits.knownStatements { timers[key] = made }
            return made
        }
    }
}
