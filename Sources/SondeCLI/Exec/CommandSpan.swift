// SPDX-License-Identifier: Apache-2.0
// The span around a command: whose child it is, what the command learns of it, and what it says once the command ended.
// Names follow OpenTelemetry's conventions for processes; the variables are those of its
// "Environment Variables as Context Propagation Carriers": TRACEPARENT, TRACESTATE, BAGGAGE.

import SondeModel
import SondeWire

struct CommandSpan {
    private(set) var record: SpanRecord
    private let flags: TraceFlags
    private let state: TraceState
    private let baggage: W3CBaggage

    /// Begins a span: a child of the one that the environment names, else the root of a new trace.
    init(
        _ command: [String], name: String?, service: String?, attributes: [Attribute], hidesArguments: Bool,
        environment: [String: String], now: Timestamp, using generator: inout some RandomNumberGenerator
    ) {
        let parent = environment["TRACEPARENT"].flatMap { TraceParent($0) }
        // Without a valid parent its state means nothing, as the W3C says.
        state = parent == nil ? .empty : environment["TRACESTATE"].flatMap { TraceState($0) } ?? .empty
        baggage = W3CBaggage(environment["BAGGAGE"] ?? "")
        flags = parent?.flags ?? [.sampled, .random]
        let program = command[0].split(separator: "/").last.map(String.init) ?? command[0]
        record = SpanRecord(
            traceID: parent?.traceID ?? Self.traceID(&generator), spanID: Self.spanID(&generator),
            parentSpanID: parent?.spanID ?? .zero, name: name ?? program, start: now, end: now,
            traceState: state.text,
            // Bits 8 and 9: we know whether the parent is in another process, and it is.
            flags: UInt32(flags.rawValue) | (parent == nil ? 0x100 : 0x300),
            resource: Self.resource(service, environment),
            scope: InstrumentationScope(name: "sonde exec", version: Version.text))
        record.attributes = [Attribute("process.executable.name", .string(program))]
        if !hidesArguments {
            record.attributes.append(Attribute("process.command_args", .array(command.map { .string($0) })))
        }
        record.attributes += attributes
    }

    /// Whether the trace is recorded; whoever began it may have decided otherwise.
    var isSampled: Bool { flags.contains(.sampled) }

    /// The environment of the command: ours, with this span as the parent of whatever the command does.
    func environment(from environment: [String: String]) -> [String: String] {
        var environment = environment
        environment["TRACEPARENT"] = TraceParent(traceID: record.traceID, spanID: record.spanID, flags: flags).text
        environment["TRACESTATE"] = state.isEmpty ? nil : state.text
        environment["BAGGAGE"] = baggage.isEmpty ? nil : baggage.text
        return environment
    }

    mutating func started(_ process: Int32) {
        record.attributes.append(Attribute("process.pid", .int(Int64(process))))
    }

    /// Ends the span. Anything but status 0 is an error that says what it was.
    mutating func ended(_ end: ChildProcess.End, now: Timestamp) {
        record.end = max(record.start, now)
        switch end {
        case .exited(let status):
            record.attributes.append(Attribute("process.exit.code", .int(Int64(status))))
            if status != 0 { fail("exited with status \(status)", type: String(status)) }
        case .signalled(let number):
            record.attributes.append(Attribute("process.exit.code", .int(Int64(128 + number))))
            fail("ended by signal \(number)", type: "signal \(number)")
        case .notStarted(let error):
            fail("could not be started: " + ChildProcess.reason(error), type: "not started")
        }
    }

    private mutating func fail(_ message: String, type: String) {
        record.status = SpanStatus(code: .error, message: message)
        record.attributes.append(Attribute("error.type", .string(type)))
    }

    /// As the standard variables say it; what is not said is not invented, but for a name.
    private static func resource(_ service: String?, _ environment: [String: String]) -> Resource {
        var attributes = W3CBaggage(environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "").members.map {
            Attribute($0.key, .string($0.value))
        }
        let name = [service, environment["OTEL_SERVICE_NAME"]].compactMap { $0 }.first { !$0.isEmpty }
        if let name { attributes.removeAll { $0.key == "service.name" && !name.isEmpty } }
        if let name {
            attributes.append(Attribute("service.name", .string(name)))
        } else if attributes["service.name"] == nil {
            attributes.append(Attribute("service.name", .string(Self.standardService)))
        }
        return Resource(attributes: attributes)
    }

    static let standardService = "shell"

    private static func traceID(_ generator: inout some RandomNumberGenerator) -> TraceID {
        let id = TraceID(high: generator.next(), low: generator.next())
        return id.isValid ? id : traceID(&generator)
    }

    private static func spanID(_ generator: inout some RandomNumberGenerator) -> SpanID {
        let id = SpanID(generator.next())
        return id.isValid ? id : spanID(&generator)
    }
}
