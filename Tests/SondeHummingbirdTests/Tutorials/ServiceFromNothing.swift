// SPDX-License-Identifier: Apache-2.0
// The code of the tutorial "A service from nothing", in its order.

import Hummingbird
import Logging
import Metrics
import ServiceLifecycle
import Sonde
import SondeHummingbird
import Tracing
import UnixSignals

private func main() async throws {
    let telemetry = try Telemetry.bootstrap(serviceName: "greeter")
    let logger = Logger(label: "greeter")

    let router = Router(context: TelemetryRequestContext.self)
    router.add(middleware: TelemetryMiddleware())
    router.addTelemetryRoutes(telemetry)

    let greetings = telemetry.metrics.counter("greetings", help: "Greetings said.")
    router.get("/hello/{name}") { _, context in
        let name = try context.parameters.require("name")
        let greeting = withSpan("compose greeting") { span in
            span.attributes["greeter.name.length"] = name.count
            return "Hello, \(name)!"
        }
        greetings.increment()
        context.logger.info("greeted", metadata: ["name": "\(name)"])
        return greeting
    }

    let app = Application(
        router: router,
        configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 8080)),
        logger: logger)
    let services = ServiceGroup(
        services: [telemetry, app],
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: logger)
    try await services.run()
}
