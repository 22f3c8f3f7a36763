// SPDX-License-Identifier: Apache-2.0
// A service for the W3C Trace Context validation harness, and the smallest service that uses Sonde.
//
//   sonde-w3c --listen 127.0.0.1:7070
//   POST /test  [{"url": "http://…", "arguments": […]}, …]
//
// For each item in order it POSTs `arguments` to `url`, inside the span of the incoming request.
// https://github.com/w3c/trace-context/tree/main/test

import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Sonde
import SondeHummingbird
import UnixSignals

@main
struct W3CService: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sonde-w3c", abstract: "Propagates W3C trace context for the validation harness.")

    @Option(help: "Where to listen, HOST:PORT; port 0 takes any free one, which is printed.")
    var listen = ListenAddress(host: "127.0.0.1", port: 7070)

    func run() async throws {
        let telemetry = try Telemetry.bootstrap(serviceName: "sonde-w3c")
        let logger = Logger(label: "sonde-w3c")
        let client = InstrumentedHTTPClient()

        let router = Router(context: TelemetryRequestContext.self)
        router.add(middleware: TelemetryMiddleware())
        router.addTelemetryRoutes(telemetry)
        router.post("/test") { request, context in
            let calls = try await request.decode(as: [Call].self, context: context)
            for call in calls { try await call.make(with: client) }
            return HTTPResponse.Status.ok
        }
        let app = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(listen.host, port: listen.port)),
            onServerRunning: { channel in
                logger.info("listening", metadata: ["address": "\(channel.localAddress?.description ?? "")"])
            },
            logger: logger)
        let services = ServiceGroup(
            services: [telemetry, app], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await services.run()
    }
}

/// One item of the harness's request.
struct Call: Decodable {
    var url: String
    var arguments: JSONValue

    func make(with client: InstrumentedHTTPClient) async throws {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(arguments)))
        let response = try await client.execute(request, timeout: .seconds(10))
        _ = try await response.body.collect(upTo: 1 << 20)
    }
}

/// `HOST:PORT`, with or without `http://` before it.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        let text = argument.hasPrefix("http://") ? String(argument.dropFirst(7)) : argument
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), colon != text.startIndex
        else { return nil }
        self.init(host: String(text[..<colon]), port: port)
    }

    var description: String { "\(host):\(port)" }
}
