// SPDX-License-Identifier: Apache-2.0
// Spans over OTLP/HTTP.

import SondeModel
import SondePipeline
import SondeStorage
import SondeWire

/// `ExportTraceServiceRequest` at `/v1/traces`.
struct OTLPTraceReceiver: Receiver {
    static let path = "/v1/traces"
    static let signal = Signal.spans
    let sink: any SpanSink
    let observer: any PipelineObserver

    func take(_ payload: Payload) async throws(ReceiveError) -> Reply {
        let decoded: DecodedBatch<SpanEntry>
        do throws(DecodeError) {
            decoded =
                switch payload.format {
                case .protobuf: try OTLPDecoder.traces(payload.bytes)
                case .json: try OTLPJSONDecoder.traces(payload.bytes)
                }
        } catch {
            throw .undecodable(error.message)
        }
        do { try await sink.accept(decoded.batch) } catch { throw .sink(error) }
        if decoded.rejectedCount > 0 { observer.turnedAway(.spans, count: decoded.rejectedCount, reason: .invalid) }
        return OTLPContent.reply(
            .traces, in: payload.format, rejected: decoded.rejectedCount, message: decoded.rejectionReason)
    }
}
