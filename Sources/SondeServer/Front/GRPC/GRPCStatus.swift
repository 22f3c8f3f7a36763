// SPDX-License-Identifier: Apache-2.0
// How a call ended, as gRPC says it in trailers.
//
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses

import FoundationEssentials
import NIOHPACK
import NIOHTTP1
import SondeWire

/// The codes that this front gives.
enum GRPCCode: Int, Hashable, Sendable, CaseIterable {
    case ok = 0
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case permissionDenied = 7
    case resourceExhausted = 8
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14

    /// As specifications and metrics spell it.
    var name: String {
        switch self {
        case .ok: "OK"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        }
    }
}

/// Why a call was not answered with a message.
struct GRPCStatus: Error, Hashable, Sendable {
    var code: GRPCCode
    var message: String
    /// When to send it again; without it RESOURCE_EXHAUSTED means "never".
    var retryAfter: Duration?
    /// Whether the caller used an encoding that we don't know and must hear which we do.
    var namesEncodings = false

    init(_ code: GRPCCode, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// What a route refused, said in gRPC's words.
    init(_ refusal: Refusal) {
        let code: GRPCCode =
            switch refusal.status {
            case .badRequest, .expectationFailed, .requestHeaderFieldsTooLarge: .invalidArgument
            case .requestTimeout: .deadlineExceeded
            case .notFound: .notFound
            case .forbidden: .permissionDenied
            case .tooManyRequests, .payloadTooLarge: .resourceExhausted
            case .unsupportedMediaType, .methodNotAllowed, .notImplemented: .unimplemented
            case .serviceUnavailable: .unavailable
            default: .internal
            }
        let message = refusal.hint.map { refusal.message + "; " + $0 } ?? refusal.message
        self.init(code, message, retryAfter: refusal.retryAfter)
    }

    /// Adds the trailers that tell it.
    func write(to trailers: inout HPACKHeaders) {
        let message = shortMessage
        trailers.add(name: "grpc-status", value: String(code.rawValue))
        if !message.isEmpty { trailers.add(name: "grpc-message", value: Self.percentEncoded(message)) }
        if namesEncodings { trailers.add(name: "grpc-accept-encoding", value: "identity,gzip") }
        guard let retryAfter else { return }
        // Collectors and Go's SDK look into the status; Python's SDK knows only the bare message under its own name.
        let retry = RetryInfo(delay: retryAfter)
        let status = RPCStatus(code: Int32(code.rawValue), message: message)
        trailers.add(name: "grpc-status-details-bin", value: Self.base64(status.protobuf(retry: retry)))
        trailers.add(name: "google.rpc.retryinfo-bin", value: Self.base64(retry.protobuf))
    }

    /// Clients take few kilobytes of trailers, and a message may quote what its sender wrote.
    private var shortMessage: String {
        guard message.utf8.count > ServerLimits.grpcMessageBytes else { return message }
        return String(decoding: message.utf8.prefix(ServerLimits.grpcMessageBytes), as: UTF8.self) + "…"
    }

    /// Printable ASCII but `%` stands for itself, every other byte is `%XX`.
    static func percentEncoded(_ text: String) -> String {
        guard !text.utf8.allSatisfy(isPlain) else { return text }
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count * 3)
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            if isPlain(byte) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "%")
    }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
