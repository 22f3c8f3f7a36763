// SPDX-License-Identifier: Apache-2.0
// Looks at what the library queued for export, decoded as a collector would.

import SondeModel
import SondeWire
import Tracing

@testable import Sonde

extension ExportQueue {
    /// Everything that waits, taken out.
    func takeEntries() -> [EncodedBatch] {
        var batches: [EncodedBatch] = []
        while let batch = takeBatch() { batches.append(batch) }
        return batches
    }

    func takeSpans() throws -> [SpanRecord] {
        try takeEntries().flatMap { batch in
            try batch.parts.flatMap { part in
                let scope = SondeModel.InstrumentationScope(name: part.scope)
                let body = OTLPEncoder.envelope(resource: Resource(), parts: [(scope, part.bytes)])
                return try OTLPDecoder.traces(body).batch.records()
            }
        }
    }

    func takeLogs() throws -> [SondeModel.LogRecord] {
        try takeEntries().flatMap { batch in
            try batch.parts.flatMap { part in
                let scope = SondeModel.InstrumentationScope(name: part.scope)
                let body = OTLPEncoder.envelope(resource: Resource(), parts: [(scope, part.bytes)])
                return try OTLPDecoder.logs(body).batch.records()
            }
        }
    }
}

extension SondeTracer {
    /// A tracer by itself, with the queue its spans end in.
    static func alone(
        sampler: Sampler = .parentBased(ratio: 1), limits: SpanLimits = SpanLimits(),
        propagators: Set<Propagator> = [.traceContext, .baggage], tail: TailSampling? = nil,
        reportsOpenSpansAfter: Duration? = nil
    ) -> (tracer: SondeTracer, queue: ExportQueue) {
        let queue = ExportQueue(signal: .traces, limits: ExportLimits())
        let core = TracerCore(
            sampler: sampler, limits: limits, propagators: propagators, identifiers: IdentifierSource(), queue: queue,
            tail: tail, reportsOpenSpansAfter: reportsOpenSpansAfter)
        return (SondeTracer(core), queue)
    }
}

/// Headers as a dictionary; names are as given.
struct DictionaryCarrier: Extractor, Injector {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
}

extension SondeTracer {
    func context(from headers: [String: String]) -> ServiceContext {
        var context = ServiceContext.topLevel
        extract(headers, into: &context, using: DictionaryCarrier())
        return context
    }

    func headers(from context: ServiceContext) -> [String: String] {
        var headers: [String: String] = [:]
        inject(context, into: &headers, using: DictionaryCarrier())
        return headers
    }
}
