// SPDX-License-Identifier: Apache-2.0
// Decides what becomes of a call: once when its head is there, once when its message is complete. The exports are the
// routes of OTLP/HTTP: a call is handed to them as the POST that it would have been there, so that every rule from
// inflation to the answer's message holds at both doors.

import Logging
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import SondeModel
import SondePipeline

struct GRPCDispatcher: Sendable {
    /// The listener's name in logs and metrics.
    let listener: String
    let limits: ServerLimits
    let budget: InFlightBudget
    let metrics: ServerMetrics
    let logger: Logger
    /// What HTTP/1.1 on this port meets.
    let stranger: Dispatcher
    private let methods: [String: GRPCMethod]
    private let readiness: Readiness

    init(exports: [Route], stranger: Dispatcher, readiness: Readiness) {
        self.listener = stranger.listener
        self.limits = stranger.limits
        self.budget = stranger.budget
        self.metrics = stranger.metrics
        self.logger = stranger.logger
        self.stranger = stranger
        self.readiness = readiness
        var methods = [GRPCMethod(path: Self.healthPath, work: .health)]
        for (pattern, path) in Self.exportPaths {
            guard let route = exports.first(where: { $0.pattern == pattern }) else { continue }
            methods.append(GRPCMethod(path: path, work: .export(route)))
        }
        self.methods = Dictionary(uniqueKeysWithValues: methods.map { ($0.path, $0) })
    }

    private static let healthPath = "/grpc.health.v1.Health/Check"
    private static let exportPaths = [
        OTLPTraceReceiver.path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        OTLPLogReceiver.path: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        OTLPMetricReceiver.path: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    ]

    // MARK: When the head is there

    enum Plan {
        case take(GRPCMethod, isGzip: Bool)
        case refuse(GRPCAnswer)
    }

    /// Whether the call may send its message. Runs on the connection's event loop and never waits.
    func plan(_ head: GRPCHead) -> Plan {
        guard head.httpMethod == "POST" else {
            return .refuse(.foreign(status: 405, text: "\(head.httpMethod) is not served here; " + Self.welcome))
        }
        guard head.isGRPC else {
            let type = head.contentType.map { "the content type \($0) is not application/grpc; " }
            return .refuse(.foreign(status: 415, text: (type ?? "the request has no content type; ") + Self.welcome))
        }
        guard let method = methods[head.path] else { return .refuse(.failure(unknown(head.path))) }
        if let text = head.malformedTimeout {
            return .refuse(.failure(.init(.internal, "cannot read the grpc-timeout \(text)")))
        }
        switch head.encoding {
        case "identity", "gzip": return .take(method, isGzip: head.encoding == "gzip")
        default:
            if let signal = method.signal { metrics.ingestRefused(signal, reason: .unsupported) }
            var status = GRPCStatus(
                .unimplemented, "the grpc-encoding \(head.encoding) is not known; send gzip or none")
            status.namesEncodings = true
            return .refuse(.failure(status))
        }
    }

    static let welcome =
        "this port takes OTLP over gRPC; OTLP over HTTP is taken by another (--otlp-http, usually 4318)"

    private func unknown(_ path: String) -> GRPCStatus {
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/"), parts.count == 2 else {
            return .init(.unimplemented, "the path \(path) is not /SERVICE/METHOD")
        }
        let isKnownService = methods.keys.contains { $0.hasPrefix("/\(parts[0])/") }
        return .init(
            .unimplemented,
            isKnownService ? "the service \(parts[0]) has no method \(parts[1])" : "there is no service \(parts[0])")
    }

    // MARK: When the message is complete

    func respond(to call: GRPCCall) async -> GRPCAnswer {
        defer { call.reservation?.release() }
        switch call.method.work {
        case .health: return checkHealth(call.message)
        case .export(let route): return await export(call, to: route)
        }
    }

    private func export(_ call: GRPCCall, to route: Route) async -> GRPCAnswer {
        let head = call.isCompressed ? Self.gzipHead : Self.plainHead
        do {
            let target = try RequestTarget(route.pattern)
            let match = RouteMatch(route: route, target: target, reservation: call.reservation)
            let request = Request(head: head, match: match, body: call.message, arrival: .now)
            return .message(try await route.answer(request).body)
        } catch let refusal as Refusal {
            return .failure(GRPCStatus(refusal))
        } catch {
            logger.error(
                "cannot answer a request", metadata: ["route": "\(call.method.path)", "error": "\(error)"])
            return .failure(.init(.internal, "the collector failed to answer; its log says why"))
        }
    }

    private static let plainHead = HTTPRequestHead(
        version: .http1_1, method: .POST, uri: "/", headers: ["content-type": ContentType.protobuf])
    private static let gzipHead = HTTPRequestHead(
        version: .http1_1, method: .POST, uri: "/",
        headers: ["content-type": ContentType.protobuf, "content-encoding": "gzip"])

    // MARK: Health

    /// `HealthCheckRequest { 1 string service }` → `HealthCheckResponse { 1 status: 1 SERVING, 2 NOT_SERVING }`; no
    /// name asks for the server as a whole. https://github.com/grpc/grpc/blob/master/doc/health-checking.md
    private func checkHealth(_ message: [UInt8]) -> GRPCAnswer {
        let service: String
        do throws(MalformedProtobuf) {
            service = try Self.serviceName(in: message)
        } catch {
            return .failure(.init(.invalidArgument, "cannot decode the HealthCheckRequest: \(error.reason)"))
        }
        guard service.isEmpty || methods.keys.contains(where: { $0.hasPrefix("/\(service)/") }) else {
            return .failure(.init(.notFound, "there is no service \(service)"))
        }
        return .message(ByteBuffer(bytes: [0x08, readiness.state == .ready ? 1 : 2]))
    }

    private static func serviceName(in message: [UInt8]) throws(MalformedProtobuf) -> String {
        try message.withUnsafeBufferPointer { buffer throws(MalformedProtobuf) in
            guard let base = buffer.baseAddress, !buffer.isEmpty else { return "" }
            var reader = ProtobufReader(base: base, range: 0..<buffer.count)
            var name = ""
            while try reader.next() {
                if reader.field == 1 { name = try reader.readString() }
            }
            return name
        }
    }

    // MARK: Counting

    /// A call was refused before it was complete.
    func count(_ reason: RefusalReason, of method: GRPCMethod) {
        if let signal = method.signal { metrics.ingestRefused(signal, reason: reason) }
    }

    /// Every answer passes here as it leaves.
    func record(_ answer: GRPCAnswer, method: GRPCMethod?, since arrival: ContinuousClock.Instant) {
        let duration = arrival.duration(to: .now)
        let status =
            switch answer {
            case .message: GRPCCode.ok.name
            case .failure(let status): status.code.name
            case .foreign(let status, _): String(status)
            }
        metrics.requestAnswered(listener: listener, route: method?.path ?? "none", status: status, after: duration)
        logger.debug(
            "call",
            metadata: [
                "method": "\(method?.path ?? "-")", "status": "\(status)", "seconds": "\(duration.secondsAsDouble)",
            ])
    }
}
