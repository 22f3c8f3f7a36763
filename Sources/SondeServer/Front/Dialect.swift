// SPDX-License-Identifier: Apache-2.0
// How refusals are worded: every group of routes has clients of its own, who parse errors in their own way.

import NIOCore
import NIOHTTP1
import SondeWire

/// The shape of error bodies.
enum Dialect: Hashable, Sendable {
    /// `{error:{code,message,hint}}`.
    case native
    /// `google.rpc.Status` in the encoding of the request; JSON where the request has none that we know.
    case otlp
    /// Jaeger's envelope with `errors`.
    case jaeger
    /// `{error:{httpCode,message}}`, as the third version of Jaeger's API has it.
    case jaegerV3
    /// A sentence.
    case text

    func reply(to refusal: Refusal, head: HTTPRequestHead?) -> Reply {
        var reply =
            switch self {
            case .native:
                Reply.json(
                    NativeJSON.error(
                        code: refusal.code, message: refusal.message, hint: refusal.hint, offset: refusal.offset),
                    status: refusal.status)
            case .otlp: otlpStatus(refusal, contentType: head?.headers.first(name: "content-type"))
            case .jaeger:
                Reply.goError(
                    JaegerJSON.error(.init(code: Int(refusal.status.code), message: refusal.sentence)),
                    refusal.status)
            case .jaegerV3:
                Reply.goError(
                    JaegerV3JSON.error(code: Int(refusal.status.code), message: refusal.sentence), refusal.status)
            case .text: Reply.text(refusal.sentence + "\n", status: refusal.status)
            }
        if let delay = refusal.retryAfter {
            reply.headers.add(name: "retry-after", value: String(delay.retryAfterSeconds))
        }
        if let allow = refusal.allow { reply.headers.add(name: "allow", value: allow) }
        reply.closesConnection = refusal.closesConnection
        return reply
    }

    private func otlpStatus(_ refusal: Refusal, contentType: String?) -> Reply {
        let status = RPCStatus(code: refusal.status.rpcCode, message: refusal.sentence)
        if contentType.map(ContentType.essence) == ContentType.protobuf {
            return Reply(refusal.status, type: ContentType.protobuf, bytes: status.protobuf)
        }
        return .json(status.json, status: refusal.status)
    }
}

extension Reply {
    /// JSON that says it is text: Go's library for errors knows no other type, and Jaeger sends its errors with it.
    fileprivate static func goError(_ bytes: [UInt8], _ status: HTTPResponseStatus) -> Reply {
        var reply = Reply(status, type: "text/plain; charset=utf-8", bytes: bytes)
        reply.headers.add(name: "x-content-type-options", value: "nosniff")
        return reply
    }
}

extension Refusal {
    /// Message and hint in one, for dialects that have a single text.
    var sentence: String { hint.map { message + "; " + $0 } ?? message }
}

extension HTTPResponseStatus {
    /// The code of `google.rpc.Code` that says the same.
    var rpcCode: Int32 {
        switch self {
        case .badRequest, .payloadTooLarge, .unsupportedMediaType, .expectationFailed, .requestHeaderFieldsTooLarge: 3
        case .requestTimeout: 4
        case .notFound: 5
        case .forbidden: 7
        case .tooManyRequests: 8
        case .methodNotAllowed, .notImplemented: 12
        case .serviceUnavailable: 14
        default: 13
        }
    }
}
