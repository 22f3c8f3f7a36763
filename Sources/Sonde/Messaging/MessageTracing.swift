// SPDX-License-Identifier: Apache-2.0
// Messages between services: the sender's span, the processor's span, and what ties them together.
//
// https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/

import CoreMetrics
import Tracing

/// Spans and measurements around the sending and processing of messages, whatever the broker.
///
/// ```swift
/// let orders = MessageTracing(system: "nats", destination: "orders")
/// try await orders.send(&message.headers) { try await broker.publish(message, headers: $0) }
///
/// // where it arrives:
/// try await orders.process(message.headers) { try await handle(message) }
/// ```
///
/// `send` opens a span `send orders` of kind producer and writes its context into the headers; `process` opens a span
/// `process orders` of kind consumer that continues the sender's trace, or begins one of its own that links to it.
public struct MessageTracing: Sendable {
    /// How the span of a processed message relates to the span that sent it.
    public enum Relation: Sendable {
        /// It is a child: one trace from the sender to the last of its consequences. For messages processed one by one,
        /// soon.
        case continues
        /// It begins in the current context, or a new trace, and links to the sender. For batches, and for messages that
        /// wait for hours.
        case links
    }

    /// `messaging.system`: `kafka`, `rabbitmq`, `nats`, or the name of your own bus.
    public let system: String
    /// `messaging.destination.name`: the topic or queue. It is a label of metrics; give a low-cardinality name.
    public let destination: String
    /// `messaging.consumer.group.name` of processing; not shown if nil.
    public var consumerGroup: String?
    private let telemetry: Telemetry?

    /// - Parameters:
    ///   - system: The kind of broker.
    ///   - destination: The topic or queue.
    ///   - consumerGroup: Who processes together, if the broker knows such groups.
    ///   - telemetry: Whose tracer and metrics to use; the global ones if nil.
    public init(system: String, destination: String, consumerGroup: String? = nil, telemetry: Telemetry? = nil) {
        self.system = system
        self.destination = destination
        self.consumerGroup = consumerGroup
        self.telemetry = telemetry
    }

    /// Sends a message inside a producer span, whose context is written into `headers` first.
    ///
    /// - Parameters:
    ///   - headers: The message's headers.
    ///   - messageID: `messaging.message.id`, if it is known before sending.
    ///   - isolation: The caller's actor, on which `body` runs; leave it as it is.
    ///   - body: Sends the message with the headers it is given.
    /// - Throws: What `body` throws; the span is failed by it.
    public func send<Headers: MessageHeaders, Result>(
        _ headers: inout Headers, messageID: String? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (Headers) async throws -> Result
    ) async throws -> Result {
        let span = start(.send, kind: .producer, in: .current ?? .topLevel)
        span.attributes["messaging.message.id"] = messageID
        tracer.inject(span.context, into: &headers)
        let filled = headers
        return try await run(.send, span, count: 1, isolation: isolation) { try await body(filled) }
    }

    /// Processes a message inside a consumer span.
    ///
    /// - Parameters:
    ///   - headers: The message's headers, in which the sender's context is looked for.
    ///   - messageID: `messaging.message.id`, if there is one.
    ///   - relation: Whether the span continues the sender's trace or links to it.
    ///   - isolation: The caller's actor, on which `body` runs; leave it as it is.
    ///   - body: Processes the message.
    /// - Throws: What `body` throws; the span is failed by it.
    public func process<Result>(
        _ headers: some MessageHeaders, messageID: String? = nil, relation: Relation = .continues,
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        let sender = tracer.context(of: headers)
        let span: any Span
        switch relation {
        case .continues:
            span = start(.process, kind: .consumer, in: sender)
        case .links:
            span = start(.process, kind: .consumer, in: .current ?? .topLevel)
            span.addLink(SpanLink(context: sender, attributes: [:]))
        }
        span.attributes["messaging.message.id"] = messageID
        return try await run(.process, span, count: 1, isolation: isolation, body)
    }

    /// Processes messages that arrived together inside one consumer span, which links to each sender.
    ///
    /// - Parameters:
    ///   - batch: The headers of each message.
    ///   - isolation: The caller's actor, on which `body` runs; leave it as it is.
    ///   - body: Processes the messages.
    /// - Throws: What `body` throws; the span is failed by it.
    public func process<Headers: MessageHeaders, Result>(
        batch: [Headers], isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        let span = start(.process, kind: .consumer, in: .current ?? .topLevel)
        span.attributes["messaging.batch.message_count"] = batch.count
        for headers in batch { span.addLink(SpanLink(context: tracer.context(of: headers), attributes: [:])) }
        return try await run(.process, span, count: batch.count, isolation: isolation, body)
    }

    // MARK: Spans and measurements

    private enum Operation: String {
        case send
        case process
    }

    private var tracer: any Tracer { telemetry?.tracer ?? InstrumentationSystem.tracer }

    private func start(_ operation: Operation, kind: SpanKind, in context: ServiceContext) -> any Span {
        let span = tracer.startSpan("\(operation.rawValue) \(destination)", context: context, ofKind: kind)
        guard span.isRecording else { return span }
        span.updateAttributes { attributes in
            attributes["messaging.system"] = system
            attributes["messaging.destination.name"] = destination
            attributes["messaging.operation.name"] = operation.rawValue
            attributes["messaging.operation.type"] = operation.rawValue
            if operation == .process { attributes["messaging.consumer.group.name"] = consumerGroup }
        }
        return span
    }

    private func run<Result>(
        _ operation: Operation, _ span: any Span, count: Int, isolation: isolated (any Actor)?,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let start = ContinuousClock.now
        defer { span.end() }
        do {
            let result = try await ServiceContext.withValue(span.context, isolation: isolation) { try await body() }
            measure(operation, since: start, count: count, errorType: nil)
            return result
        } catch {
            let errorType = String(reflecting: type(of: error))
            span.recordError(error)
            span.attributes["error.type"] = errorType
            span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            measure(operation, since: start, count: count, errorType: errorType)
            throw error
        }
    }

    private func measure(
        _ operation: Operation, since start: ContinuousClock.Instant, count: Int, errorType: String?
    ) {
        var labels = [
            ("messaging.system", system), ("messaging.destination.name", destination),
            ("messaging.operation.name", operation.rawValue),
        ]
        if let errorType { labels.append(("error.type", errorType)) }
        let factory = telemetry?.metrics ?? MetricsSystem.factory
        let names = operation == .send ? MessagingMetric.sending : MessagingMetric.processing
        Timer(label: names.duration, dimensions: labels, factory: factory)
            .recordNanoseconds((ContinuousClock.now - start).nanoseconds)
        Counter(label: names.count, dimensions: labels, factory: factory).increment(by: count)
    }
}

/// Metric names of the messaging conventions.
private struct MessagingMetric {
    let duration: String
    let count: String

    static let sending = MessagingMetric(
        duration: "messaging.client.operation.duration", count: "messaging.client.sent.messages")
    static let processing = MessagingMetric(
        duration: "messaging.process.duration", count: "messaging.client.consumed.messages")
}
