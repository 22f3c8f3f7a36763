// SPDX-License-Identifier: Apache-2.0
// What the collector counts about itself. Every name stands here, once, with its help; docs/operating.md and the
// dashboards speak of these names.

import CoreMetrics
package import Sonde
package import SondePipeline
import Synchronization

/// The names, types and meanings of the collector's own metrics.
package enum MetricName {
    package static let accepted = "sonde_records_accepted_total"
    package static let rejected = "sonde_records_rejected_total"
    package static let refusedRequests = "sonde_ingest_requests_refused_total"
    package static let bodyBytes = "sonde_ingest_body_bytes_total"
    package static let commitDuration = "sonde_commit_duration_seconds"
    package static let queueDepth = "sonde_ingest_queue_depth"
    package static let inFlightBytes = "sonde_ingest_in_flight_bytes"
    package static let inFlightLimit = "sonde_ingest_in_flight_limit_bytes"
    package static let requests = "sonde_http_requests_total"
    package static let requestDuration = "sonde_http_request_duration_seconds"
    package static let connections = "sonde_http_connections"
    package static let inProgress = "sonde_http_requests_in_progress"
    package static let questions = "sonde_questions_in_progress"
    package static let questionsLimit = "sonde_questions_limit"
    package static let questionsRefused = "sonde_questions_refused_total"
    package static let answerBytes = "sonde_answers_waiting_bytes"
    package static let answerLimit = "sonde_answers_waiting_limit_bytes"
    package static let storedSpans = "sonde_store_spans"
    package static let storedTraces = "sonde_store_traces"
    package static let storedLogs = "sonde_store_logs"
    package static let storedBytes = "sonde_store_bytes"
    package static let storedBlocks = "sonde_store_blocks"
    package static let unmergedSpans = "sonde_store_unmerged_spans"
    package static let pinnedTraces = "sonde_store_pinned_traces"
    package static let pinnedBytes = "sonde_store_pinned_bytes"
    package static let storedServices = "sonde_store_services"

    /// What `# HELP` says of each.
    package static let help: [String: String] = [
        accepted: "Records taken and as safe as the store promises, by signal.",
        rejected: "Records turned away, by signal and reason; their senders were told.",
        refusedRequests: "Ingest requests turned away whole, by signal and reason; what they held is not known.",
        bodyBytes: "Bytes of ingest bodies, as received and after inflation, by signal and form.",
        commitDuration: "From a decoded batch to its acknowledgement by the store, by signal.",
        queueDepth: "Batches waiting for the store, by signal.",
        inFlightBytes: "Bytes of ingest bodies in memory now.",
        inFlightLimit: "Bytes of ingest bodies allowed in memory at once.",
        requests: "Requests answered, by listener, route and status (of gRPC calls: its name).",
        requestDuration: "From the end of a request's head to its answer, by listener and route.",
        connections: "Open connections, by listener.",
        inProgress: "Requests whose answer is being made, by listener.",
        questions: "Questions to the store under way, given up ones included until they end.",
        questionsLimit: "Questions to the store that may be under way at once.",
        questionsRefused: "Questions not answered, by reason: too_many, timed_out, answers.",
        answerBytes: "Bytes of answers that wait for their readers, small ones not counted.",
        answerLimit: "Bytes of answers that may wait for their readers.",
        storedSpans: "Spans stored; resent ones count until a merge drops them.",
        storedTraces: "Distinct traces stored.",
        storedLogs: "Log records stored.",
        storedBytes: "Bytes of all files of the store.",
        storedBlocks: "Blocks in the store.",
        unmergedSpans: "Spans in blocks that no merge has seen yet.",
        pinnedTraces: "Traces that retention spares.",
        pinnedBytes: "Bytes of blocks that only pins keep.",
        storedServices: "Services known to the store.",
    ]
}

/// The collector's instruments. Made once; called from many tasks and event loops at once.
package final class ServerMetrics: PipelineObserver {
    private let registry: MetricsRegistry
    private let signals: [Signal: SignalInstruments]
    private let answered = Mutex<[RequestKey: RequestInstruments]>([:])
    private let open = Mutex<[String: (count: Int, gauge: Gauge)]>([:])
    private let inProgress = Mutex<[String: (count: Int, gauge: Gauge)]>([:])
    private let waiting = Mutex<[Signal: Int]>([:])
    private let turnedAway = Mutex<[RefusalKey: Counter]>([:])

    private struct SignalInstruments {
        let accepted: Counter
        let receivedBytes: Counter
        let inflatedBytes: Counter
        let commit: Timer
        let queue: Gauge
    }

    private struct RequestKey: Hashable {
        var listener: String
        var route: String
        var status: String
    }

    private struct RequestInstruments {
        let count: Counter
        let duration: Timer
    }

    private struct RefusalKey: Hashable {
        var name: String
        var signal: Signal
        var reason: RefusalReason
    }

    package init(registry: MetricsRegistry, budget: InFlightBudget) {
        for (name, help) in MetricName.help { registry.describe(name, help: help) }
        self.registry = registry
        self.signals = Dictionary(uniqueKeysWithValues: Signal.allCases.map { ($0, Self.instruments($0, registry)) })
        registry.observeGauge(MetricName.inFlightBytes, help: MetricName.help[MetricName.inFlightBytes] ?? "") {
            Double(budget.usedBytes)
        }
        set(MetricName.inFlightLimit, to: budget.capacity)
        // Zero is an answer too: a rate over a counter that does not exist yet misses its first step.
        for signal in Signal.allCases {
            for reason in [RefusalReason.busy, .memory, .undecodable, .tooLarge] {
                refusals(MetricName.refusedRequests, signal, reason).increment(by: 0)
            }
            refusals(MetricName.rejected, signal, signal == .metrics ? .notStored : .invalid).increment(by: 0)
        }
    }

    private static func instruments(_ signal: Signal, _ registry: MetricsRegistry) -> SignalInstruments {
        let dimension = ("signal", signal.rawValue)
        func bytes(_ form: String) -> Counter {
            Counter(label: MetricName.bodyBytes, dimensions: [dimension, ("form", form)], factory: registry)
        }
        let instruments = SignalInstruments(
            accepted: Counter(label: MetricName.accepted, dimensions: [dimension], factory: registry),
            receivedBytes: bytes("received"), inflatedBytes: bytes("inflated"),
            commit: Timer(label: MetricName.commitDuration, dimensions: [dimension], factory: registry),
            queue: Gauge(label: MetricName.queueDepth, dimensions: [dimension], factory: registry))
        instruments.accepted.increment(by: 0)
        instruments.queue.record(0)
        return instruments
    }

    /// Reads gauges from where they are kept; once.
    func observe(questions: QuestionGate, answers: InFlightBudget) {
        let gauges: [(String, @Sendable () -> Int)] = [
            (MetricName.questions, { questions.openCount }), (MetricName.questionsLimit, { questions.capacity }),
            (MetricName.answerBytes, { answers.usedBytes }), (MetricName.answerLimit, { answers.capacity }),
        ]
        for (name, read) in gauges {
            registry.observeGauge(name, help: MetricName.help[name] ?? "") { Double(read()) }
        }
        for reason in UnansweredReason.allCases { unanswered(reason).increment(by: 0) }
    }

    // MARK: The pipeline's outcomes

    package func accepted(_ signal: Signal, count: Int, after duration: Duration) {
        signals[signal]?.accepted.increment(by: count)
        signals[signal]?.commit.recordNanoseconds(duration.wholeNanoseconds)
    }

    package func turnedAway(_ signal: Signal, count: Int, reason: RefusalReason) {
        refusals(MetricName.rejected, signal, reason).increment(by: count)
    }

    package func waiting(_ signal: Signal, change: Int) {
        let depth = waiting.withLock { waiting in
            waiting[signal, default: 0] += change
            return waiting[signal, default: 0]
        }
        signals[signal]?.queue.record(depth)
    }

    // MARK: The listeners' outcomes

    /// A whole request was refused before anyone knew what it held.
    func ingestRefused(_ signal: Signal, reason: RefusalReason) {
        refusals(MetricName.refusedRequests, signal, reason).increment()
    }

    func bodyTaken(_ signal: Signal, receivedBytes: Int, inflatedBytes: Int) {
        signals[signal]?.receivedBytes.increment(by: receivedBytes)
        signals[signal]?.inflatedBytes.increment(by: inflatedBytes)
    }

    func requestAnswered(listener: String, route: String, status: String, after duration: Duration) {
        let key = RequestKey(listener: listener, route: route, status: status)
        let instruments = answered.withLock { answered in
            if let known = answered[key] { return known }
            let made = makeInstruments(key)
            answered[key] = made
            return made
        }
        instruments.count.increment()
        instruments.duration.recordNanoseconds(duration.wholeNanoseconds)
    }

    /// A question was not answered, and its asker told.
    func questionRefused(_ reason: UnansweredReason) { unanswered(reason).increment() }

    func requestsInProgress(listener: String, change: Int) {
        inProgress.withLock { count(&$0, MetricName.inProgress, listener, change) }
    }

    func connectionOpened(listener: String) { changeConnections(listener, by: 1) }
    func connectionClosed(listener: String) { changeConnections(listener, by: -1) }

    /// Sets a gauge without labels.
    func set(_ name: String, to value: Int) {
        Gauge(label: name, dimensions: [], factory: registry).record(value)
    }

    // MARK: Instruments made on first use

    private func makeInstruments(_ key: RequestKey) -> RequestInstruments {
        let route = [("listener", key.listener), ("route", key.route)]
        return RequestInstruments(
            count: Counter(
                label: MetricName.requests, dimensions: route + [("status", key.status)], factory: registry),
            duration: Timer(label: MetricName.requestDuration, dimensions: route, factory: registry))
    }

    private func refusals(_ name: String, _ signal: Signal, _ reason: RefusalReason) -> Counter {
        turnedAway.withLock { turnedAway in
            let key = RefusalKey(name: name, signal: signal, reason: reason)
            if let known = turnedAway[key] { return known }
            let made = Counter(
                label: name, dimensions: [("signal", signal.rawValue), ("reason", reason.rawValue)], factory: registry)
            turnedAway[key] = made
            return made
        }
    }

    private func unanswered(_ reason: UnansweredReason) -> Counter {
        Counter(label: MetricName.questionsRefused, dimensions: [("reason", reason.rawValue)], factory: registry)
    }

    private func changeConnections(_ listener: String, by change: Int) {
        open.withLock { count(&$0, MetricName.connections, listener, change) }
    }

    private func count(
        _ gauges: inout [String: (count: Int, gauge: Gauge)], _ name: String, _ listener: String, _ change: Int
    ) {
        var entry =
            gauges[listener] ?? (0, Gauge(label: name, dimensions: [("listener", listener)], factory: registry))
        entry.count += change
        entry.gauge.record(entry.count)
        gauges[listener] = entry
    }
}

/// Why a question to the store was not answered. The raw value is the word used in metrics.
enum UnansweredReason: String, Hashable, Sendable, CaseIterable {
    case tooMany = "too_many"
    case timedOut = "timed_out"
    /// Its answer would have been one too many that waits for its reader.
    case answers
}

extension Duration {
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
