// SPDX-License-Identifier: Apache-2.0
// What goes back: an answer, or a refusal that each dialect words in its own way.

import NIOCore
import NIOHTTP1

/// An answer to one request. Always whole: its length is known before the first byte leaves.
struct Reply: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: ByteBuffer
    /// The connection ends after this answer.
    var closesConnection = false

    init(_ status: HTTPResponseStatus = .ok, type: String? = nil, body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = HTTPHeaders()
        self.body = body
        if let type { headers.add(name: "content-type", value: type) }
    }

    init(_ status: HTTPResponseStatus = .ok, type: String, bytes: [UInt8]) {
        self.init(status, type: type, body: ByteBuffer(bytes: bytes))
    }

    static func json(_ bytes: [UInt8], status: HTTPResponseStatus = .ok) -> Reply {
        Reply(status, type: ContentType.json, bytes: bytes)
    }

    static func text(_ text: String, status: HTTPResponseStatus = .ok) -> Reply {
        Reply(status, type: "text/plain; charset=utf-8", body: ByteBuffer(string: text))
    }
}

enum ContentType {
    static let json = "application/json"
    static let protobuf = "application/x-protobuf"

    /// The type without its parameters, in lower case.
    static func essence(_ value: String) -> String {
        let essence = value.prefix { $0 != ";" }
        return String(essence.filter { $0 != " " && $0 != "\t" }).lowercased()
    }

    /// Whether an `Accept` header asks for this type by name, above all others that stand before it.
    static func accepts(_ type: String, _ accept: String?) -> Bool {
        guard let accept else { return false }
        for range in accept.split(separator: ",") {
            let essence = essence(String(range))
            if essence == type { return true }
            if essence == json { return false }
        }
        return false
    }
}

/// Why a request gets no answer of the kind it asked for. Every refusal is a sentence that helps.
struct Refusal: Error, Hashable, Sendable {
    var status: HTTPResponseStatus
    /// A stable word for programs; docs/api.md lists them.
    var code: String
    var message: String
    /// What to do about it, where that is not plain from the message.
    var hint: String?
    /// The place in a query that can't be read, in Unicode scalars from 0.
    var offset: Int?
    var retryAfter: Duration?
    /// The methods that the path knows, for 405.
    var allow: String?
    /// Whether the peer is cut off, having broken a rule of HTTP or kept us waiting.
    var closesConnection = false

    init(_ status: HTTPResponseStatus, code: String, _ message: String, hint: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
    }

    static func invalid(_ message: String, hint: String? = nil) -> Refusal {
        Refusal(.badRequest, code: "invalid", message, hint: hint)
    }

    static func notFound(_ message: String, hint: String? = nil) -> Refusal {
        Refusal(.notFound, code: "not_found", message, hint: hint)
    }

    static func tooLarge(_ message: String, hint: String? = nil) -> Refusal {
        Refusal(.payloadTooLarge, code: "too_large", message, hint: hint)
    }

    static func busy(_ message: String, retryAfter: Duration) -> Refusal {
        var refusal = Refusal(.serviceUnavailable, code: "busy", message)
        refusal.retryAfter = retryAfter
        return refusal
    }

    static func unsupportedMedia(_ message: String, hint: String? = nil) -> Refusal {
        Refusal(.unsupportedMediaType, code: "unsupported_media_type", message, hint: hint)
    }
}
