// SPDX-License-Identifier: Apache-2.0
// What the road tells those who count: outcomes by signal and reason, without knowing any metrics library.

/// What kind of telemetry is on the road. The raw value is the word used in metrics.
package enum Signal: String, Hashable, Sendable, CaseIterable {
    case spans, logs, metrics

    /// One of them, as sentences to senders put it.
    package var noun: String {
        switch self {
        case .spans: "span"
        case .logs: "log record"
        case .metrics: "data point"
        }
    }
}

/// Why telemetry was not taken. The raw value is the word used in metrics.
package enum RefusalReason: String, Hashable, Sendable, CaseIterable {
    // The sender's: sending it again won't help.
    /// Single records whose ids break OTLP's rules.
    case invalid
    /// A body that does not follow its format.
    case undecodable
    /// A body over the size limit, before or after inflation.
    case tooLarge = "too_large"
    /// More records in one batch than admission allows, or a batch that the store refuses for good.
    case rejected
    /// A signal that has no home yet.
    case notStored = "not_stored"
    /// A content type or encoding that is not spoken here.
    case unsupported
    /// A body that took too long to arrive, or ended early.
    case incomplete

    // The world's: the sender is told to send it again.
    /// Too many bytes of bodies in memory.
    case memory
    /// The store asked for patience: overload, a full disk, closing.
    case busy
    /// The store is broken and needs an operator.
    case failed
}

/// Told about every outcome, exactly once. Called from many tasks at once; must be quick.
package protocol PipelineObserver: Sendable {
    /// `count` records were taken, as safe as the store promises.
    func accepted(_ signal: Signal, count: Int, after duration: Duration)
    /// `count` records were turned away and their sender told.
    func turnedAway(_ signal: Signal, count: Int, reason: RefusalReason)
    /// A batch began to wait for the store, or stopped waiting.
    func waiting(_ signal: Signal, change: Int)
}
