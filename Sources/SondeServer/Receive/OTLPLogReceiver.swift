// SPDX-License-Identifier: Apache-2.0
// Log records over OTLP/HTTP.

import SondeModel
import SondePipeline
import SondeStorage
import SondeWire

/// `ExportLogsServiceRequest` at `/v1/logs`.
struct OTLPLogReceiver: Receiver {
    static let path = "/v1/logs"
    static let signal = Signal.logs
    let sink: any LogSink
    let observer: any PipelineObserver

    func take(_ payload: Payload) async throws(ReceiveError) -> Reply {
        let decoded: DecodedBatch<LogEntry>
        do throws(DecodeError) {
            decoded =
                switch payload.format {
                case .protobuf: try OTLPDecoder.logs(payload.bytes)
                case .json: try OTLPJSONDecoder.logs(payload.bytes)
                }
        } catch {
            throw .undecodable(error.message)
        }
        do { try await sink.accept(decoded.batch) } catch { throw .sink(error) }
        if decoded.rejectedCount > 0 { observer.turnedAway(.logs, count: decoded.rejectedCount, reason: .invalid) }
        return OTLPContent.reply(
            .logs, in: payload.format, rejected: decoded.rejectedCount, message: decoded.rejectionReason)
    }
}
