// SPDX-License-Identifier: Apache-2.0
// Zipkin's second version, where its reporters send to.
//
// https://zipkin.io/zipkin-api/#/default/post_spans

import NIOCore
import NIOHTTP1
import SondeModel
import SondePipeline
import SondeStorage
import SondeWire

/// A list of spans at `/api/v2/spans`.
struct ZipkinReceiver: Receiver {
    static let path = "/api/v2/spans"
    static let signal = Signal.spans
    static let dialect = Dialect.text
    let sink: any SpanSink
    let observer: any PipelineObserver
    let clock: WallClock
    let tally: ZipkinTally

    /// JSON where nothing is said, as Zipkin's own server has it, unless a browser says nothing: it asks nobody before it
    /// sends what has no type, so that any page could send spans. Before it sends JSON it asks, and is told no.
    static func format(_ head: HTTPRequestHead) throws(Refusal) -> PayloadFormat {
        let isFromPage = head.headers.contains(name: "origin")
        switch head.headers.first(name: "content-type").map(ContentType.essence) {
        case nil where isFromPage:
            throw .unsupportedMedia(
                "the request comes from a web page and has no content type", hint: "pages can't send spans")
        case nil, ContentType.json: return .json
        case ContentType.protobuf: return .protobuf
        case let other?:
            throw .unsupportedMedia(
                "the content type \(other) is not Zipkin's second version",
                hint: "send application/json or application/x-protobuf")
        }
    }

    /// Both encodings are written anew as OTLP.
    static func isRewritten(_ format: PayloadFormat) -> Bool { true }

    func take(_ payload: Payload) async throws(ReceiveError) -> Reply {
        let decoded: DecodedBatch<SpanEntry>
        do throws(DecodeError) {
            decoded =
                switch payload.format {
                case .protobuf: try ZipkinProtobuf.decode(payload.bytes, arrival: clock.now())
                case .json: try ZipkinJSON.decode(payload.bytes, arrival: clock.now())
                }
        } catch {
            tally.add(bytes: payload.bytes.count, spans: 0, dropped: 0, isDropped: true)
            throw .undecodable(error.message)
        }
        let count = decoded.batch.entries.count
        tally.add(bytes: payload.bytes.count, spans: count, dropped: decoded.rejectedCount, isDropped: false)
        do { try await sink.accept(decoded.batch) } catch { throw .sink(error) }
        guard decoded.rejectedCount > 0 else { return Reply(.accepted) }
        observer.turnedAway(.spans, count: decoded.rejectedCount, reason: .invalid)
        // Reporters look at the status only, and what is stored must not look refused; a person reads the sentence.
        let reason = decoded.rejectionReason.map { "; the first: \($0)" } ?? ""
        return .text("\(decoded.rejectedCount) spans were left out\(reason)\n", status: .accepted)
    }
}
