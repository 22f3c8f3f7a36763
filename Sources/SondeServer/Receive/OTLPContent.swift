// SPDX-License-Identifier: Apache-2.0
// OTLP over HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp. Protobuf is spoken; JSON is refused by name.

import NIOCore
import NIOHTTP1
import SondeWire

/// What OTLP/HTTP says of headers.
enum OTLPContent {
    static func checkType(_ head: HTTPRequestHead) throws(Refusal) {
        let type = head.headers.first(name: "content-type").map(ContentType.essence)
        switch type {
        case ContentType.protobuf: return
        case ContentType.json:
            throw .unsupportedMedia(
                "OTLP in JSON is not taken by this version",
                hint: "send application/x-protobuf (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf)")
        case let other?:
            throw .unsupportedMedia("the content type \(other) is not OTLP", hint: "send application/x-protobuf")
        case nil:
            throw .unsupportedMedia("the request has no content type", hint: "send application/x-protobuf")
        }
    }

    /// 200 with the response message of the signal, in the encoding of the request; nothing rejected is a full success.
    static func reply(_ signal: OTLPResponse.Signal, rejected: Int, message: String?) -> Reply {
        let response = OTLPResponse(signal, rejectedCount: Int64(rejected), errorMessage: message ?? "")
        return Reply(.ok, type: ContentType.protobuf, bytes: response.protobuf)
    }
}
