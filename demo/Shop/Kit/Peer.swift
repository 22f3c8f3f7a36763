// SPDX-License-Identifier: Apache-2.0
// Another service of the shop, called over HTTP with JSON. The call carries the trace: its client span is the parent of
// the server span over there.

import AsyncHTTPClient
import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import Sonde

struct Peer: Sendable {
    let name: String
    /// Without a slash at its end.
    let url: String
    let http: InstrumentedHTTPClient
    let logger: Logger

    func get(_ path: String) async throws -> PeerAnswer {
        try await send(HTTPClientRequest(url: url + path))
    }

    func post(_ path: String, _ body: some Encodable) async throws -> PeerAnswer {
        var request = HTTPClientRequest(url: url + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        return try await send(request)
    }

    /// Sends a request and returns the answer, whatever its status is below 500.
    ///
    /// A peer that can't be reached or fails is a ``Problem`` of status 502: a fault over there, not of the caller.
    private func send(_ request: HTTPClientRequest) async throws -> PeerAnswer {
        let answer = try await reach(request)
        guard answer.status < 500 else {
            logger.error("a service failed", metadata: ["peer": "\(name)", "status": "\(answer.status)"])
            throw unavailable("\(name) answered \(answer.status)" + (answer.detail.map { ": \($0.message)" } ?? ""))
        }
        return answer
    }

    private func reach(_ request: HTTPClientRequest) async throws -> PeerAnswer {
        do {
            let response = try await http.execute(request, timeout: Limits.peerTimeout)
            let body = try await response.body.collect(upTo: Limits.maxAnswerBytes)
            return PeerAnswer(peer: name, status: Int(response.status.code), body: Array(body.readableBytesView))
        } catch {
            logger.error("a service cannot be reached", metadata: ["peer": "\(name)", "error": "\(error)"])
            throw unavailable("\(name) cannot be reached at \(url)")
        }
    }

    private func unavailable(_ message: String) -> Problem {
        Problem(.badGateway, code: "\(name)_unavailable", message)
    }
}

/// What a peer answered.
struct PeerAnswer: Sendable {
    let peer: String
    let status: Int
    let body: [UInt8]

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw Problem(
                .badGateway, code: "\(peer)_unavailable", "\(peer) answered \(status) with a body that is no \(type)")
        }
    }

    /// The peer's own account of what was wrong with the request, to be passed on.
    var problem: Problem {
        Problem(
            .init(code: status), code: detail?.code ?? "\(peer)_refused",
            detail?.message ?? "\(peer) answered \(status)")
    }

    /// What the peer said about it, if the answer is an error of ours.
    var detail: ProblemBody.Detail? { try? decode(ProblemBody.self).error }
}
