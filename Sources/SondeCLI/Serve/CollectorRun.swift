// SPDX-License-Identifier: Apache-2.0
// One run of the collector, from its settings to its end: the store is chosen here and nowhere else.

import FoundationEssentials
import Logging
import ServiceLifecycle
import Sonde
import SondeModel
import SondeServer
import SondeStorage
import SondeTerminal
import UnixSignals

struct CollectorRun {
    private let settings: ServeSettings
    private let unknownVariables: [String]
    private let surroundings: Surroundings
    private let telemetry: CollectorTelemetry
    private var logger: Logger { telemetry.logger }

    init(_ settings: ServeSettings, unknownVariables: [String], environment: [String: String]) throws(CommandFailure) {
        self.settings = settings
        self.unknownVariables = unknownVariables
        surroundings = Surroundings(of: .error, color: .auto, environment: environment)
        telemetry = try CollectorTelemetry(settings, surroundings.renderer)
    }

    /// Serves until a signal ends it.
    func run() async throws(CommandFailure) {
        for name in unknownVariables {
            logger.debug("a variable with our prefix is unknown and ignored", metadata: ["name": "\(name)"])
        }
        try createDataFolder()
        let store = try await StoreChoice.open(settings, telemetry.metrics, logger)
        await logStore(store)
        let collector = Collector(
            configuration: collectorConfiguration(), store: store, registry: telemetry.metrics, logger: logger,
            onReady: { announce($0) })
        // The group's own lines say nothing that ours don't.
        var quiet = logger
        quiet.logLevel = max(quiet.logLevel, .warning)
        var group = ServiceGroupConfiguration(
            services: [.init(service: collector)], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        group.maximumGracefulShutdownDuration = Limits.shutdownDeadline
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            throw CommandFailure(.cannotServe, "\(error)")
        }
        logger.info("stopped")
    }
}

// MARK: - Beginning

extension CollectorRun {
    /// Only its owner may look inside: spans tell more than their senders think.
    private func createDataFolder() throws(CommandFailure) {
        let folder = settings.dataFolder
        guard !FileManager.default.fileExists(atPath: folder) else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(
                .cannotServe, "cannot create the data folder \(folder): \(FileFailure.reason(error))",
                advice: "Name another one with --data FOLDER.")
        }
    }

    private func collectorConfiguration() -> CollectorConfiguration {
        var configuration = CollectorConfiguration()
        configuration.listeners = settings.listeners
        configuration.corsOrigin = settings.corsOrigin
        configuration.spanMetrics = settings.spanMetrics
        configuration.limits.inFlightBytes = settings.bytesInFlight
        // A single body, plain and inflated, must leave room for others.
        configuration.limits.maxBodyBytes = min(configuration.limits.maxBodyBytes, settings.bytesInFlight / 2)
        return configuration
    }

    private func logStore(_ store: any TelemetryStore) async {
        guard let size = try? await store.size() else { return }
        logger.info(
            "data",
            metadata: [
                "folder": "\(settings.dataFolder)", "size": "\(Quantity.size(bytes: size.bytes))",
                "spans": "\(size.spans)", "logs": "\(size.logs)",
            ])
    }
}

// MARK: - Once it serves

extension CollectorRun {
    private func announce(_ listeners: [BoundListener]) {
        for listener in listeners {
            logger.info("listening", metadata: ["for": "\(listener.name.rawValue)", "url": "\(listener.address.url)"])
        }
        guard surroundings.isTerminal, settings.logFormat == .text else { return }
        StandardStreams.writeError(surroundings.renderer.text(Self.nextSteps(listeners)))
    }

    /// What a person who has just started it may want to do.
    static func nextSteps(_ listeners: [BoundListener]) -> [StyledText] {
        let urls = Dictionary(listeners.map { ($0.name, $0.address.url) }, uniquingKeysWith: { $1 })
        var steps: [(String, String)] = []
        // SDKs differ in which of the two they speak unless they are told; either port refuses the other's language.
        if let url = urls[.otlpHTTP] { steps.append(("send to it", "OTEL_EXPORTER_OTLP_ENDPOINT=\(url)")) }
        if let url = urls[.otlpGRPC] {
            steps.append((steps.isEmpty ? "send to it" : "or by gRPC", "OTEL_EXPORTER_OTLP_ENDPOINT=\(url)"))
        }
        if let url = urls[.query] {
            steps.append(("look at it", "sonde traces" + (url == SourceOptions.standardURL ? "" : " --at \(url)")))
        }
        steps.append(("stop it", "Ctrl-C"))
        return [StyledText()]
            + steps.map { name, command in
                var line = StyledText("  " + name, .faint)
                line.pad(to: 14)
                line.append(command, .strong)
                return line
            } + [StyledText()]
    }
}
