// SPDX-License-Identifier: Apache-2.0
// The bounds of the road between a receiver and the store.

/// What admission lets through.
package struct AdmissionLimits: Hashable, Sendable {
    /// Spans in one batch. A 16 MiB body holds about 35 000 spans of usual size; what has more is many tiny ones, whose
    /// index in memory would outgrow their bytes. Senders are told this number when they exceed it; docs/api.md names it.
    package var maxSpansPerBatch = 65_536

    /// Log records in one batch; reason as for spans.
    package var maxLogsPerBatch = 65_536

    package init() {}
}

package enum PipelineLimits {
    /// Bytes of request bodies held at once, received and inflated together: this room's share of the 128 MB that
    /// `--max-memory` gives by default. Over it senders are told to wait.
    package static let inFlightBytes = 40 * 1024 * 1024

    /// What a sender is told to wait when memory is short. Bodies live for milliseconds, so the shortest time that
    /// `Retry-After` can say is long enough.
    package static let retryAfterMemory = Duration.seconds(1)
}
