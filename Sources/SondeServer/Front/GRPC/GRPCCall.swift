// SPDX-License-Identifier: Apache-2.0
// What gRPC says of a request's head, and the nouns of a call.
//
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests

import NIOCore
import NIOHPACK
import NIOHTTP2
import SondePipeline

/// A method that is served.
struct GRPCMethod: Sendable {
    /// `/package.Service/Method`; also its name in metrics.
    var path: String
    var work: Work

    enum Work: Sendable {
        /// The same request as a POST to this route, which knows nothing of gRPC.
        case export(Route)
        /// `grpc.health.v1.Health/Check`.
        case health
    }

    /// What it takes in, where it takes telemetry.
    var signal: Signal? {
        if case .export(let route) = work { route.intake.signal } else { nil }
    }

    /// Bytes of a message, as received.
    func maxMessageBytes(_ limits: ServerLimits) -> Int {
        if case .export(let route) = work { route.maxBodyBytes(limits) } else { ServerLimits.questionBodyBytes }
    }
}

/// A request that has arrived in full.
struct GRPCCall: Sendable {
    var stream: HTTP2StreamID
    var method: GRPCMethod
    var message: [UInt8]
    var isCompressed: Bool
    /// Room for the message in the memory budget.
    var reservation: Reservation?
}

/// What goes back.
enum GRPCAnswer: Sendable {
    case message(ByteBuffer)
    case failure(GRPCStatus)
    /// For those who don't speak gRPC: a status of HTTP and a sentence.
    case foreign(status: Int, text: String)
}

/// The fields of a request's head that matter here.
struct GRPCHead {
    var httpMethod = ""
    var path = ""
    var contentType: String?
    var encoding = "identity"
    /// How long the caller waits; nil for ever.
    var timeout: Duration?
    private(set) var malformedTimeout: String?

    init(_ headers: HPACKHeaders) {
        for (name, value, _) in headers {
            switch name {
            case ":method": httpMethod = value
            case ":path": path = value
            case "content-type": contentType = value
            case "grpc-encoding": encoding = value.lowercased()
            case "grpc-timeout":
                timeout = Self.duration(value)
                if timeout == nil { malformedTimeout = value }
            default: break
            }
        }
    }

    /// `application/grpc`, alone or with the one message format that is spoken.
    var isGRPC: Bool {
        guard let contentType else { return false }
        let essence = ContentType.essence(contentType)
        return essence == "application/grpc" || essence == "application/grpc+proto"
    }

    /// At most eight digits and a unit.
    static func duration(_ text: String) -> Duration? {
        guard let unit = text.utf8.last, (2...9).contains(text.utf8.count),
            text.utf8.dropLast().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let count = Int64(text.dropLast())
        else { return nil }
        switch unit {
        case UInt8(ascii: "H"): return .seconds(count * 3600)
        case UInt8(ascii: "M"): return .seconds(count * 60)
        case UInt8(ascii: "S"): return .seconds(count)
        case UInt8(ascii: "m"): return .milliseconds(count)
        case UInt8(ascii: "u"): return .microseconds(count)
        case UInt8(ascii: "n"): return .nanoseconds(count)
        default: return nil
        }
    }
}
