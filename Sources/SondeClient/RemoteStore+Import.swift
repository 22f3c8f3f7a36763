// SPDX-License-Identifier: Apache-2.0
// Telemetry handed to a collector at the address where it is asked: OTLP protobuf, one request a batch.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import SondeStorage
import SondeWire

extension RemoteStore {
    /// What a request holds.
    package enum ImportedSignal: String, Hashable, Sendable { case spans, logs }

    /// Stores an `ExportTraceServiceRequest` or `ExportLogsServiceRequest`. Returns when it is as safe as the collector
    /// promises; how many of its items were refused, and why the first of them.
    ///
    /// - Throws: As a sink does: ``SondeStorage/SinkError/busy(reason:retryAfter:)`` also where nobody answers just now.
    package func store(
        _ body: [UInt8], as signal: ImportedSignal
    ) async throws(SinkError) -> (rejected: Int, reason: String) {
        var request = HTTPClientRequest(url: url + "/sonde/v1/import/" + signal.rawValue)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-protobuf")
        request.headers.add(name: "accept", value: "application/x-protobuf")
        request.body = .bytes(body)
        let answer: Answer
        do {
            answer = try await exchange(request)
        } catch {
            throw .busy(reason: ReadError(asking: url, within: answerTimeout, error).reason, retryAfter: .seconds(1))
        }
        switch answer.status.code {
        case 200: return try refused(answer)
        case 404: throw .failed(reason: "the collector at \(url) takes no imports; is it of this version?")
        case 429, 502...504:
            let seconds = answer.header("retry-after").flatMap { Int($0) } ?? 1
            throw .busy(reason: answer.refusal.reason, retryAfter: .seconds(min(max(seconds, 1), 60)))
        case 400..<500: throw .rejected(reason: answer.refusal.reason)
        default: throw .failed(reason: answer.refusal.reason)
        }
    }

    private func refused(_ answer: Answer) throws(SinkError) -> (rejected: Int, reason: String) {
        let signal = OTLPResponse.Signal.traces
        do throws(DecodeError) {
            let response = try OTLPResponse(protobuf: Array(answer.body.readableBytesView), signal: signal)
            return (Int(response.rejectedCount), response.errorMessage)
        } catch {
            throw .failed(reason: "cannot read the answer of \(url): \(error.message)")
        }
    }
}
