// SPDX-License-Identifier: Apache-2.0
// Plain HTTP calls from a test, without anything of ours in them: what a stranger's client would send and see.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

struct HTTPAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw UnexpectedAnswer(description: "cannot read \(type) from: \(text)\n\(error)")
        }
    }
}

struct UnexpectedAnswer: Error, CustomStringConvertible {
    let description: String
}

enum HTTPProbe {
    /// Answers are at most this long: the largest is the metrics page of a collector under load.
    private static let maxAnswerBytes = 32 << 20

    static func get(_ url: String, headers: [(String, String)] = []) async throws -> HTTPAnswer {
        try await send("GET", url, headers: headers, body: nil)
    }

    static func send(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: [UInt8]?
    ) async throws -> HTTPAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = .init(rawValue: method)
        request.headers = HTTPHeaders(headers)
        if let body { request.body = .bytes(body) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let buffer = try await response.body.collect(upTo: maxAnswerBytes)
        return HTTPAnswer(
            status: Int(response.status.code), headers: response.headers, body: Array(buffer.readableBytesView))
    }

    /// The JSON of a 200 answer; anything else is an error that quotes it.
    static func json<Value: Decodable>(_ type: Value.Type, from url: String) async throws -> Value {
        let answer = try await get(url)
        guard answer.status == 200 else {
            throw UnexpectedAnswer(description: "GET \(url) answered \(answer.status): \(answer.text)")
        }
        return try answer.json(type)
    }
}
