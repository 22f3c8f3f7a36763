// SPDX-License-Identifier: Apache-2.0
// Spans shown at other times than their senders said, because clocks disagree: moved, and marked as such in the words that
// Jaeger uses.

import SondeModel

extension SpanRecord {
    /// The span and its events, that much later (earlier if negative). An unfinished one stays unfinished.
    func moved(byNanoseconds distance: Int64) -> SpanRecord {
        var span = self
        span.start = start.advanced(byNanoseconds: distance)
        if end != .zero { span.end = end.advanced(byNanoseconds: distance) }
        for index in events.indices where events[index].time != .zero {
            span.events[index].time = events[index].time.advanced(byNanoseconds: distance)
        }
        return span
    }

    static func adjustmentWarning(_ nanoseconds: Int64) -> String {
        "This span's timestamps were adjusted by \(GoDuration.text(nanoseconds))"
    }
}

/// Durations as Go prints them, exactly: `1.5ms`, `-2s`, `1h0m0.25s`.
enum GoDuration {
    static func text(_ nanoseconds: Int64) -> String {
        let sign = nanoseconds < 0 ? "-" : ""
        let size = nanoseconds.magnitude
        switch size {
        case 0: return "0s"
        case ..<1_000: return "\(sign)\(size)ns"
        case ..<1_000_000: return sign + decimal(size, unit: 1_000) + "µs"
        case ..<1_000_000_000: return sign + decimal(size, unit: 1_000_000) + "ms"
        default: return sign + minutes(size)
        }
    }

    private static func minutes(_ size: UInt64) -> String {
        let minute: UInt64 = 60_000_000_000
        let seconds = decimal(size % minute, unit: 1_000_000_000) + "s"
        guard size >= minute else { return seconds }
        let minutes = size / minute
        return minutes < 60 ? "\(minutes)m\(seconds)" : "\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }

    /// `size / unit` without trailing zeros.
    private static func decimal(_ size: UInt64, unit: UInt64) -> String {
        let rest = size % unit
        guard rest > 0 else { return "\(size / unit)" }
        var digits = Array(String(rest + unit).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return "\(size / unit)." + String(digits)
    }
}
