// SPDX-License-Identifier: Apache-2.0
// OTLP over HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp. Both encodings on the same paths, told apart by
// the content type.

import NIOCore
import NIOHTTP1
import SondeWire

/// How the records of a body are written.
enum PayloadFormat: Hashable, Sendable {
    case protobuf, json
}

/// An inflated body.
struct Payload: Sendable {
    var bytes: [UInt8]
    var format: PayloadFormat
}

/// What OTLP/HTTP says of headers.
enum OTLPContent {
    static func format(_ head: HTTPRequestHead) throws(Refusal) -> PayloadFormat {
        let type = head.headers.first(name: "content-type")
        // As every SDK writes it.
        if type == ContentType.protobuf { return .protobuf }
        switch type.map(ContentType.essence) {
        case ContentType.protobuf: return .protobuf
        case ContentType.json: return .json
        case let other?: throw .unsupportedMedia("the content type \(other) is not OTLP", hint: hint)
        case nil: throw .unsupportedMedia("the request has no content type", hint: hint)
        }
    }

    private static let hint = "send application/x-protobuf or application/json"

    /// 200 with the response message of the signal, in the encoding of the request; nothing rejected is a full success.
    static func reply(
        _ signal: OTLPResponse.Signal, in format: PayloadFormat, rejected: Int, message: String?
    ) -> Reply {
        let response = OTLPResponse(signal, rejectedCount: Int64(rejected), errorMessage: message ?? "")
        switch format {
        case .protobuf: return Reply(.ok, type: ContentType.protobuf, bytes: response.protobuf)
        case .json: return .json(response.json)
        }
    }
}
