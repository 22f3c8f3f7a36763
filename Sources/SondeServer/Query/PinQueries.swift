// SPDX-License-Identifier: Apache-2.0
// Pins: traces that retention spares. The one thing that the query listener lets people change.

import NIOCore
import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

struct PinQueries: Sendable {
    let pins: any TracePins
    let clock: WallClock

    var routes: [Route] {
        [
            Route(.GET, "/sonde/v1/pins") { _ in try await list() },
            Route(.GET, "/sonde/v1/traces/{id}/pin") { try await show($0) },
            Route(.PUT, "/sonde/v1/traces/{id}/pin") { try await pin($0) },
            Route(.DELETE, "/sonde/v1/traces/{id}/pin") { try await unpin($0) },
        ]
    }

    private func list() async throws(Refusal) -> Reply {
        let all = try await asking { () async throws(ReadError) in try await pins.pins() }
        return .json(NativeJSON.pins(all.map { ($0.traceID, $0.note, $0.time) }))
    }

    private func show(_ request: Request) async throws(Refusal) -> Reply {
        let id = try Self.id(request)
        let all = try await asking { () async throws(ReadError) in try await pins.pins() }
        guard let pin = all.first(where: { $0.traceID == id }) else { throw Self.notPinned(id) }
        return .json(NativeJSON.pin(pin.traceID, note: pin.note, time: pin.time))
    }

    private func pin(_ request: Request) async throws(Refusal) -> Reply {
        let id = try Self.id(request)
        let parameters = Parameters(items: request.match.target.query, now: clock.now())
        let note = parameters.text("note") ?? ""
        let made = try await asking { () async throws(ReadError) -> TracePin? in
            try await pins.pin(id, note: note)
        }
        guard let pin = made else {
            throw .notFound("no span of trace \(id) is stored", hint: "only a trace that has arrived can be pinned")
        }
        return .json(NativeJSON.pin(pin.traceID, note: pin.note, time: pin.time))
    }

    private func unpin(_ request: Request) async throws(Refusal) -> Reply {
        let id = try Self.id(request)
        let wasPinned = try await asking { () async throws(ReadError) in try await pins.unpin(id) }
        guard wasPinned else { throw Self.notPinned(id) }
        return Reply(.noContent)
    }

    private static func id(_ request: Request) throws(Refusal) -> TraceID {
        let text = request.match.parameters["id"] ?? ""
        guard let id = TraceID(padding: text) else {
            throw .invalid("\(text.prefix(80)) is not a trace id", hint: "expected 1 to 32 hex digits")
        }
        return id
    }

    private static func notPinned(_ id: TraceID) -> Refusal {
        .notFound("trace \(id) is not pinned", hint: "/sonde/v1/pins lists those that are")
    }
}
