// SPDX-License-Identifier: Apache-2.0
// What the conventions for RPC say of a call, on either side.
//
// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/

#if GRPC
    import GRPCCore
    import Tracing

    /// Names of attributes and metrics.
    enum RPCName {
        static let system = "rpc.system.name"
        static let method = "rpc.method"
        static let status = "rpc.response.status_code"
        static let clientDuration = "rpc.client.call.duration"
        static let serverDuration = "rpc.server.call.duration"
        static let errorType = "error.type"
    }

    extension RPCError {
        /// What the other side sees of any error.
        init(seenBySender error: any Error) {
            switch error {
            case let error as RPCError: self = error
            case let error as any RPCErrorConvertible: self.init(error)
            case is CancellationError: self.init(code: .cancelled, message: "\(error)")
            default: self.init(code: .unknown, message: "\(error)")
            }
        }
    }

    extension RPCError.Code {
        /// The code as gRPC writes it: `DEADLINE_EXCEEDED`.
        var name: String {
            switch self {
            case .cancelled: "CANCELLED"
            case .invalidArgument: "INVALID_ARGUMENT"
            case .deadlineExceeded: "DEADLINE_EXCEEDED"
            case .notFound: "NOT_FOUND"
            case .alreadyExists: "ALREADY_EXISTS"
            case .permissionDenied: "PERMISSION_DENIED"
            case .resourceExhausted: "RESOURCE_EXHAUSTED"
            case .failedPrecondition: "FAILED_PRECONDITION"
            case .aborted: "ABORTED"
            case .outOfRange: "OUT_OF_RANGE"
            case .unimplemented: "UNIMPLEMENTED"
            case .internalError: "INTERNAL"
            case .unavailable: "UNAVAILABLE"
            case .dataLoss: "DATA_LOSS"
            case .unauthenticated: "UNAUTHENTICATED"
            default: "UNKNOWN"
            }
        }

        /// Whether the server failed; other codes are the caller's affair.
        var isServerFault: Bool {
            [.unknown, .deadlineExceeded, .unimplemented, .internalError, .unavailable, .dataLoss].contains(self)
        }
    }

    /// A peer as grpc-swift names it: `ipv4:127.0.0.1:50051`, `ipv6:[::1]:50051`, `unix:/tmp/socket`, `dns:host:80`.
    struct RPCPeer: Equatable {
        var address: String?
        var port: Int?

        init(_ text: String) {
            guard let colon = text.firstIndex(of: ":") else { return }
            let rest = text[text.index(after: colon)...]
            switch text[..<colon] {
            case "unix": address = String(rest)
            case "ipv4", "ipv6", "dns":
                let end = rest.lastIndex(of: ":") ?? rest.endIndex
                var host = rest[..<end]
                if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
                guard !host.isEmpty else { return }
                address = String(host.replacingBrackets)
                port = end < rest.endIndex ? Int(rest[rest.index(after: end)...]) : nil
            default: return
            }
        }
    }

    extension Substring {
        /// Some transports write brackets percent-encoded.
        fileprivate var replacingBrackets: Substring {
            guard hasPrefix("%5B"), hasSuffix("%5D") else { return self }
            return dropFirst(3).dropLast(3)
        }
    }

    /// Reads and writes context in a call's metadata. Several entries of one name are one list, as HTTP/2 has it.
    struct MetadataCarrier: Extractor, Injector {
        func extract(key: String, from metadata: Metadata) -> String? {
            var values = metadata[stringValues: key].makeIterator()
            guard var joined = values.next() else { return nil }
            while let value = values.next() { joined += "," + value }
            return joined
        }

        func inject(_ value: String, forKey key: String, into metadata: inout Metadata) {
            metadata.replaceOrAddString(value, forKey: key.lowercased())
        }
    }
#endif
