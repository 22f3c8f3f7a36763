// SPDX-License-Identifier: Apache-2.0
// When spans begin of which their senders did not say it. Left at 1970 they would pull their traces there: no search for a
// time would find them, and no viewer could draw them.

internal import SondeModel

extension ZipkinSpan {
    /// A span that says nothing but what happened in it began with the first of that.
    mutating func dateByAnnotations() {
        let moments = annotations.lazy.map(\.timestamp).filter { $0 > 0 }
        guard timestamp == 0, let first = moments.min() else { return }
        timestamp = first
        duration = min(duration, Self.lastMicrosecond - first)
    }
}

extension DecodedBatch where Entry == SpanEntry {
    /// Lets spans without a start begin with the earliest of their trace, or of the whole body where their trace has none;
    /// on `arrival`, where that is known, rather than with spans of other traces.
    mutating func dateTheUndated(arrival: Timestamp?) {
        var earliest: [TraceID: Timestamp] = [:]
        var first: Timestamp?
        for entry in batch.entries where entry.start > .zero {
            earliest[entry.traceID] = min(earliest[entry.traceID] ?? entry.start, entry.start)
            first = min(first ?? entry.start, entry.start)
        }
        var (bytes, entries) = (batch.bytes, batch.entries)
        let (resources, scopes) = (batch.resources, batch.scopes)
        // Given up, so that the bytes are changed in place and not in a copy.
        batch = SpanBatch(bytes: [], entries: [], resources: [], scopes: [])
        for index in entries.indices where entries[index].start == .zero {
            guard let start = earliest[entries[index].traceID] ?? arrival ?? first else { continue }
            // What began at 0 ended after its duration.
            let duration = Int64(clamping: entries[index].end.nanoseconds)
            entries[index].start = start
            entries[index].end = start.advanced(byNanoseconds: duration)
            entries[index].writeTimes(into: &bytes)
        }
        batch = SpanBatch(bytes: bytes, entries: entries, resources: resources, scopes: scopes)
    }
}

extension SpanEntry {
    /// Makes the message say what the entry says. Both fields are there: the translator has written them.
    fileprivate func writeTimes(into bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var reader = ProtobufReader(base: base, range: body)
            while (try? reader.next()) == true {
                guard reader.field == 7 || reader.field == 8 else { continue }
                let moment = reader.field == 7 ? start : end
                guard (try? reader.readFixed64()) != nil else { return }
                for place in 0..<8 {
                    buffer[reader.position - 8 + place] = UInt8(truncatingIfNeeded: moment.nanoseconds >> (8 * place))
                }
            }
        }
    }
}
