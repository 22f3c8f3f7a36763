// SPDX-License-Identifier: Apache-2.0
// From where on the doctor speaks. Each number has its unit and its reason; together they keep it silent on healthy
// traffic and let it name a fault after a handful of requests.

enum DoctorLimits {
    /// Findings of one examination: a screenful is read, more is a list nobody works through.
    static let maxFindings = 50
    /// Places (operations, pairs of them) that one detector counts; some 200 B each.
    static let maxPlaces = 10_000

    // MARK: Rates

    /// The certain part of the requests, by Wilson's lower bound at 95 %, from which failures are told. One failure in a
    /// hundred requests is nobody's fault yet, six are; two of three are, too.
    static let minFailureRate = 0.01
    /// The certain part from which failures are told that no request failed of: caches and races fail now and then, and
    /// their callers are made for it.
    static let minCopedRate = 0.1
    /// The part from which failures are critical: every twentieth request fails.
    static let criticalFailureRate = 0.05
    /// The quantile of the normal distribution for 95 % on two sides.
    static let certainty = 1.96

    // MARK: Refusals

    /// Requests refused for one reason in a row, or nearly: three happen by chance in no traffic that is otherwise fine.
    static let minRefusals = 3
    /// The same for answers that any open door gives every day: unauthorised, not found, wrong method.
    static let minEverydayRefusals = 20
    /// Of the requests between the first and the last refusal, the part that was refused. A third of the customers may
    /// have no money; nearly all of them have not.
    static let refusalShare = 0.8

    // MARK: Slow operations

    /// Nanoseconds that one operation must take of the critical path by itself: what a person begins to feel as a wait.
    static let minSlowNanos: UInt64 = 250_000_000
    /// Nanoseconds from which it is critical: attention wanders after a second.
    static let criticalSlowNanos: UInt64 = 1_000_000_000
    /// Its part of the critical path: more than everything else together.
    static let minSlowShare = 0.5
    /// Requests in which it was so. Two may be the machine's hiccup.
    static let minSlowRequests = 3
    /// And their part of all requests of the kind: one in a hundred is an outlier, which has a detector of its own.
    static let minSlowRate = 0.01

    // MARK: Repetitions, serial calls, retries

    /// Repetitions in one trace, or their part of the trace's time, from which N+1 is a warning rather than a remark.
    static let warnRepeats = 10
    static let warnRepeatShare = 0.1
    /// Nanoseconds that running calls together must save, and their part of the request: under a tenth of a second, or a
    /// fifth of the whole, nobody rewrites code.
    static let minSavingNanos: UInt64 = 100_000_000
    static let minSavingShare = 0.2
    /// Requests in which the same calls ran one after another.
    static let minSerialRequests = 3

    // MARK: Outliers

    /// Requests of one kind that are needed to tell slow ones from the rest, and slow ones among them.
    static let minOutlierRequests = 40
    static let minOutliers = 5
    /// A request is slow if it takes this many times the median, and this many nanoseconds more than it.
    static let outlierFactor = 2.0
    static let outlierNanos: UInt64 = 50_000_000
    /// Beyond half the slow ones are the rule.
    static let maxOutlierShare = 0.5
    /// What the shares of an attribute value among slow and other requests certainly differ by.
    static let minSeparation = 0.25

    // MARK: Gaps and clocks

    /// Nanoseconds after its last span that a trace is given to become complete. SDKs send every five seconds, collectors
    /// that batch for them every ten.
    static let settlingNanos: UInt64 = 60_000_000_000
    /// Incomplete traces.
    static let minIncomplete = 2
    /// Nanoseconds that a clock must be wrong by. Machines kept in time by NTP agree within a few milliseconds.
    static let minSkewNanos: UInt64 = 10_000_000
    /// Spans that show it, and their part of the calls between two services.
    static let minSkewed = 3
    static let minSkewedShare = 0.5
}
