// SPDX-License-Identifier: Apache-2.0
// The same requests as over OTLP, at the listener of questions: whoever may ask a collector can also hand it a file with
// `sonde import`, without knowing its other addresses. They take the same road and are refused in the same words.

import NIOHTTP1
import SondePipeline

struct SpanImportReceiver: Receiver {
    static let path = "/sonde/v1/import/spans"
    static let signal = Signal.spans
    static let dialect = Dialect.native
    let receiver: OTLPTraceReceiver

    func take(_ payload: Payload) async throws(ReceiveError) -> Reply { try await receiver.take(payload) }
}

struct LogImportReceiver: Receiver {
    static let path = "/sonde/v1/import/logs"
    static let signal = Signal.logs
    static let dialect = Dialect.native
    let receiver: OTLPLogReceiver

    func take(_ payload: Payload) async throws(ReceiveError) -> Reply { try await receiver.take(payload) }
}
