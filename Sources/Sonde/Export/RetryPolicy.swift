// SPDX-License-Identifier: Apache-2.0
// When to send a batch again: exponential back-off with jitter, unless the collector says when.
//
// https://opentelemetry.io/docs/specs/otlp/#failures-1

#if OTLPExport
    import SondeModel
    import SondeWire

    /// The waits of one batch. Time is passed in and out, never read.
    struct RetryPolicy: Sendable {
        var initial = Duration.seconds(Limits.retryInitialSeconds)
        var maximum = Duration.seconds(Limits.retryMaximumSeconds)
        /// Sum of all waits after which a batch is given up.
        var total = Duration.seconds(Limits.retryElapsedSeconds)
        private var attempts = 0
        private var waited = Duration.zero

        init() {}

        /// How long to wait before the next attempt; nil if the batch has been tried for long enough.
        mutating func nextWait(
            retryAfter: Duration?, using generator: inout some RandomNumberGenerator
        ) -> Duration? {
            var wait = initial
            for _ in 0..<min(attempts, 16) { wait = min(wait * 2, maximum) }
            wait = wait * Double.random(in: 0.8...1.2, using: &generator)
            // A collector that says "at once", or names a moment that is over, is not asked without a pause.
            if let retryAfter { wait = max(initial, min(retryAfter, .seconds(Limits.retryAfterSeconds))) }
            guard waited + wait <= total else { return nil }
            attempts += 1
            waited += wait
            return wait
        }
    }

    /// `Retry-After`: seconds, or a date of RFC 9110 (`Sun, 06 Nov 1994 08:49:37 GMT`).
    enum RetryAfter {
        static func wait(_ header: String?, now: Timestamp) -> Duration? {
            guard let header else { return nil }
            let text = TextTrim.blanks(header)
            if let seconds = Int(text) { return seconds >= 0 ? .seconds(min(seconds, 86_400)) : nil }
            guard let moment = date(text) else { return nil }
            return .nanoseconds(Int64(min(now.nanoseconds(until: moment), 86_400_000_000_000)))
        }

        private static func date(_ text: String) -> Timestamp? {
            let parts = text.split(separator: " ")
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
                return nil
            }
            let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
            return RFC3339.parse("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
        }
    }
#endif
