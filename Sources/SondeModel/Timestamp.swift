// SPDX-License-Identifier: Apache-2.0
// A moment, as OTLP counts it. Reading clocks and printing dates belong to other rooms.

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds: OTLP's `time_unix_nano`. Covers 1970 to 2554.
@usableFromInline
package struct Timestamp: Hashable, Comparable, Sendable {
    @usableFromInline package var nanoseconds: UInt64

    @inlinable
    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// OTLP's "unknown or missing".
    @inlinable package static var zero: Timestamp { Timestamp(nanoseconds: 0) }
    /// Later than every moment a sender can name.
    package static let distantFuture = Timestamp(nanoseconds: .max)

    @inlinable
    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Nanoseconds from this moment to `later`; zero if it lies before (clocks disagree, spans end before they start).
    @inlinable
    package func nanoseconds(until later: Timestamp) -> UInt64 {
        later.nanoseconds > nanoseconds ? later.nanoseconds - nanoseconds : 0
    }

    /// This moment moved by `offset` nanoseconds, held inside the representable range.
    package func advanced(byNanoseconds offset: Int64) -> Timestamp {
        let (sum, overflow) =
            offset >= 0
            ? nanoseconds.addingReportingOverflow(offset.magnitude)
            : nanoseconds.subtractingReportingOverflow(offset.magnitude)
        return Timestamp(nanoseconds: overflow ? (offset >= 0 ? .max : 0) : sum)
    }
}
