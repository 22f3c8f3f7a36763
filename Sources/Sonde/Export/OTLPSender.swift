// SPDX-License-Identifier: Apache-2.0
// One OTLP/HTTP request and what its answer means.
//
// https://opentelemetry.io/docs/specs/otlp/#otlphttp

#if OTLPExport
    import AsyncHTTPClient
    import NIOCore
    import NIOHTTP1
    import NIOPosix
    import SondeModel
    import SondeWire
    import Tracing

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// What became of a request.
    enum SendOutcome: Hashable, Sendable {
        /// Taken; `rejected` of its entries were not, for the reason given.
        case accepted(rejected: Int, message: String)
        /// Refused for good.
        case refused(String)
        /// Worth another attempt, perhaps after the wait that the collector asked for.
        case failed(String, retryAfter: Duration?)
        /// Nobody listens there, as the system said at once. Worth another attempt while there is time.
        case unreachable(String)
    }

    /// Sends the requests of one signal.
    struct OTLPSender: Sendable {
        let client: HTTPClient
        let signal: ExportSignal
        let url: String
        let headers: [String: String]
        let compression: Compression
        let timeout: Duration

        func send(_ body: ByteBuffer) async -> SendOutcome {
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/x-protobuf")
            request.headers.add(name: "user-agent", value: "sonde-swift/\(LibraryVersion.text)")
            for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
            if compression == .gzip { request.headers.replaceOrAdd(name: "content-encoding", value: "gzip") }
            request.body = .bytes(compression == .gzip ? ByteBuffer(bytes: Gzip.compress(Array(buffer: body))) : body)
            do {
                let response = try await client.execute(request, timeout: TimeAmount(timeout))
                return await outcome(of: response)
            } catch {
                return Unreachable.isCause(of: error) ? .unreachable("\(error)") : .failed("\(error)", retryAfter: nil)
            }
        }

        private func outcome(of response: HTTPClientResponse) async -> SendOutcome {
            let body = (try? await response.body.collect(upTo: Limits.responseBytes)).map { Array(buffer: $0) } ?? []
            let status = Int(response.status.code)
            switch status {
            case 200..<300:
                let answer = try? OTLPResponse(protobuf: body, signal: signal.responseSignal)
                return .accepted(
                    rejected: Int(clamping: max(0, answer?.rejectedCount ?? 0)), message: answer?.errorMessage ?? "")
            case 429, 502, 503, 504:
                let now = Timestamp(nanoseconds: DefaultTracerClock.now.nanosecondsSinceEpoch)
                let wait = RetryAfter.wait(response.headers.first(name: "retry-after"), now: now)
                return .failed(description(status, body), retryAfter: wait)
            default: return .refused(description(status, body))
            }
        }

        private func description(_ status: Int, _ body: [UInt8]) -> String {
            let message = (try? RPCStatus(protobuf: body))?.message ?? ""
            return "HTTP \(status)" + (message.isEmpty ? "" : ": \(message.prefix(500))")
        }
    }

    extension ExportSignal {
        fileprivate var responseSignal: OTLPResponse.Signal {
            switch self {
            case .traces: .traces
            case .logs: .logs
            case .metrics: .metrics
            }
        }
    }

    /// Errors that say without a wait that there is nobody: the port is closed, or there is no way to the host. A name that
    /// is not found may be found a moment later, so it is none of them.
    enum Unreachable {
        static func isCause(of error: any Error) -> Bool {
            switch error {
            case let error as IOError:
                [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ENOENT].contains(error.errnoCode)
            case let error as NIOConnectionError:
                !error.connectionErrors.isEmpty && error.connectionErrors.allSatisfy { isCause(of: $0.error) }
            default: false
            }
        }
    }
#endif
