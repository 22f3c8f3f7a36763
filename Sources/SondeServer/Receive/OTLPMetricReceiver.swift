// SPDX-License-Identifier: Apache-2.0
// Metrics over OTLP/HTTP: heard, counted, not kept.

import SondeModel
import SondePipeline
import SondeWire

/// Metrics have no home here: they are counted, and their sender is told once and for all.
struct OTLPMetricReceiver: Receiver {
    static let path = "/v1/metrics"
    static let signal = Signal.metrics
    static let message = "metrics are not stored; let Prometheus scrape the service"
    let observer: any PipelineObserver

    func take(_ payload: Payload) async throws(ReceiveError) -> Reply {
        let count: Int
        do throws(DecodeError) {
            count =
                switch payload.format {
                case .protobuf: try OTLPDecoder.metricDataPointCount(payload.bytes)
                case .json: try OTLPJSONDecoder.metricPoints(payload.bytes)
                }
        } catch {
            throw .undecodable(error.message)
        }
        guard count > 0 else { return OTLPContent.reply(.metrics, in: payload.format, rejected: 0, message: nil) }
        observer.turnedAway(.metrics, count: count, reason: .notStored)
        return OTLPContent.reply(.metrics, in: payload.format, rejected: count, message: Self.message)
    }
}
